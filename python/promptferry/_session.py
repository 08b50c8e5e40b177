"""The command as one process for all calls, which keeps models open: lines of JSON on its pipes (docs/protocol.md).

It is started by the first call, anew after it ended, after a fork and where the environment that it reads has changed, and ends with
this process. Calls of several threads are answered one after another.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from typing import Any, Callable, Dict, Optional, Sequence

PROTOCOL = 1
Message = Dict[str, Any]

# What the command reads of the environment.
_VARIABLES = ("PROMPTFERRY", "PATH", "HOME", "HF_", "HUGGING", "XDG_", "TMPDIR", "OMP_", "OPENBLAS_", "SLURM", "SSL_", "CURL_")
_lock = threading.Lock()
_numbers = itertools.count(1)
_session: Optional[Session] = None


class SessionError(Exception):
    """The process ended before it answered, or does not speak the protocol."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _Request:
    """What has come back for a request that was sent: nothing of it is lost where KeyboardInterrupt comes between."""

    def __init__(self) -> None:
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.ended = threading.Event()


class Session:
    """A running `promptferry session`."""

    def __init__(self, path: str, environment: dict[str, str]) -> None:
        self.environment = environment
        self.is_open = True
        self._requests: dict[int, _Request] = {}
        self._writing = threading.Lock()
        self._errors = tempfile.TemporaryFile()
        self._said = ""
        # In a session of its own a terminal's Ctrl-C does not reach it: it is told by `cancel`, once.
        self._process = subprocess.Popen(
            [path, "session"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True
        )
        assert self._process.stdin and self._process.stdout
        self._input, self._output = self._process.stdin, self._process.stdout
        try:
            hello = json.loads(self._output.readline() or b"{}")
            if hello.get("protocol") != PROTOCOL:
                raise SessionError(self._explain(f"{path} does not speak protocol {PROTOCOL}"), self._process.poll() or 1)
        except BaseException:
            self.kill()
            self._output.close()
            self._errors.close()
            raise
        self.version = str(hello["version"])
        threading.Thread(target=self._read, name="promptferry", daemon=True).start()

    def ask(self, arguments: Sequence[str], show: Callable[[Message], None]) -> Message:
        """The reply to a command line; `show` gets what comes before it. Whatever is raised meanwhile stops the request first: the
        best so far is then written. A second Ctrl-C ends the process."""
        number, request = next(_numbers), _Request()
        self._requests[number] = request
        line: Message = {"protocol": PROTOCOL, "id": number, "arguments": list(arguments)}
        try:
            line["folder"] = os.getcwd()
        except FileNotFoundError:
            pass  # the folder was removed: paths start where the process did
        try:
            self._send(line)
            while True:
                message = request.messages.get()
                if "status" in message:
                    break
                if message:
                    show(message)
                else:
                    status = self._process.wait()
                    raise SessionError(self._explain(f"the command was ended {_how(status)} before it answered"), status)
        except SessionError:
            raise
        except BaseException:
            try:
                self._send({"cancel": number})
                request.ended.wait()
            except SessionError:
                pass
            except BaseException:
                self.kill()
                raise
            raise
        return message

    def close(self) -> None:
        """Ends it when it has answered what it was sent."""
        self.is_open = False
        try:
            self._input.close()
        except OSError:
            pass

    def end(self) -> None:
        """Ends it, with what it is at stopped after two seconds."""
        self.close()
        for stop in [self._process.terminate, self._process.kill]:
            try:
                self._process.wait(2)
                return
            except subprocess.TimeoutExpired:
                stop()
        self._process.wait()

    def kill(self) -> None:
        self.is_open = False
        self._process.kill()
        self._process.wait()
        self.close()

    def forget(self) -> None:
        """In a fork: leaves the process to the parent."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for pipe in [self._input, self._output]:
            os.dup2(nothing, pipe.fileno(), inheritable=False)
        os.close(nothing)
        self._process.returncode = 0

    def _send(self, line: Message) -> None:
        try:
            with self._writing:
                self._input.write(json.dumps(line).encode() + b"\n")
                self._input.flush()
        except (OSError, ValueError):  # it has gone, or was closed
            self.is_open = False
            raise SessionError("the command has ended", 1) from None

    def _read(self) -> None:
        """Hands out what comes, on a thread of its own."""
        try:
            for line in self._output:
                message = json.loads(line)
                if request := self._requests.get(message.get("id")):
                    if "status" in message:
                        del self._requests[message["id"]]
                        request.ended.set()
                    request.messages.put(message)
        except ValueError:
            self._process.kill()
        self.is_open = False
        self._output.close()
        self._process.wait()
        self._said = self._last_line()
        self._errors.close()
        for request in list(self._requests.values()):
            request.ended.set()
            request.messages.put({})

    def _explain(self, problem: str) -> str:
        """With the last line that it left on its error output."""
        said = self._said if self._errors.closed else self._last_line()
        return f"promptferry: {problem}" + (f" ({said})" if said else "")

    def _last_line(self) -> str:
        lines = os.pread(self._errors.fileno(), 1 << 20, 0).decode(errors="replace").split("\n")
        return next((line[:300] for line in reversed(lines) if line.strip()), "")


def _how(status: int) -> str:
    try:
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    except ValueError:
        return f"by signal {-status}"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper().startswith(_VARIABLES) or name.upper().endswith("_PROXY")}


def current(binary: Callable[[], str]) -> Session:
    """The process, started where it is not there."""
    global _session
    with _lock:
        environment = _environment()
        if _session and (not _session.is_open or _session.environment != environment):
            _session.close()
            _session = None
        if _session is None:
            _session = Session(binary(), environment)
        return _session


def close() -> None:
    """Ends the process, and gives back the memory of its models; the next call starts it anew."""
    global _session
    with _lock:
        ended, _session = _session, None
    if ended:
        ended.end()


def _forget() -> None:
    global _lock, _session
    _lock = threading.Lock()
    if _session:
        _session.forget()
    _session = None


atexit.register(close)
os.register_at_fork(after_in_child=_forget)
