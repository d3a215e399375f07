"""pyarrow tables and arrays come back equal, with their metadata but for library versions."""

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from penstock.codecs.registry import Codecs
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()


def digest(value: Any) -> str:
    return CODECS.encode(value, MemorySink()).digest


TABLE = pa.table(
    {
        "i": pa.array([1, None, 3]),
        "view": pa.array(["a", None, "long enough to leave the view"], pa.string_view()),
        "bin": pa.array([b"a", None, b""], pa.binary_view()),
        "small": pa.array(["a", None, ""]),
        "dict": pa.array(["x", "y", None]).dictionary_encode(),
        "fixed": pa.array([b"ab", None, b"cd"], pa.binary(2)),
        "decimal": pa.array([1, None, 3], pa.decimal256(50, 3)),
        "list": pa.array([[1], None, [2, None]], pa.list_(pa.int8())),
        "lists": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)),
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int8())),
        "struct": pa.array([{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}]),
        "ree": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array([7, 8])),
        "half": pa.array([1.5, None, 2], pa.float16()),
        "t": pa.array([1, None, 3], pa.timestamp("s", "Europe/Berlin")),
    },
)


class TestArrowCodec(CodecContract):
    codec = CODECS.named("arrow")

    def examples(self) -> list[Any]:
        return [
            TABLE,
            TABLE.select(["i", "small"]),
            TABLE.select(["small", "i"]),
            TABLE.slice(1, 1),
            TABLE.slice(0, 0),
            TABLE.select(["i"]).replace_schema_metadata({b"note": b"\xff"}),
            TABLE.select(["i"]),
            TABLE.select(["i"]).cast(pa.schema([pa.field("i", pa.int64(), metadata={"unit": "kg"})])),
            pa.table([[1], [2]], names=["same", "same"]),
            TABLE.select(["i"]).to_batches()[0],
            TABLE["i"],
            TABLE["i"].combine_chunks(),
            pa.array(["a", None], pa.string_view()),
            pa.table({}),
            pa.table({"n": pa.array(range(100_000))}),
        ]

    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        if isinstance(left, pa.Table | pa.RecordBatch):
            assert left.schema.equals(right.schema, check_metadata=True)
        else:
            assert left.type == right.type
        right.validate(full=True)
        assert left.equals(right)


def test_chunks_do_not_count() -> None:
    cut = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1, 2)])
    assert cut.column(0).num_chunks == 2
    assert digest(cut) == digest(TABLE)


def test_the_version_of_pandas_is_no_content() -> None:
    table = pa.Table.from_pandas(pd.DataFrame({"a": [1]}))
    noted = json.loads(table.schema.metadata[b"pandas"])
    older = {**noted, "pandas_version": "1.0", "creator": {"library": "pyarrow", "version": "1"}}
    other = table.replace_schema_metadata({b"pandas": json.dumps(older).encode()})
    assert digest(other) == digest(table)
    sink = MemorySink()
    again = CODECS.decode(CODECS.encode(table, sink), sink.reader())
    assert again.to_pandas().equals(table.to_pandas())


@pytest.mark.parametrize("name", TABLE.column_names)
def test_slices_and_garbage_under_nulls_do_not_count(name: str) -> None:
    column = TABLE.select([name])
    padded = pa.concat_tables([column, column, column]).combine_chunks().slice(3, 3)
    assert padded.equals(column)
    assert digest(padded) == digest(column)


def test_a_table_of_no_columns_keeps_its_rows() -> None:
    table = pa.table({"a": [1, 2, 3]}).select([])
    sink = MemorySink()
    again = CODECS.decode(CODECS.encode(table, sink), sink.reader())
    assert again.num_rows == table.num_rows == 3
