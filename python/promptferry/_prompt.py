"""Soft prompts as they lie on disk."""

from __future__ import annotations

import html
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Union

from ._command import call
from ._inputs import model_name, new

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PathLike = Union[str, "os.PathLike[str]"]


class Prompt:
    """A soft prompt of a model: a file, what is written in it, and its vectors.

    `model` is how the model was named where the prompt was made, so that it can be asked again.
    """

    def __init__(self, path: PathLike, model: str = "", result: Any = None) -> None:
        # Absolute, so that both are found from other folders as well.
        self.path = Path(os.path.abspath(path))
        self.result: dict[str, Any] = result or {}
        self._model = os.path.abspath(model) if model and os.path.exists(model) else model

    @classmethod
    def from_vectors(cls, vectors: npt.ArrayLike, model: Any, template: str) -> Prompt:
        """A prompt of vectors (P, C) in the space of a model's embedding table; `template` says where they stand: `[X] [V]*P [Y] .`"""
        import numpy as np

        model, array, path = model_name(model), new(".npy"), new(".safetensors")
        np.save(array, np.asarray(vectors, dtype=np.float32))
        call(["convert", str(array), "--model", model, "--template", template, "-o", str(path)])
        return cls(path, model)

    @cached_property
    def card(self) -> dict[str, Any]:
        """What `promptferry inspect` says of it; asked when first wanted."""
        return dict(call(["inspect", str(self.path)]))

    @property
    def model(self) -> str:
        return self._model or str(self.provenance.get("modelArgument") or self.card["model"])

    @property
    def template(self) -> str:
        return str(self.card["template"])

    @property
    def provenance(self) -> dict[str, Any]:
        return dict(self.card.get("provenance", {}))

    @property
    def shape(self) -> tuple[int, int]:
        """(P, C)."""
        return (self.card["vectorCount"], self.card["width"])

    @property
    def vectors(self) -> npt.NDArray[np.float32]:
        """(P, C), in the space of the model's embedding table."""
        import numpy as np

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "vectors.npy")
            call(["convert", str(self.path), "-o", path])
            return np.asarray(np.load(path), dtype=np.float32)

    def save(self, path: PathLike) -> Prompt:
        """Copies the file there."""
        shutil.copyfile(self.path, path)
        return Prompt(path, self._model, self.result)

    def __repr__(self) -> str:
        return f"Prompt({str(self.path)!r}, model={self.model!r}, template={self.template!r}, shape={self.shape})"

    def _repr_html_(self) -> str:
        rows = {"model": self.model, "template": self.template, "vectors": f"{self.shape[0]} × {self.shape[1]}", "file": self.path}
        return table(rows)


class Evaluation:
    """What a model answered: shares of right answers, with 95 % Wilson intervals."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result
        self.accuracy: float = result["microAccuracy"]
        self.interval: tuple[float, float] = (result["microInterval"]["low"], result["microInterval"]["high"])
        self.macro_accuracy: float = result["macroAccuracy"]
        self.reciprocal_rank: float = result["meanReciprocalRank"]
        self.count: int = result["factCount"]
        self.relations: dict[str, float] = {row["relation"]: row["accuracy"] for row in result.get("relations", [])}

    def __repr__(self) -> str:
        low, high = self.interval
        return f"Evaluation({100 * self.accuracy:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of {self.count})"

    def _repr_html_(self) -> str:
        low, high = self.interval
        rows: dict[str, Any] = {
            "accuracy": f"{100 * self.accuracy:.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
            "facts": self.count,
            "mean reciprocal rank": f"{self.reciprocal_rank:.3f}",
        }
        return table({**rows, **{name: f"{100 * value:.1f} %" for name, value in self.relations.items()}})


class Card(Dict[str, Any]):
    """What a model or a prompt is."""

    def _repr_html_(self) -> str:
        return table({name: value for name, value in self.items() if not isinstance(value, (dict, list))})


def table(rows: dict[str, Any]) -> str:
    """Two columns, as notebooks show them.

    >>> table({"a": "<b>"})
    '<table><tr><th>a</th><td>&lt;b&gt;</td></tr></table>'
    """
    cells = (f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows.items())
    return f"<table>{''.join(cells)}</table>"
