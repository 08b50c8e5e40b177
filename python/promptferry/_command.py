"""The command that comes with this package: where it is, and what it answers."""

from __future__ import annotations

import os
import shutil
import signal
import sysconfig
from typing import Any, Mapping, Optional, Sequence

from . import _session
from ._progress import Display, ProgressOption


class PromptFerryError(Exception):
    """What went wrong, in one line: what, where, and what to do.

    `status` is the command's: 1 for what was found in files, 64 for options that make no sense; of a command that was ended by a
    signal, minus its number. `place`, `problem` and `hint` are the parts of the message.
    """

    def __init__(
        self, message: str, status: int, place: Optional[str] = None, problem: str = "", hint: Optional[str] = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.place, self.problem, self.hint = place, problem, hint


def binary() -> str:
    """The path of the command: PROMPTFERRY, what was installed with this package, or what is on the PATH."""
    if chosen := os.environ.get("PROMPTFERRY"):
        return chosen
    for folder in [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user")]:
        path = os.path.join(folder, "promptferry")
        # Elsewhere a script of that name would call this package again.
        if os.access(path, os.X_OK) and _is_program(path):
            return path
    if found := shutil.which("promptferry"):
        return found
    raise FileNotFoundError("promptferry: the command is not installed. Set PROMPTFERRY to its path")


def _is_program(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def options(given: Mapping[str, Any]) -> list[str]:
    """Keyword arguments as the command has them.

    >>> options({"anchor_count": 512, "mask_absolute": True, "ridge": None, "facts": ["a", "b"]})
    ['--anchor-count', '512', '--mask-absolute', '--facts', 'a', '--facts', 'b']
    """
    words: list[str] = []
    for name, value in given.items():
        option = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            words.append(option)
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            words += [option, os.fspath(one) if isinstance(one, os.PathLike) else str(one)]
    return words


def call(arguments: Sequence[str], progress: ProgressOption = None) -> Any:
    """Runs a verb in the process that lives on between calls, and returns its answer. Ctrl-C stops the verb, which keeps the best so
    far.

    Raises PromptFerryError with the command's line where it fails, KeyboardInterrupt where it was stopped.
    """
    return reply(arguments, progress).get("result")


def reply(arguments: Sequence[str], progress: ProgressOption = None) -> dict[str, Any]:
    """The same, with all that the process says: also how long it worked, and how many models it opened."""
    display = Display(progress)
    session = _start()
    answer: dict[str, Any] = {}
    try:
        answer = session.ask(arguments, display.message)
    except _session.SessionError as error:
        hint = "The next call starts it anew"
        raise PromptFerryError(f"{error}. {hint}", error.status, problem=str(error), hint=hint) from None
    finally:
        display.close(is_done=answer.get("status") == 0)
    status = int(answer["status"])
    if status == 128 + signal.SIGINT:
        raise KeyboardInterrupt
    if status != 0:
        place, problem, hint = (answer["error"].get(name) for name in ["place", "problem", "hint"])
        message = (f"{place}: " if place else "") + problem + (f". {hint}" if hint else "")
        raise PromptFerryError(message, status, place, problem, hint)
    return answer


def version() -> str:
    """The command's version."""
    return _start().version


def _start() -> _session.Session:
    try:
        return _session.current(binary)
    except _session.SessionError as error:
        raise PromptFerryError(str(error), error.status, problem=str(error)) from None
