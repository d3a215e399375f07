"""The command line."""

import sys

__all__ = ["main"]


def main() -> int:
    """The console script. `--version` is answered before anything heavy is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        import penstock

        print(f"penstock {penstock.__version__}")
        return 0
    from penstock.cli.commands import penstock as command

    command.main()  # ends the process
    return 0
