"""All codecs together: the right one for each value, none imported for nothing."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from penstock import ports
from penstock.codecs.registry import Codecs, PlainCodec
from penstock.errors import CodecError, MissingExtra
from penstock.model.artifact import Description, Stored
from penstock.model.digest import digest_bytes
from penstock.testing.codecs import MemorySink

CODECS = Codecs()

KINDS: list[tuple[Any, str]] = [
    (1, "plain"), (None, "plain"), ("text", "plain"), ({"a": 1}, "plain"), (np.float64(1), "plain"), (pd.NaT, "plain"),
    (pd.Timestamp("2024-01-01", tz="UTC"), "plain"), (Path("no/such"), "plain"), (Path(__file__), "path"),
    (b"short", "plain"), (b"x" * 100_000, "bytes"), ([np.arange(2)], "tree"), (np.arange(2), "numpy"),
    (np.random.default_rng(0), "numpy-random"), (sp.csr_array((1, 1)), "sparse"), (pl.DataFrame(), "polars"),
    (pd.Series([1]), "pandas"), (pa.table({}), "arrow"), (LogisticRegression(), "model"), (object(), "pickle"),
    (len, "pickle"), (LogisticRegression, "pickle"), (pl.Int64, "pickle"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "name"), KINDS, ids=[f"{type(value).__name__}-{name}" for value, name in KINDS])
def test_each_value_finds_its_codec(value: Any, name: str) -> None:
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    assert stored.codec == name
    assert CODECS.named(name).name == name
    assert type(CODECS.decode(stored, sink.reader())) is type(value)


def test_it_keeps_the_promises_of_its_protocols() -> None:
    assert all(isinstance(codec, ports.Codec) for codec in CODECS)


def test_nothing_heavy_is_imported_for_plain_values() -> None:
    script = (
        "import sys\n"
        "from penstock.codecs.registry import Codecs\n"
        "from penstock.ports import Blob\n"
        "codecs = Codecs()\n"
        "class Thing: pass\n"
        "for value in (1, 'a', [1, {'b': 2.5}], (None,), {1, 2}, b'x', Thing(), lambda: 1):\n"
        "    stored = codecs.encode(value, None)\n"
        "    codecs.decode(stored, None)\n"
        "heavy = {'numpy', 'pandas', 'polars', 'pyarrow', 'narwhals', 'scipy', 'sklearn', 'matplotlib', 'PIL', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


class Shout:
    """A codec of someone else's."""

    name = "shout"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and value.isupper()

    def encode(self, value: Any, sink: Any) -> Stored:
        data = value.lower().encode()
        return Stored("shout", digest_bytes(data), digest_bytes(data), len(data), data=data, about=self.describe(value))

    def decode(self, stored: Stored, reader: Any) -> Any:
        assert stored.data is not None
        return stored.data.decode().upper()

    def describe(self, value: Any) -> Description:
        return Description("loud", text=value)


def test_codecs_from_elsewhere_are_asked_first() -> None:
    codecs = Codecs([Shout()])
    stored = codecs.encode("HELLO", MemorySink())
    assert stored.codec == "shout"
    assert codecs.decode(stored, MemorySink().reader()) == "HELLO"
    assert codecs.encode("hello", MemorySink()).codec == "plain"
    with pytest.raises(CodecError, match="shout"):
        CODECS.decode(stored, MemorySink().reader())


def test_a_codec_that_is_not_here_is_named() -> None:
    with pytest.raises(CodecError, match="`gone`"):
        CODECS.named("gone")


@pytest.mark.parametrize("value", [np.arange(3), {"a": [np.arange(3)]}], ids=["alone", "inside"])
def test_a_library_that_is_not_here_is_no_damage(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingExtra, match=r"reading a stored numpy\.ndarray needs numpy") as error:
        CODECS.decode(stored, sink.reader())
    assert "Install `numpy`" in error.value.hint


def test_what_can_not_be_stored_is_named_once_with_its_place() -> None:
    with pytest.raises(CodecError) as error:
        CODECS.encode({"a": [threading.Lock()]}, MemorySink())
    assert error.value.what.startswith("result['a'][0] is a `_thread.lock` and can't be stored: TypeError: ")


def test_plain_alone_refuses_the_rest() -> None:
    with pytest.raises(CodecError, match="ndarray"):
        PlainCodec().encode([np.arange(2)], MemorySink())


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
mixtures = st.recursive(
    scalars
    | st.lists(st.integers(-9, 9), max_size=3).map(np.array)
    | st.lists(st.integers(-9, 9), max_size=3).map(pl.Series),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.tuples(inner)
    ),
    max_leaves=8,
)


@given(mixtures)
def test_mixtures_of_everything_keep_their_digest(value: Any) -> None:
    sink = MemorySink(small=100)
    stored = CODECS.encode(value, sink)
    assert CODECS.encode(CODECS.decode(stored, sink.reader()), MemorySink()).identity == stored.identity
