"""Nothing that is put into markup can break out of it."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.report.markup import Markup, element, joined, page, prose


class Reader(HTMLParser):
    """What a browser would see: the elements with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


texts = st.text() | st.sampled_from(
    [
        "</style><script>x</script>",
        '"><img src=x onerror=alert(1)>',
        "<!--",
        "]]>",
        "&lt;",
        "a\x00b",
        "\ud800",
        "**<b>**",
    ]
)


@given(texts, texts)
def test_whatever_is_put_in_stays_text(inside: str, attribute: str) -> None:
    seen = Reader(element("p", inside, title=attribute))
    assert [tag for tag, _ in seen.tags] == ["p"]
    assert list(seen.tags[0][1]) == ["title"]
    if inside.isprintable() and attribute.isprintable():
        assert seen.text == inside
        assert seen.tags[0][1]["title"] == attribute


@given(texts)
def test_prose_makes_only_what_it_knows(text: str) -> None:
    allowed = {"p", "strong", "em", "code", "pre", "ul", "li", *[f"h{size}" for size in range(1, 7)]}
    for tag, attributes in Reader(prose(text)).tags:
        assert tag in allowed
        assert not attributes


def test_prose() -> None:
    made = prose("# Title\nSome *words* and **more**\n\n- one `x`\n- two\n\n```\n<b> **raw**\n\nline\n```")
    assert made == (
        "<h4>Title</h4><p>Some <em>words</em> and <strong>more</strong></p>"
        "<ul><li>one <code>x</code></li><li>two</li></ul><pre><code>&lt;b&gt; **raw**\n\nline\n</code></pre>"
    )


def test_markup_is_taken_as_it_is_and_nothing_is_nothing() -> None:
    assert joined(["<", Markup("<b>x</b>"), None, False, 0]) == "&lt;<b>x</b>0"
    assert element("img", src="a", alt=None, hidden=True, open=False) == '<img src="a" hidden>'
    with pytest.raises(ValueError, match="attribute"):
        element("p", **{"on click": "x"})


@given(texts, texts)
def test_a_page_lets_nothing_in_from_outside(title: str, body: str) -> None:
    made = page(title, [element("p", body)], "p { color: red }</style><script>")
    tags = Reader(made).tags
    assert "script" not in [tag for tag, _ in tags]
    policy = next(one["content"] for _, one in tags if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
