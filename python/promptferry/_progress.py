"""How far a call is: a bar, or whatever a function makes of it."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from typing import Any, Callable, NamedTuple, Optional, Union

logger = logging.getLogger("promptferry")


class Progress(NamedTuple):
    """What a `progress` function is given, some ten times a second."""

    title: str
    done: int
    total: int
    unit: str


# None: a bar of tqdm's, where it is installed and someone looks; False: nothing; True: always, in lines where tqdm is not installed.
ProgressOption = Union[None, bool, Callable[[Progress], Any]]


def _is_watched() -> bool:
    """Whether standard error is a terminal, or this is a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    is_notebook = shell is not None and hasattr(shell, "kernel")
    return is_notebook or bool(sys.stderr and sys.stderr.isatty())


class Display:
    """Shows one call's messages. Notes go to the logger `promptferry`."""

    def __init__(self, option: ProgressOption) -> None:
        self._show = option if callable(option) else None
        self._has_tqdm = importlib.util.find_spec("tqdm") is not None
        self._has_bar = option is True or (option is None and self._has_tqdm and _is_watched())
        self._bar: Optional[Any] = None
        self._title = ""

    def message(self, message: dict[str, Any]) -> None:
        if "note" in message:
            logger.info("%s", message["note"])
        elif "progress" in message:
            progress = Progress(**message["progress"])
            if self._show:
                self._show(progress)
            elif self._has_bar:
                self._draw(progress)

    def _draw(self, progress: Progress) -> None:
        if not self._has_tqdm:
            print(f"{progress.title}: {progress.done}/{progress.total} {progress.unit}", file=sys.stderr)
            return
        if self._title != progress.title:
            self.close(is_done=True)
            tqdm = importlib.import_module("tqdm.auto").tqdm
            self._bar = tqdm(desc=progress.title, total=progress.total, unit=f" {progress.unit}", leave=False)
            self._title = progress.title
        if self._bar is not None:
            self._bar.total = progress.total
            self._bar.update(progress.done - self._bar.n)

    def close(self, is_done: bool) -> None:
        """Takes the bar away. The last message may be some steps before the end, and in notebooks tqdm takes a bar that is not full for
        work that failed: it leaves it there, in red. So it is where the call did fail."""
        if self._bar is not None:
            if is_done:
                self._bar.update(self._bar.total - self._bar.n)
            self._bar.close()
            self._bar = None
