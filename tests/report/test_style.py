"""The style sheet asks nothing of any other place, and knows light and dark."""

import re

from penstock.report.style import STYLE, fragment_style


def test_nothing_comes_from_outside() -> None:
    for word in ("url(", "@import", "http", "</"):
        assert word not in STYLE


def test_digests_do_not_widen_a_narrow_page() -> None:
    assert ".facts > * { min-width: 0; overflow-wrap: anywhere; }" in STYLE


def test_each_colour_is_there_in_light_and_in_dark() -> None:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    names = set(re.findall(r"(--\w+):", light))
    assert names
    assert names == set(re.findall(r"(--\w+):", dark.split("* {")[0]))
    assert set(re.findall(r"var\((--\w+)\)", STYLE)) <= names


def test_a_piece_of_another_page_styles_nothing_but_itself() -> None:
    said = fragment_style("mine", ".more { color: red; }")
    assert said.startswith(".mine {") and said.count("{") == said.count("}")
    assert ":root" not in said and "body" not in said and ".more" in said
