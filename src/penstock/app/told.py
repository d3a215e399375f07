"""What was found out, in the hands of who works in Python: a document that shows itself as text, in colour, and in notebooks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from penstock.report.paint import Line, ansi, plain

__all__ = ["Told"]


class Told(Mapping[str, Any]):
    """A document, as `--json` prints it, that is read as a dictionary.

    `print` gives the lines that the command line prints; notebooks and rich show it in their own form.

    >>> Told({"key": "a"}, [[("a row", "")]])["key"]
    'a'
    """

    def __init__(self, document: Mapping[str, Any], lines: Sequence[Line], page: str = "") -> None:
        self._document, self._lines, self._page = document, lines, page

    def __getitem__(self, name: str) -> Any:
        return self._document[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def __repr__(self) -> str:
        return "\n".join([plain(line).rstrip() for line in self._lines])

    def __rich__(self) -> Any:
        from rich.text import Text

        return Text.from_ansi("\n".join([ansi(line).rstrip() for line in self._lines]))

    def _repr_html_(self) -> str:
        from html import escape

        return self._page or f'<pre style="overflow-x: auto">{escape(repr(self))}</pre>'
