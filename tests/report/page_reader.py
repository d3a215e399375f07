"""What a browser would see of a page."""

from html.parser import HTMLParser

__all__ = ["PageReader"]

_VOID = {"img", "br", "hr", "meta", "input"}


class PageReader(HTMLParser):
    """The elements of a page with their attributes, its text, and whether every element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.sound = True
        self.feed(text)
        self.close()
        self.sound = self.sound and not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.sound = False

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data

    def safe(self) -> bool:
        """Whether nothing runs, and nothing comes from another place."""
        for tag, attributes in self.tags:
            if tag in {"script", "iframe", "object", "embed", "link", "base", "form"}:
                return False
            for name, value in attributes.items():
                if name.startswith("on") or (
                    name in {"src", "href"} and not (value or "").startswith(("data:image/", "#"))
                ):
                    return False
        return self.sound
