"""Run the examples of the documentation. `python docs/pages.py --write` puts real output where it no longer fits.

Each page runs from top to bottom in a folder of its own. Blocks are told what to do in the words after their language:

- `python` runs; with `file=NAME` it becomes that file instead.
- `console` runs each `$ command` in bash and compares what it prints: numbers, names of runs and spaces may differ,
  `...` stands for anything; nothing is compared where nothing is shown. `exit=1` says that the commands end so.
- `unordered` takes the printed lines in any order: steps that run side by side end as they please.
- `skip` leaves a block alone.

A page that begins with `<!-- in: FOLDER -->` runs in a copy of that folder of the repository.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Block", "Mismatch", "blocks", "fits", "pages", "run"]

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WAITING = re.compile(
    r"^ +(?:running .* for|waits .* until) .*\n", re.MULTILINE
)  # said of a step that takes long, on a busy machine
# What a machine under load says of steps that take longer than ever: as it runs, and once more at the end.
SLOW = re.compile(
    r"^ +warning .*  it has (?:run|printed nothing).*\n|\n?^⚠ .*  it has (?:run|printed nothing).*\n(?:    .*(?:\n|\Z))*",
    re.MULTILINE,
)
# What quick checks had time for differs from machine to machine.
CHECKS = re.compile(r"\n?^  checks  .*\n", re.MULTILINE)
_ANY = "\0"  # a line of a pattern that stands for any number of lines
PLACE = re.compile(r"<!-- in: (\S+) -->")
# What differs from run to run: names of runs, digests, numbers, and the spaces that line numbers up.
VARYING = (
    (re.compile(r"\b\d{8}-\d{6}-\w+\b|\b\d{4}-\d\d-\d\dT?[\d:-]*\w*"), "0"),
    (re.compile(r"\b[0-9a-f]{8,}\b"), "0"),
    (re.compile(r"[+-]?\d[\d.,:]*(?: ?(?:ms|µs|s|min|h|B|kB|MB|GB|KiB|MiB|GiB)\b)?"), "0"),
    (re.compile(r"[━─═╌-]{2,}"), "-"),
    (re.compile(r"\s+"), " "),
)


class Block(NamedTuple):
    """A fenced block: its language, the words after it, its text and where the text lies in the page."""

    language: str
    words: tuple[str, ...]
    text: str
    start: int
    line: int

    def word(self, name: str, default: str = "") -> str:
        """The value of `name=value` among the words."""
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")), default)


HOME = "/home/me/project"  # what the folder of an example is called on its page


class Mismatch(Exception):
    """A page says one thing and Penstock does another."""


def pages() -> list[Path]:
    """The pages whose examples run: all but generated ones and records of decisions."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in found if any(True for _ in blocks(page.read_text(encoding="utf-8")))]


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page that run."""
    for match in FENCE.finditer(text):
        block = Block(
            match[1], tuple(match[2].split()), match[3], match.start(3), text.count("\n", 0, match.start()) + 1
        )
        if block.language in {"python", "console"} and "skip" not in block.words:
            yield block


def fits(shown: str, printed: str, *, unordered: bool = False) -> bool:
    """Whether what was printed is what the page shows, but for what varies."""
    printed = WAITING.sub("", printed)
    if not CHECKS.search(shown):
        printed = CHECKS.sub("", printed)
    if not SLOW.search(shown):
        printed = SLOW.sub("", printed)
    if unordered:
        return sorted(map(_plain, shown.strip().split("\n"))) == sorted(map(_plain, printed.strip().split("\n")))
    if not shown.strip():
        return not printed.strip()
    pattern = "\n".join(_ANY if line.strip() == "..." else _pattern(line) for line in shown.strip("\n").splitlines())
    pattern = (
        pattern.replace(f"\n{_ANY}\n", "\n(?:.*\n)?")
        .replace(f"\n{_ANY}", "(?:\n.*)?")
        .replace(f"{_ANY}\n", "(?:.*\n)?")
    )
    return re.fullmatch(pattern, "\n".join(map(_plain, printed.strip("\n").splitlines())), re.DOTALL) is not None


def _plain(line: str) -> str:
    for varying, word in VARYING:
        line = varying.sub(word, line)
    return line.strip()


def _pattern(line: str) -> str:
    return "[^\n]*".join(re.escape(_plain(part)) for part in line.split("..."))


def commands(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Each `$ command` of a console block with the output shown after it, and where that lies in the text."""
    place = 0
    found: list[tuple[str, int, int]] = []
    for line in text.splitlines(keepends=True):
        begin, place = place, place + len(line)
        if line.startswith("$ "):
            found.append((line[2:].rstrip("\n"), place, place))
        elif line.startswith("> ") and found and found[-1][1] == found[-1][2] == begin:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}".rstrip("\n"), place, place)
        elif found:
            found[-1] = (found[-1][0], found[-1][1], place)
    for command, begin, end in found:
        yield command, text[begin:end], begin, end


def run(page: Path, folder: Path, *, write: bool = False) -> None:
    """Run a page in an empty folder. Raises `Mismatch` at the first example that does not do what it says."""
    text = page.read_text(encoding="utf-8")
    if place := PLACE.search(text):
        shutil.copytree(
            ROOT / place[1],
            folder,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"),
        )
    edits: list[tuple[int, int, str]] = []
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(text):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.language == "console":
            edits += _console(block, folder, where, write=write)
        elif name := block.word("file"):
            (folder / name).write_text(block.text, encoding="utf-8")
        else:
            _python(block, folder, names, where)
    if edits:
        for begin, end, output in reversed(edits):
            text = text[:begin] + output + text[end:]
        page.write_text(text, encoding="utf-8")


def _console(block: Block, folder: Path, where: str, *, write: bool) -> list[tuple[int, int, str]]:
    edits = []
    for command, shown, begin, end in commands(block.text):
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False,
        )  # fmt: skip
        printed = done.stdout.replace(str(folder.resolve()), HOME)
        if done.returncode != int(block.word("exit", "0")):
            raise Mismatch(f"{where}: `{command}` ended with {done.returncode}:\n{printed}")
        if shown.strip() and not fits(shown, printed, unordered="unordered" in block.words):
            if not write:
                raise Mismatch(f"{where}: `{command}` should print\n{shown}\nand prints\n{printed}")
            blank = "\n" if shown.endswith("\n\n") else ""
            output = SLOW.sub("", WAITING.sub("", CHECKS.sub("", printed))).rstrip()
            edits.append((block.start + begin, block.start + end, f"{output}\n{blank}"))
    return edits


def _python(block: Block, folder: Path, names: dict[str, object], where: str) -> None:
    before = Path.cwd()
    os.chdir(folder)
    try:
        exec(compile("\n" * block.line + block.text, where, "exec"), names)
    except Exception as error:
        raise Mismatch(f"{where}: {traceback.format_exc()}") from error
    finally:
        os.chdir(before)


def _environment() -> dict[str, str]:
    left_out = (
        "PENSTOCK_",
        "PYTHONDONTWRITEBYTECODE",
    )  # without bytecode, each command would compile its packages anew
    mine = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**mine, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def main(arguments: list[str]) -> None:
    """Run the pages named (or all of them), rewriting output that no longer fits if asked to."""
    write = "--write" in arguments
    for page in [Path(name).resolve() for name in arguments if not name.startswith("-")] or pages():
        with tempfile.TemporaryDirectory() as folder:
            run(page, Path(folder), write=write)
        print(page.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1:])
