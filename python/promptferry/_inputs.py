"""What Python has in memory, as the files that the command reads: rows of facts, models of transformers."""

from __future__ import annotations

import atexit
import importlib
import itertools
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Mapping, Optional

_NAMES = {"subject": "sub_label", "object": "obj_label", "relation": "predicate_id"}
_numbers = itertools.count()
_folder: Optional[str] = None


def new(ending: str) -> Path:
    """A path for a file of this process, which goes when it ends."""
    global _folder
    if _folder is None:
        _folder = tempfile.mkdtemp(prefix="promptferry-")
        atexit.register(_remove, _folder, os.getpid())
    return Path(_folder, f"{next(_numbers)}{ending}")


def _remove(folder: str, process: int) -> None:
    # A fork has its parent's functions to call at its end, but not its files to remove.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def _forget() -> None:
    global _folder
    _folder = None


os.register_at_fork(after_in_child=_forget)


def lines_of(rows: Any) -> Optional[list[Mapping[str, Any]]]:
    """A table's rows as dictionaries: of a pandas or Polars frame, an Arrow table, a dataset, a NumPy array, a list of dictionaries or
    of pairs, a dictionary of columns. None for a path.

    >>> lines_of([("Oslo", "Norway")])
    [{'subject': 'Oslo', 'object': 'Norway'}]
    >>> lines_of({"subject": ["Oslo", "Rome"], "object": ["Norway", "Italy"]})[1]
    {'subject': 'Rome', 'object': 'Italy'}
    """
    if isinstance(rows, (str, os.PathLike)):
        return None
    if isinstance(rows, Mapping):
        return [dict(zip(rows, values)) for values in zip(*rows.values())]
    for name, arguments in [("to_dicts", {}), ("to_pylist", {}), ("to_dict", {"orient": "records"})]:
        if method := getattr(rows, name, None):
            try:
                found = method(**arguments)
            except TypeError:
                continue
            if isinstance(found, list):
                return found
    names = getattr(getattr(rows, "dtype", None), "names", None) or list(_NAMES)
    return [dict(row) if isinstance(row, Mapping) else dict(zip(names, getattr(row, "tolist", lambda: row)())) for row in rows]


def facts_path(facts: Any) -> str:
    """Facts as the command reads them: rows become a file of LAMA's lines."""
    rows = lines_of(facts)
    if rows is None:
        return str(os.fspath(facts))
    path = new(".jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            # What is missing in a frame is a number that differs from itself.
            line = {_NAMES.get(name, name): value for name, value in row.items() if value is not None and value == value}
            if "sub_label" not in line:
                raise ValueError(f"row {number} of the facts has no subject, only {', '.join(map(str, row)) or 'nothing'}")
            file.write(json.dumps(line, ensure_ascii=False, default=_plain) + "\n")
    return str(path)


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's; what else there is, as text."""
    return value.item() if hasattr(value, "item") else str(value)


def save_model(model: Any, tokenizer: Any = None) -> str:
    """Writes a model of transformers into a folder, which goes when Python ends, and returns its path: to be given wherever a model is.

    A model that is given itself is written at each call: it may have been trained further. Without `tokenizer` it is the one of the
    name that the model was opened by.
    """
    if isinstance(model, tuple):
        model, tokenizer = model
    if not hasattr(model, "save_pretrained"):
        raise TypeError(f"a model is a path, a name or has save_pretrained: {type(model).__name__} does not")
    if tokenizer is None and not getattr(model, "tokenizer", None):  # a pipeline writes its own
        name = getattr(model, "name_or_path", "")
        if not name:
            raise ValueError("the model does not say where its tokenizer is: give both, save_model(model, tokenizer)")
        tokenizer = importlib.import_module("transformers").AutoTokenizer.from_pretrained(name)
    folder = new("") / (os.path.basename(str(getattr(model, "name_or_path", ""))) or "model")
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    return str(folder)


def model_name(model: Any) -> str:
    """A model as the command line has it."""
    return str(os.fspath(model)) if isinstance(model, (str, os.PathLike)) else save_model(model)
