"""The command that comes with this package: where it is, and what it answers."""

from __future__ import annotations

import json
import os
import signal
import shutil
import subprocess
import sys
import sysconfig
from typing import Any, Mapping, Optional, Sequence


class PromptFerryError(Exception):
    """What went wrong, in one line: what, where, and what to do.

    `status` is the command's: 1 for what was found in files, 64 for options that make no sense.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


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


def call(arguments: Sequence[str], progress: bool = False) -> Any:
    """Runs a verb with --json and returns its answer. Ctrl-C stops the verb, which keeps the best so far.

    Raises PromptFerryError with the command's line where it fails, KeyboardInterrupt where it was stopped.
    """
    command = [binary(), *arguments, "--json", *([] if progress else ["--quiet"])]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=None if progress else subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        try:
            output, errors = process.communicate()
        except KeyboardInterrupt:
            # From a terminal both were told; a notebook tells this process only. Twice would end it at once.
            if not sys.stdin or not sys.stdin.isatty():
                process.send_signal(signal.SIGINT)
            process.communicate()
            raise
    if process.returncode in (128 + signal.SIGINT, -signal.SIGINT):
        raise KeyboardInterrupt
    if process.returncode != 0:
        text = (errors or b"").decode(errors="replace").strip()
        message = text.splitlines()[0] if text else f"promptferry ended with status {process.returncode}"
        raise PromptFerryError(message[len("Error: ") :] if message.startswith("Error: ") else message, process.returncode)
    return json.loads(output) if output.strip() else None


def version() -> str:
    """What `promptferry --version` says in its first line, without the name."""
    done = subprocess.run([binary(), "--version"], check=True, capture_output=True, text=True)
    return done.stdout.split("\n")[0].split(" ", 1)[1]


def lines_of(rows: Any) -> Optional[list[Mapping[str, Any]]]:
    """A table's rows as dictionaries: of a pandas or Polars frame, an Arrow table, a dataset, a list. None for a path."""
    if isinstance(rows, (str, os.PathLike)):
        return None
    for name, arguments in [("to_dicts", {}), ("to_pylist", {}), ("to_dict", {"orient": "records"})]:
        if method := getattr(rows, name, None):
            try:
                found = method(**arguments)
            except TypeError:
                continue
            if isinstance(found, list):
                return found
    return [dict(row) for row in rows]
