"""Stored frames: the Arrow file is the root, unless columns of objects go beside it."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from penstock.codecs.arrow import MAGIC
from penstock.codecs.framefile import Frame, columns_of, head_of, load, save
from penstock.codecs.registry import Codecs
from penstock.model.artifact import Description
from penstock.testing.codecs import MemorySink

CODECS = Codecs()
TABLE = pa.table({"a": [1, None, 3]})


@pytest.mark.parametrize("writable", [False, True])
@pytest.mark.parametrize("objects", [{}, {1: [1, {2}, None], "name": [("x",)]}])
def test_frames_come_back(writable: bool, objects: dict[object, object]) -> None:
    sink = MemorySink()
    stored = save("any", Frame(TABLE, {"k": (1, 2)}, objects), Description("frame"), sink, CODECS.encode)
    table, spec, found, memory = load(stored, sink.reader(), CODECS.decode, writable=writable)
    assert table.equals(TABLE)
    assert (spec, found) == ({"k": (1, 2)}, objects)
    assert (memory is not None) == writable


def test_the_root_is_an_arrow_file_that_others_can_read() -> None:
    for value in (pl.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), TABLE):
        stored = CODECS.encode(value, MemorySink(small=1 << 20))
        assert stored.data is not None
        assert stored.data.startswith(MAGIC)
        with pa.ipc.open_file(stored.data) as file:
            assert file.read_all().column_names == ["a"]


def test_objects_make_the_table_a_part() -> None:
    sink = MemorySink(small=0)
    stored = CODECS.encode(pd.DataFrame({"a": range(3), "o": [1, "x", None]}), sink)
    assert len(stored.parts) == 1
    assert sink.blobs[stored.parts[0]].startswith(MAGIC)


def test_what_a_description_takes_from_a_table() -> None:
    assert [(one.name, one.dtype, one.nulls) for one in columns_of(TABLE)] == [("a", "int64", 1)]
    assert head_of([[1, 2, 3, 4, 5, 6], list("abcdef")]) == ((1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"))
    assert head_of([]) == ()
