"""The command line."""

import atexit
import gc
import os
import sys
import threading

__all__ = ["main"]


def main() -> int:
    """The console script. `--version` is answered before anything heavy is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        import penstock

        print(f"penstock {penstock.__version__}")
        return 0
    # Steps, plan and executions stay to the end: looking through them again and again would find nothing.
    gc.set_threshold(200_000, 20, 100)
    from penstock.cli.commands import penstock as command

    try:
        command.main()  # ends the process
    except SystemExit as end:
        _leave(end.code)
        raise
    return 0


def _leave(code: object) -> None:
    """End at once, when nothing is left to do: taking ten thousand values apart one by one helps nobody."""
    if threading.active_count() > 1 or sys.gettrace() is not None or sys.getprofile() is not None:
        return
    if not isinstance(code, int | None):
        return
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            return
    os._exit(code or 0)
