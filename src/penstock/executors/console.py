"""Where a task's printed output goes: to its log, and in this process to the terminal as well."""
# ruff: noqa: PTH116 - files of the lowest level, by descriptor

import fcntl
import io
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO, cast

from penstock.model.task import LogSpan

__all__ = ["Redirected", "Tee", "log_size"]


def log_size(path: str) -> int:
    """The present size of a log in bytes; 0 where there is none yet."""
    try:
        return os.stat(path).st_size if path else 0
    except OSError:
        return 0


def _open(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        return os.open(path, flags, 0o600)


class Redirected:
    """Descriptors 1 and 2 of a worker: whatever a task prints, from whatever language, goes to its log."""

    def __init__(self) -> None:
        self._path = ""
        self._file = (0, 0)  # device and inode of the log
        self._stdout: Any = None
        self._stderr: Any = None

    def begin(self, path: str) -> None:
        """Let output go to this log (nowhere, if there is none)."""
        path = path or os.devnull
        if path != self._path:
            log = _open(path)
            if log <= 2:  # the task closed what should be there
                low, log = log, fcntl.fcntl(log, fcntl.F_DUPFD_CLOEXEC, 3)
                os.close(low)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            self._path = path
        info = os.fstat(1)
        self._file = (info.st_dev, info.st_ino)
        self._start = info.st_size
        if self._stdout is None:
            self._stdout, self._stderr = _stream(1), _stream(2)
        sys.stdout, sys.stderr = self._stdout, self._stderr

    def end(self) -> LogSpan | None:
        """Everything is written; where it lies. What the task did to the descriptors is mended."""
        for stream in (sys.stdout, sys.stderr, self._stdout, self._stderr):
            try:
                stream.flush()
            except Exception:
                pass
        path, start, size = self._path, self._start, self._size()
        if size < 0 or self._stdout.closed or self._stderr.closed:
            self._path, self._stdout, self._stderr = "", None, None
            self.begin("" if path == os.devnull else path)
            size = self._start
        return None if path == os.devnull else LogSpan(path, start, max(0, size - start))

    def _size(self) -> int:
        """The log's present size; -1 if a descriptor no longer leads to it."""
        try:
            out, err = os.fstat(1), os.fstat(2)
        except OSError:
            return -1
        return out.st_size if (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino) == self._file else -1


def _stream(descriptor: int) -> TextIO:
    # Lines are written at once: the last ones before a crash are those that matter.
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw, 8192), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )


class Tee:
    """Output of a task in this process: to the terminal, and to its log, which is made when there is something for it.

    One serves many tasks, one after the other; `to` says where the next one's log is.
    """

    def __init__(self, path: str = "") -> None:
        self._pair: tuple[TextIO, TextIO] | None = None
        self._before: tuple[Any, Any] = (None, None)
        self._log = -1
        self.to(path)

    def to(self, path: str) -> "Tee":
        """The same for another task."""
        if self._log >= 0:  # something that the last task left behind printed after its end
            os.close(self._log)
        self._path = f"{path}inline.log" if path.endswith("/") else path
        self._log = -1
        self._start = 0
        self._size = 0
        return self

    def __enter__(self) -> "Tee":
        now = sys.stdout, sys.stderr
        if self._path:
            if self._pair is None or self._before[0] is not now[0] or self._before[1] is not now[1]:
                self._pair = cast("TextIO", _Both(now[0], self._write)), cast("TextIO", _Both(now[1], self._write))
            sys.stdout, sys.stderr = self._pair
        self._before = now
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        sys.stdout, sys.stderr = self._before
        if self._log >= 0:
            self._size = os.fstat(self._log).st_size - self._start
            os.close(self._log)
            self._log = -1

    @property
    def span(self) -> LogSpan | None:
        """Where the output lies, after the end."""
        return LogSpan(self._path, self._start, self._size) if self._size else None

    def _write(self, data: memoryview) -> None:
        try:
            if self._log < 0:
                self._log = _open(self._path)
                self._start = os.lseek(self._log, 0, os.SEEK_END)
            while data:
                data = data[os.write(self._log, data) :]
        except OSError:  # the log is closed or its disk is full: the terminal still has it
            pass


class _Both(io.TextIOBase):
    def __init__(self, terminal: Any, log: Callable[[memoryview], None]) -> None:
        self._terminal = terminal
        self._log = log

    def write(self, text: str, /) -> int:
        if text:
            self._log(memoryview(text.encode("utf-8", "backslashreplace")))
        if self._terminal is not None:
            try:
                self._terminal.write(text)
            except OSError:  # nobody reads any more (`| head`): that is no failure of the step
                self._terminal = None
        return len(text)

    def flush(self) -> None:
        if self._terminal is not None:
            try:
                self._terminal.flush()
            except OSError:
                self._terminal = None

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self._terminal is not None and self._terminal.isatty())

    def fileno(self) -> int:
        return int(self._terminal.fileno())

    @property
    def buffer(self) -> Any:
        """Bytes go to the terminal alone."""
        return self._terminal.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return str(getattr(self._terminal, "encoding", "utf-8"))
