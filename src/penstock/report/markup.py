"""HTML that can't be broken by what is put into it: every text is escaped, unless it is markup already."""

import re
from collections.abc import Iterable
from html import escape

__all__ = ["Markup", "element", "joined", "page", "prose"]

_VOID = frozenset({"img", "br", "hr", "meta", "input"})
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*")


class Markup(str):
    """Text that is HTML. Only `element` and its like make it."""

    __slots__ = ()


def element(name: str, /, *inside: object, **attributes: str | bool | None) -> Markup:
    """An element; what is inside is escaped, unless it is markup. Attributes that are None or False are left out; a `_`
    at the end or within a name reads `-`, so that `class_` and `data_step` can be said.

    >>> element("a", "<b>", href='x"y', class_="one")
    '<a href="x&quot;y" class="one">&lt;b&gt;</a>'
    """
    said = []
    for key, value in attributes.items():
        shown = key.rstrip("_").replace("_", "-")
        if not _NAME.fullmatch(shown):
            raise ValueError(f"{key!r} can't be the name of an attribute")
        if value is True:
            said.append(f" {shown}")
        elif value is not None and value is not False:
            said.append(f' {shown}="{escape(_visible(str(value)))}"')
    body = joined(inside)
    return Markup(f"<{name}{''.join(said)}>" if name in _VOID else f"<{name}{''.join(said)}>{body}</{name}>")


def joined(parts: Iterable[object]) -> Markup:
    """Parts one after another; None and False are nothing."""
    found = []
    for part in parts:
        if part is None or part is False:
            continue
        found.append(str(part) if isinstance(part, Markup) else escape(_visible(str(part))))
    return Markup("".join(found))


def _visible(text: str) -> str:
    """Control characters and lone surrogates can't stand in a page."""
    return "".join([one if one.isprintable() or one in "\n\t" else "�" for one in text])


def page(title: str, body: Iterable[object], style: str = "") -> str:
    """A whole page that asks nothing of any other place: no script, no font, no picture from outside is let in."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        Markup(f"<style>{style.replace('</', '')}</style>"),
    ]
    return f"<!doctype html>\n{element('html', element('head', *head), element('body', *body), lang='en')}\n"


def prose(markdown: str) -> Markup:
    """The little of Markdown that notes are written in: headings, lists, paragraphs, bold, italics, code, fences.

    Everything else stays as it was written; links are shown and lead nowhere.

    >>> prose("**a** & `b`")
    '<p><strong>a</strong> &amp; <code>b</code></p>'
    """
    parts: list[Markup] = []
    for block in re.split(r"(```.*?(?:```|\Z))|\n[ \t]*\n", markdown, flags=re.DOTALL):
        if block is None or not block.strip():
            continue
        if block.startswith("```"):
            code = block.removeprefix("```").removesuffix("```").partition("\n")[2]
            parts.append(element("pre", element("code", code)))
            continue
        parts += _block(block.strip("\n"))
    return joined(parts)


def _block(text: str) -> list[Markup]:
    lines = text.split("\n")
    heading = re.fullmatch(r"(#{1,6})\s+(.*)", lines[0])
    if heading:
        size = min(len(heading[1]) + 3, 6)
        rest = "\n".join(lines[1:])
        return [element(f"h{size}", _inline(heading[2])), *(_block(rest) if rest.strip() else [])]
    if all(re.match(r"\s*[-*+]\s+", line) for line in lines):
        items = [element("li", _inline(re.sub(r"^\s*[-*+]\s+", "", line))) for line in lines]
        return [element("ul", *items)]
    return [element("p", _inline(text))]


def _inline(text: str) -> Markup:
    found = []
    for part in re.split(r"(`[^`\n]+`|\*\*[^*\n]+\*\*|\*[^*\s][^*\n]*\*)", text):
        if len(part) > 2 and part[0] == "`" == part[-1]:
            found.append(element("code", part[1:-1]))
        elif len(part) > 4 and part.startswith("**") and part.endswith("**"):
            found.append(element("strong", part[2:-2]))
        elif len(part) > 2 and part[0] == "*" == part[-1]:
            found.append(element("em", part[1:-1]))
        else:
            found.append(joined([part]))
    return joined(found)
