"""Carry soft prompts from one language model to another, without labels.

    import promptferry as pf

    prompt = pf.tune("zoo:bert-small", "atlas:capital")
    carried = pf.transfer(prompt, to="zoo:roberta-small")
    pf.evaluate("zoo:roberta-small", "atlas:capital", prompt=carried)

Models are what the command takes: a folder, a GGUF file, a Hub id (`hf:org/name`) or one of the zoo (`zoo:bert-small`); or a model of
transformers, alone or with its tokenizer (`(model, tokenizer)`). Facts are a path, `atlas:capital`, or rows: dictionaries with
`subject` and `object`, pairs, a dictionary of columns, a pandas or Polars frame, an Arrow table, a dataset or a NumPy array. A
prompt is a `Prompt` or the path of its file. Every other option of the command is a keyword: `--anchor-count 512` is `anchor_count=512`.

All calls go to one process of the command, which keeps the latest models open. `progress` is a function that is given a `Progress`, True
for a bar, False for none; by default there is one on terminals and in notebooks where tqdm is installed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional, Union

from ._command import PromptFerryError, call, options, version
from ._inputs import facts_path, model_name, new, save_model
from ._progress import Progress, ProgressOption
from ._prompt import Card, Evaluation, PathLike, Prompt
from ._session import close

__all__ = [
    "Card", "Evaluation", "Progress", "Prompt", "PromptFerryError", "close", "convert", "distil", "evaluate", "experiment", "inspect",
    "save_model", "transfer", "tune", "version",
]  # fmt: skip

Facts = Any  # a path, or rows
Model = Any  # a path, a name, or a model of transformers
AnyPrompt = Union[Prompt, PathLike]  # or its file
Source = Union[AnyPrompt, "tuple[AnyPrompt, float]"]


def _path(prompt: Optional[AnyPrompt]) -> Optional[str]:
    return None if prompt is None else str(prompt.path) if isinstance(prompt, Prompt) else os.fspath(prompt)


def _sources(sources: Union[Source, "list[Source]"]) -> "list[str]":
    words = []
    for source in sources if isinstance(sources, list) else [sources]:
        given, weight = source if isinstance(source, tuple) else (source, None)
        prompt = given if isinstance(given, Prompt) else Prompt(given)
        words += ["--from", f"{prompt.model}={prompt.path}" + (f"@{weight}" if weight is not None else "")]
    return words


def tune(model: Model, facts: Facts, *, output: Optional[PathLike] = None, progress: ProgressOption = None, **more: Any) -> Prompt:
    """Tunes a prompt on a frozen model. Ctrl-C raises KeyboardInterrupt; `output` then holds the best so far.

    Options of `promptferry tune`: `template`, `vectors`, `init`, `epochs`, `batch`, `learning_rate`, `facts_limit`, `seed`, ...
    """
    model, path = model_name(model), Path(output) if output else new(".safetensors")
    arguments = ["tune", "--model", model, "--facts", facts_path(facts), *options(more), "-o", str(path)]
    return Prompt(path, model, call(arguments, progress))


def transfer(
    sources: Union[Source, "list[Source]"], to: Model, *, output: Optional[PathLike] = None, subjects: Optional[Facts] = None,
    facts: Optional[Facts] = None, progress: ProgressOption = None, **more: Any,
) -> Prompt:  # fmt: skip
    """Carries a prompt, or several with their weights, to another model. No label of the target is read.

    Options of `promptferry transfer`: `method`, `ridge`, `normalize`, `anchors`, `select`, `seed`, ...
    """
    to, path = model_name(to), Path(output) if output else new(".safetensors")
    data = {"subjects": subjects if subjects is None else facts_path(subjects), "facts": facts if facts is None else facts_path(facts)}
    arguments = ["transfer", *_sources(sources), "--to", to, *options({**data, **more}), "-o", str(path)]
    return Prompt(path, to, call(arguments, progress))


def distil(
    sources: Union[Source, "list[Source]"], to: Model, facts: Facts, *, output: Optional[PathLike] = None, start: Optional[AnyPrompt] = None,
    progress: ProgressOption = None, **more: Any,
) -> Prompt:  # fmt: skip
    """Tunes a prompt on the target so that it answers the subjects as the source does. Objects are not read."""
    to, path = model_name(to), Path(output) if output else new(".safetensors")
    given = {"facts": facts_path(facts), "start": _path(start), **more}
    return Prompt(path, to, call(["distil", *_sources(sources), "--to", to, *options(given), "-o", str(path)], progress))


def evaluate(
    model: Model, facts: Facts, *, prompt: Optional[AnyPrompt] = None, template: Optional[str] = None, progress: ProgressOption = None, **more: Any
) -> Evaluation:
    """Asks a model for the objects of facts, with a prompt or with a template in words."""
    given = {"facts": facts_path(facts), "prompt": _path(prompt), "template": template, **more}
    return Evaluation(call(["evaluate", "--model", model_name(model), *options(given)], progress))


def inspect(*items: Union[Model, Prompt]) -> Card:
    """What a model or a prompt is, or what two models share."""
    return Card(call(["inspect", *(str(item.path) if isinstance(item, Prompt) else model_name(item) for item in items)]))


def convert(prompt: AnyPrompt, output: PathLike, **more: Any) -> Path:
    """Writes a prompt in another form: `to="peft"`, `"npy"`, `"safetensors"`, `"checkpoint"`; see `promptferry convert --help`."""
    call(["convert", str(_path(prompt)), *options(more), "-o", os.fspath(output)])
    return Path(output)


def experiment(verb: str, *configurations: PathLike, progress: ProgressOption = None, **more: Any) -> Any:
    """`promptferry experiment run`, `status`, `report`, ... with configurations or names of those that ship."""
    return call(["experiment", verb, *(os.fspath(path) for path in configurations), *options(more)], progress)
