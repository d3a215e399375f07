"""Frozen contracts as YAML: what is written is read again, and what is broken is told with its place."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.errors import ContractError
from penstock.model.frozen import FrozenColumn, FrozenFreshness, FrozenRows, FrozenTable
from penstock.rows.frozen_file import read_frozen, write_frozen

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
columns = st.builds(
    FrozenColumn,
    type=st.sampled_from(["integer", "number", "text"]),
    nulls=st.floats(0, 1),
    unique=st.booleans(),
    least=st.none() | st.integers(-(10**6), 10**6) | st.floats(-1e9, 1e9),
    values=st.none()
    | st.lists(
        st.one_of(names, st.sampled_from(["no", "NO", "on", "1", "1e3", "null", "2013-01-01", "~", ""])), max_size=4
    ),
)
tables = st.builds(
    FrozenTable,
    source=names,
    run=st.sampled_from(["", "20260101-000000-abcd"]),
    rows=st.builds(FrozenRows, st.integers(0, 10**9), st.none() | st.integers(0, 10**9)),
    newest=st.none()
    | st.builds(FrozenFreshness, names, st.sampled_from(["", "2026-01-01T00:00:00"]), st.none() | st.floats(0, 99)),
    key=st.lists(names, max_size=3),
    columns=st.dictionaries(names, columns, max_size=4),
)


@given(tables)
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(table: FrozenTable) -> None:
    text = write_frozen(table, "a.yaml")
    assert read_frozen(text.encode(), "a.yaml") == table


def test_a_line_a_column() -> None:
    table = FrozenTable(
        "orders", columns={"a": FrozenColumn("integer", least=0), "b": FrozenColumn("text", values=["NO"])}
    )
    assert write_frozen(table, "o.yaml").splitlines()[-3:] == [
        "columns:",
        "  a: {type: integer, least: 0}",
        "  b: {type: text, values: ['NO']}",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source: a\ncolumns: {x: {tpye: text}}", "this is no frozen contract"),
        ("source: a\n  b: [", "o.yaml:2"),
        ("- a\n- b", "this is no frozen contract"),
        ("", "this is no frozen contract"),
        ("source: a\nrows: {least: many}", "this is no frozen contract"),
        ("!!python/object/apply:os.system ['true']", "o.yaml"),
    ],
)
def test_what_can_not_be_meant(text: str, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_frozen(text.encode(), "o.yaml")
    assert said in str(caught.value)
    assert "contract freeze" in caught.value.hint


def test_without_yaml_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['yaml'] = None\nfrom penstock.rows.frozen_file import read_frozen\n"
        "try: read_frozen(b'', 'x')\nexcept Exception as error: print(type(error).__name__, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtra Install it: pip install 'penstock[frames]'")
