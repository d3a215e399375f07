"""Styled lines of text for a terminal: measured, cut to its width, coloured where it can show colours.

A line is a list of (text, style); styles are names of meanings, not of colours. Written here, and not left to a library,
because a terminal library takes longer to import (90 ms) than a whole run with nothing to do may take.
"""

import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from msgspec import Struct

__all__ = ["Line", "Screen", "ansi", "crop", "fold", "plain", "safe", "table", "width"]

Line = list[tuple[str, str]]

_STYLES: dict[str, str] = {
    "title": "1",
    "name": "1",
    "good": "32",
    "bad": "1;31",
    "error": "31",
    "warn": "33",
    "busy": "36",
    "code": "36",
    "add": "32",
    "remove": "31",
    "dim": "2",
}

_PIECE, _LETTERS = 16, 4  # columns of a last cell that say something, and too few to say anything

_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "●": "*", "○": ".", "↺": "=", "⊘": "-", "▶": ">", "⏸": "|", "⚠": "!", "▲": "^", "▼": "v", "·": "-",
     "━": "=", "╸": "=", "─": "-", "—": "-", "…": "~", "→": ">", "│": "|", "⋯": "~", "≠": "/", "↻": "~",
     **dict.fromkeys("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "*")}
)  # fmt: skip


class Screen(Struct, frozen=True):
    """What a stream can show: `width` in columns (0: any), `height` in lines, colours, redrawing, Unicode."""

    width: int = 0
    height: int = 0
    colour: bool = False
    live: bool = False
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str] = os.environ) -> "Screen":
        """What this stream can show. NO_COLOR, FORCE_COLOR, TERM=dumb and COLUMNS are respected."""
        terminal = _is_terminal(stream)
        dumb = environ.get("TERM", "") in ("dumb", "")
        colour = terminal and not dumb
        if environ.get("FORCE_COLOR"):
            colour = True
        if environ.get("NO_COLOR"):
            colour = False
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
        columns, lines = 0, 0
        if terminal:
            columns, lines = shutil.get_terminal_size((80, 24))
        return cls(columns, lines, colour, terminal and not dumb, encoding.startswith("utf"))

    def text(self, lines: Iterable[Line]) -> str:
        """Lines as they go to the stream: cut, coloured, each ended by a newline."""
        return "".join([self.line(one) + "\n" for one in lines])

    def line(self, line: Line) -> str:
        """One line as it goes to the stream, without its newline."""
        if self.width:
            line = crop(line, self.width)
        if not self.unicode:
            line = [(text.translate(_ASCII).encode("ascii", "replace").decode(), style) for text, style in line]
        return (ansi(line) if self.colour else plain(line)).rstrip()


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # a closed or odd stream
        return False


def safe(text: str) -> str:
    """Text from outside on one line, its control characters made visible, so that it can't steer the terminal.

    >>> safe("a\\x1b[31m\\tb")
    'a\\\\x1b[31m b'
    """
    if text.isprintable():
        return text
    return "".join([one if one.isprintable() else " " if one in "\n\t" else _escape(one) for one in text])


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """How many columns a text takes on a terminal.

    >>> width("abc"), width("飛行"), width("é")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum([_columns(one) for one in text])


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def crop(line: Line, limit: int) -> Line:
    """The line, cut to so many columns, with an ellipsis where something is missing.

    >>> crop([("abcdef", ""), ("gh", "dim")], 5)
    [('abcd…', '')]
    """
    if sum([width(text) for text, _ in line]) <= limit:
        return line
    room, cut = limit - 1, []
    for text, style in line:
        wide = width(text)
        if wide <= room:
            cut.append((text, style))
            room -= wide
            continue
        cut.append((_head(text, room) + "…", style))
        break
    return cut


def fold(line: Line, limit: int) -> list[Line]:
    """The line broken between words into lines of so many columns (0: not broken), the later ones indented a little more.

    >>> [plain(one) for one in fold([("  one two", ""), (" three", "dim")], 9)]
    ['  one two', '    three']
    """
    if not limit or sum([width(text) for text, _ in line]) <= limit:
        return [line]
    start = plain(line)
    if not start.strip(" ^~"):
        return []  # the marks below a line of code that is broken itself would point at nothing
    indent = " " * min(len(start) - len(start.lstrip()) + 2, limit // 2)
    lines: list[Line] = [[]]
    used = 0
    for text, style in line:
        for word in re.findall(r"\s+|\S+", text):
            rest = word
            if used + width(word) > limit and used > len(indent):
                if word.isspace():
                    continue
                lines.append([(indent, "")])
                used = len(indent)
            elif word.isspace() and len(lines) > 1 and used == len(indent):
                continue
            while used + width(rest) > limit:  # a word longer than a line
                head = _head(rest, limit - used) or rest[0]
                lines[-1].append((head, style))
                lines.append([(indent, "")])
                rest, used = rest[len(head) :], len(indent)
            lines[-1].append((rest, style))
            used += width(rest)
    return lines


def _head(text: str, columns: int) -> str:
    for i, one in enumerate(text):
        columns -= _columns(one)
        if columns < 0:
            return text[:i]
    return text


def plain(line: Line) -> str:
    """The line without styles."""
    return "".join([text for text, _ in line])


def ansi(line: Line) -> str:
    """The line with escape sequences for its styles."""
    return "".join([f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style and text.strip() else text for text, style in line])


def table(
    rows: Sequence[Sequence[Line | str]],
    *,
    right: Sequence[int] = (),
    indent: int = 2,
    gap: int = 2,
    room: int = 0,
    spare: Sequence[int] = (),
) -> list[Line]:
    """Rows of cells as lines with columns aligned; `right` names the columns that are aligned to the right.

    A column in which every cell is empty takes no room. The last column is not padded. Where the lines are wider than
    `room` (0: any), the columns in `spare` are left out, one after the other, until a piece of the last column fits;
    where next to nothing of it fits, it is left out as well.

    >>> [plain(one) for one in table([["a", "long", "b"]], room=9, spare=[1])]
    ['  a  b']
    """
    cells = [[[(cell, "")] if isinstance(cell, str) else cell for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(width(plain(row[i])) for row in cells) for i in range(len(cells[0]))]
    shown = [i for i, wide in enumerate(widths) if wide]
    for i in spare:
        taken = indent + sum([widths[one] + gap for one in shown[:-1]]) + min(widths[shown[-1]], _PIECE) if shown else 0
        if room and taken > room and i in shown[:-1]:
            shown.remove(i)
    if room and len(shown) > 1 and indent + sum([widths[one] + gap for one in shown[:-1]]) > room - _LETTERS:
        shown.pop()
    lines: list[Line] = []
    for row in cells:
        line: Line = [(" " * indent, "")]
        for i in shown:
            pad = " " * (widths[i] - width(plain(row[i])))
            last = i == shown[-1]
            line.extend([(pad, ""), *row[i]] if i in right else [*row[i], ("" if last else pad, "")])
            line.append(("" if last else " " * gap, ""))
        lines.append([piece for piece in line if piece[0]])
    return lines
