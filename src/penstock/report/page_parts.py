"""Parts that the pages share: badges, tables, diffs, pictures."""

import base64
from collections.abc import Iterable, Mapping, Sequence

from penstock.report.documents import ReasonDocument, WhyReason
from penstock.report.markup import Markup, element, joined

__all__ = ["PictureData", "badge", "diff_block", "facts", "grid_table", "picture", "reason_item", "section"]

PictureData = tuple[str, bytes]
"""The media type of a picture and its bytes; empty where there is none."""

_STYLES = {
    "succeeded": "good",
    "reused": "soft",
    "failed": "bad",
    "tolerated": "bad",
    "blocked": "warn",
    "cancelled": "warn",
    "waiting": "warn",
    "skipped": "soft",
    "running": "soft",
}


def badge(status: str) -> Markup:
    """The status of a run or step."""
    words = "failed, tolerated" if status == "tolerated" else status
    return element("span", words, class_=f"badge {_STYLES.get(status, 'soft')}")


def section(title: str, *inside: object, name: str = "") -> Markup | None:
    """A part of the page under its title; nothing if nothing is inside."""
    body = joined(inside)
    return joined([element("h2", title, id=name or None), body]) if body else None


def facts(listed: Iterable[object]) -> Markup:
    """Short facts in a row."""
    return element("div", *[element("span", one) for one in listed if one], class_="facts")


def grid_table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> Markup | None:
    """A table that scrolls where it is too wide; `numbers` are the columns aligned to the right. None without rows."""
    listed = list(rows)
    if not listed:
        return None
    style = ["num" if index in numbers else None for index in range(max(map(len, listed)))]
    titles = [element("th", one, class_=style[index]) for index, one in enumerate(head)]
    lines = [
        element("tr", *[element("td", cell, class_=style[index]) for index, cell in enumerate(row)]) for row in listed
    ]
    return element("div", element("table", element("tr", *titles) if any(head) else None, *lines), class_="scroll")


def diff_block(diff: str) -> Markup | None:
    """A unified diff, its added and removed lines coloured."""
    if not diff:
        return None
    lines: list[object] = []
    for raw in diff.splitlines():
        if raw.startswith(("---", "+++")):
            continue
        kind = {"+": "add", "-": "remove", "@": "soft"}.get(raw[:1])
        lines.append(element("span", raw, class_=kind) if kind in ("add", "remove") else joined([raw, "\n"]))
    return element("pre", *lines)


def reason_item(one: ReasonDocument | WhyReason) -> Markup:
    """A reason with its place, and with the diff of the code that changed."""
    where = element("code", one["where"]) if one["where"] else None
    return element("li", one["what"], " " if where else None, where, diff_block(str(one.get("diff", ""))))


def picture(found: Mapping[tuple[str, str], PictureData], step: str, name: str, note: str = "") -> Markup:
    """A figure of a step. It is shown as an image, in which no script of it can run."""
    kind, data = found.get((step, name), ("", b""))
    words = f"{step}.{name}{f' · {note}' if note else ''}"
    if not data:
        return element(
            "figure", element("p", "No picture is stored of it.", class_="soft"), element("figcaption", words)
        )
    source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return element("figure", element("img", src=source, alt=words), element("figcaption", words))
