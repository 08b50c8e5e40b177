"""Carry soft prompts from one language model to another, without labels.

    import promptferry as pf

    prompt = pf.tune("zoo:bert-small", "atlas:capital")
    carried = pf.transfer(prompt, to="zoo:roberta-small")
    pf.evaluate("zoo:roberta-small", "atlas:capital", prompt=carried)

Models are what the command takes: a folder, a GGUF file, a Hub id (`hf:org/name`) or one of the zoo (`zoo:bert-small`). Facts
are a path, `atlas:capital`, or rows: dictionaries with `subject` and `object`, a pandas or Polars frame, an Arrow table or a
dataset with such columns. Every other option of the command is a keyword: `--anchor-count 512` is `anchor_count=512`.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Optional, Union

from ._command import PromptFerryError, call, lines_of, options, version
from ._prompt import Evaluation, PathLike, Prompt

__all__ = [
    "Evaluation", "Prompt", "PromptFerryError", "convert", "distil", "evaluate", "experiment", "inspect", "transfer", "tune", "version",
]  # fmt: skip

Facts = Any  # a path, or rows
Source = Union[Prompt, "tuple[Prompt, float]"]

_numbers = itertools.count()
_folder: Optional["tempfile.TemporaryDirectory[str]"] = None


def _new(ending: str) -> Path:
    """A path for a file of this process, which goes when it ends."""
    global _folder
    if _folder is None:
        _folder = tempfile.TemporaryDirectory(prefix="promptferry-")
        atexit.register(_folder.cleanup)
    return Path(_folder.name, f"{next(_numbers)}{ending}")


def _facts(facts: Facts) -> str:
    """Facts as the command reads them: rows become a file of LAMA's lines."""
    rows = lines_of(facts)
    if rows is None:
        return str(os.fspath(facts))
    names = {"subject": "sub_label", "object": "obj_label", "relation": "predicate_id"}
    path = _new(".jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            line = {names.get(name, name): value for name, value in row.items()}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return str(path)


def _sources(sources: Union[Source, "list[Source]"]) -> "list[str]":
    words = []
    for source in sources if isinstance(sources, list) else [sources]:
        prompt, weight = source if isinstance(source, tuple) else (source, None)
        words += ["--from", f"{prompt.model}={prompt.path}" + (f"@{weight}" if weight is not None else "")]
    return words


def tune(model: str, facts: Facts, *, output: Optional[PathLike] = None, progress: bool = False, **more: Any) -> Prompt:
    """Tunes a prompt on a frozen model. Ctrl-C raises KeyboardInterrupt; `output` then holds the best so far.

    Options of `promptferry tune`: `template`, `vectors`, `init`, `epochs`, `batch`, `learning_rate`, `facts_limit`, `seed`, ...
    """
    path = Path(output) if output else _new(".safetensors")
    arguments = ["tune", "--model", model, "--facts", _facts(facts), *options(more), "-o", str(path)]
    return Prompt(path, model, call(arguments, progress))


def transfer(
    sources: Union[Source, "list[Source]"], to: str, *, output: Optional[PathLike] = None, subjects: Optional[Facts] = None,
    facts: Optional[Facts] = None, progress: bool = False, **more: Any,
) -> Prompt:  # fmt: skip
    """Carries a prompt, or several with their weights, to another model. No label of the target is read.

    Options of `promptferry transfer`: `method`, `ridge`, `normalize`, `anchors`, `select`, `seed`, ...
    """
    path = Path(output) if output else _new(".safetensors")
    data = {"subjects": subjects if subjects is None else _facts(subjects), "facts": facts if facts is None else _facts(facts)}
    arguments = ["transfer", *_sources(sources), "--to", to, *options({**data, **more}), "-o", str(path)]
    return Prompt(path, to, call(arguments, progress))


def distil(
    sources: Union[Source, "list[Source]"], to: str, facts: Facts, *, output: Optional[PathLike] = None, start: Optional[Prompt] = None,
    progress: bool = False, **more: Any,
) -> Prompt:  # fmt: skip
    """Tunes a prompt on the target so that it answers the subjects as the source does. Objects are not read."""
    path = Path(output) if output else _new(".safetensors")
    given = {"facts": _facts(facts), "start": start.path if start else None, **more}
    return Prompt(path, to, call(["distil", *_sources(sources), "--to", to, *options(given), "-o", str(path)], progress))


def evaluate(
    model: str, facts: Facts, *, prompt: Optional[Prompt] = None, template: Optional[str] = None, progress: bool = False, **more: Any
) -> Evaluation:
    """Asks a model for the objects of facts, with a prompt or with a template in words."""
    given = {"facts": _facts(facts), "prompt": prompt.path if prompt else None, "template": template, **more}
    return Evaluation(call(["evaluate", "--model", model, *options(given)], progress))


def inspect(*items: Union[PathLike, Prompt]) -> "dict[str, Any]":
    """What a model or a prompt is, or what two models share."""
    found = call(["inspect", *(str(item.path) if isinstance(item, Prompt) else os.fspath(item) for item in items)])
    return dict(found)


def convert(prompt: Union[Prompt, PathLike], output: PathLike, **more: Any) -> Path:
    """Writes a prompt in another form: `to="peft"`, `"npy"`, `"safetensors"`, `"checkpoint"`; see `promptferry convert --help`."""
    path = prompt.path if isinstance(prompt, Prompt) else prompt
    call(["convert", os.fspath(path), *options(more), "-o", os.fspath(output)])
    return Path(output)


def experiment(verb: str, *configurations: PathLike, progress: bool = False, **more: Any) -> Any:
    """`promptferry experiment run`, `status`, `report`, ... with configurations or names of those that ship."""
    return call(["experiment", verb, *(os.fspath(path) for path in configurations), *options(more)], progress)
