"""A shell command as a process group of its own: what it prints is passed on at once, and read line by line."""

import codecs
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.errors import StepFailed

__all__ = ["Enough", "ended", "run_script", "script_of"]

_GRACE = 1.5  # seconds between asking a group of processes to end and killing it; less than an executor's patience
_CHUNK = 1 << 16
_LAST, _LONGEST_TAIL = 20, 4000  # lines and characters of what was printed last
_LONGEST_LINE = 1 << 20  # characters: a longer line is printed, and not looked at


class Enough(Exception):
    """Raised by who reads the lines: the command may end now, and that is no failure."""


def script_of(lines: list[str]) -> str:
    """Shell commands as one script, in which each runs if the one before it succeeded.

    They share one shell, so a `cd` or `export` counts for those after it; a first line with `#!` names the interpreter.
    Where one is no whole command (an `if` whose `fi` is another's), all are the lines of one text that ends at a failure.

    >>> print(script_of(["cd src", "make"]))
    {
    cd src
    } && {
    make
    }
    """
    bits = [one.strip("\n") for one in lines if one.strip()]
    if bits and bits[0].startswith("#!"):
        first, _, rest = bits[0].partition("\n")
        return "\n".join([first, *([rest] if rest.strip() else []), *bits[1:]])
    script = "{\n" + "\n} && {\n".join(bits) + "\n}" if bits else ":"
    return script if _is_whole(script) else "\n".join(["set -e", *bits])


def ended(code: int) -> str:
    """How a command ended, by its exit code, in words.

    >>> ended(3), ended(137), ended(-9)
    ('ended with exit code 3', 'ended with exit code 137 (signal 9)', 'was ended by signal 9')
    """
    if code > 0:
        signal_ = f" (signal {code - 128})" if code > 128 else " (no such command)" if code == 127 else ""
        return f"ended with exit code {code}{signal_}"
    return f"was ended by signal {-code}"


def _shell() -> str:
    return shutil.which("bash") or "sh"


def _is_whole(script: str) -> bool:
    """Whether the shell can read a script to its end; nothing of it is run."""
    read = subprocess.run([_shell(), "-n"], input=os.fsencode(script + "\n"), capture_output=True, check=False)
    return read.returncode == 0


def run_script(
    script: str,
    place: Path,
    folder: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str], None],
    *,
    before: Sequence[str] = (),
    limit: float = 0.0,
    silence: float = 0.0,
) -> tuple[int, str]:
    """Run a script in `folder`: its exit code (negative: the signal that ended it), and the last lines that it printed.
    `place` is the file that holds the script; `before` is a program with its arguments that starts what runs it.

    Standard output and error go to those of this process as they come; `on_line` gets each whole line of the output. When
    anything is raised here, the command and all that it started are asked to end, and killed if they do not. Raises
    `StepFailed` for one that goes on for more than `limit` seconds, or prints nothing for `silence` seconds (0: no such bound).
    """
    place.write_text(script + "\n", encoding="utf-8", errors="surrogateescape")
    if script.startswith("#!"):
        place.chmod(0o700)
        arguments = [str(place)]
    else:
        arguments = [_shell(), str(place)]
    process = subprocess.Popen(
        [*before, *arguments],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )
    last: deque[str] = deque(maxlen=_LAST)
    try:
        _follow(process, on_line, last, limit, silence)
        return process.wait(), "".join(last)[-_LONGEST_TAIL:]
    except Enough:
        _end(process)
        return 0, ""
    finally:
        _end(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _follow(
    process: "subprocess.Popen[bytes]",
    on_line: Callable[[str], None],
    last: "deque[str]",
    limit: float,
    silence: float,
) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    lines = _Lines(on_line)
    decode = {one: codecs.getincrementaldecoder("utf-8")(errors="backslashreplace") for one in ("out", "err")}
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, "out")
        selector.register(process.stderr, selectors.EVENT_READ, "err")
        gone, begun = 0.0, time.monotonic()
        said = begun
        while selector.get_map():
            ready = selector.select(
                0.05 if gone or process.poll() is not None else _patience(begun, limit, said, silence)
            )
            for key, _ in ready:
                data = os.read(key.fd, _CHUNK)
                name = str(key.data)
                text = decode[name].decode(data, final=not data)
                if text:
                    last.extend(text.splitlines(keepends=True))
                    _pass_on(sys.stdout if name == "out" else sys.stderr, text)
                if name == "out":
                    lines.feed(text)
                if data:
                    said = time.monotonic()
                else:
                    selector.unregister(key.fileobj)
            if process.poll() is None:
                _in_time(begun, limit, said, silence)
            elif not ready:
                # What it started in the background may keep the pipes open for ever: its own end is what counts.
                now = time.monotonic()
                gone = gone or now
                if now - gone >= 0.1:
                    break
    lines.close()


def _patience(begun: float, limit: float, said: float, silence: float) -> float:
    """Seconds to wait for output, so that no bound is passed unseen."""
    now = time.monotonic()
    left = [end - now for end, bound in ((begun + limit, limit), (said + silence, silence)) if bound]
    return min(1.0, max(0.01, min(left, default=1.0)))


def _in_time(begun: float, limit: float, said: float, silence: float) -> None:
    now = time.monotonic()
    if limit and now - begun > limit:
        raise StepFailed(
            f"it took longer than {limit:g} s", hint="Give it more time (`time-limit:`), or find out what it waits for."
        )
    if silence and now - said > silence:
        raise StepFailed(
            f"it printed nothing for {silence:g} s", hint="Raise `no-output-timeout:`, or let it print how far it is."
        )


class _Lines:
    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = ""

    def feed(self, text: str) -> None:
        self._rest += text
        if "\n" in text:
            *whole, self._rest = self._rest.split("\n")
            for line in whole:
                self._on_line(line)
        if len(self._rest) > _LONGEST_LINE:
            self._rest = "\0"  # no line that anybody would read begins so; the rest of it is dropped as well

    def close(self) -> None:
        if self._rest:
            self._on_line(self._rest)


def _pass_on(stream: Any, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):  # the log's disk is full: that is no failure of the command
        pass


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Nothing of the group is left. Its number is safe to use as long as its leader is not waited for, or others live."""
    try:
        if process.poll() is None:
            _signal(process.pid, signal.SIGTERM)
            _signal(process.pid, signal.SIGCONT)
            end = time.monotonic() + _GRACE
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
    finally:  # whoever loses patience meanwhile leaves nothing behind either
        _signal(process.pid, signal.SIGKILL)
        process.wait()


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass
