"""The same work, written for each contender the way its own documentation does it.

Every step that ends a piece of work leaves a line in a file (`NOTE`), which says afterwards that it ran, and in which
process. A workload that a tool has no way of doing is named in `lacks`, with the reason.
"""

from typing import NamedTuple

from spine import BUSY

__all__ = ["ADD", "COMPUTE", "IMPORTS", "NOTE", "PID", "Contender", "Project", "frames"]

# What each generated file begins with: RAN and LAST are filled in when the project is written.
NOTE = """
def note(text):
    with open("{RAN}", "a") as file:
        file.write(str(text) + "\\n")
"""

ADD = (
    NOTE
    + """
def add(x):
    if x + 1 == {LAST}:
        note(x + 1)
    return x + 1
"""
)

IMPORTS = "import os\nimport numpy as np\nimport polars as pl\n"
COMPUTE = f"{BUSY}{NOTE}\ndef compute(i):\n    value = busy({{LOOPS}} + i)\n    note(value)\n    return value\n"
PID = f"import os\n{NOTE}\ndef tell(i):\n    note(os.getpid())\n    return i\n"


def frames(make: str, use: str) -> str:
    """Functions `make` and `use` for a table; both say in which process they were."""
    return (
        f"{IMPORTS}{NOTE}\ndef make():\n    note(os.getpid())\n    ROWS = {{ROWS}}\n    return {make}\n\n"
        f"def use(table):\n    value = {use}\n    note(f'{{os.getpid()}} {{value}}')\n    return value\n\n"
    )


class Project(NamedTuple):
    """A small project: its files, the commands that are timed, one after the other, and those that prepare it, which are not.

    `{RAN}`, `{LAST}`, `{COUNT}`, `{ROWS}` and `{LOOPS}` in files are filled in when they are written. The first word of a command is a
    script of the contender's environment.
    """

    files: dict[str, str]
    commands: list[list[str]]
    setup: list[list[str]] = []
    again: list[list[str]] = []  # where a rerun is asked for in other words
    server: list[str] = []  # a service that must be there meanwhile, at {PORT}; its start is not timed


class Contender:
    """A tool, and how each workload is written for it. A workload that returns None is one that it can't do."""

    name = ""
    package = ""  # whose version is shown
    requires: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    lacks: dict[str, str] = {}
    version: list[str] = []

    def chain(self, count: int) -> Project | None:
        """`count` steps, each adds one to what the one before it made; every value is stored."""
        raise NotImplementedError

    def table(self, make: str, use: str) -> Project | None:
        """A step makes a table, another one, in another process, sums it up."""
        raise NotImplementedError

    def processors(self, count: int) -> Project | None:
        """`count` steps that compute for a second or so, on two cores."""
        raise NotImplementedError

    def fresh(self, count: int) -> Project | None:
        """`count` steps, each in a process of its own."""
        raise NotImplementedError
