"""What every codec must keep: a suite to inherit from, and a store in memory to run it on.

    class TestMyCodec(CodecContract):
        codec = MyCodec()

        def examples(self):
            return [MyValue(1), MyValue(2)]

`examples` gives values that differ from each other. Needs pytest.
"""

import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, cast

import msgspec
from msgspec.structs import replace

from penstock.errors import CodecError, Corrupt
from penstock.model.artifact import Stored
from penstock.model.digest import digest_bytes, is_digest
from penstock.ports import Blob

__all__ = ["CodecContract", "MemoryReader", "MemorySink", "assert_same", "digests_of_suites"]


class MemorySink:
    """A store in memory for tests. Blobs below `small` bytes come back in `Blob.data` and are not kept."""

    def __init__(self, small: int = 4096) -> None:
        self.small = small
        self.blobs: dict[str, bytes] = {}

    def blob(self, write: Callable[[BinaryIO], object]) -> Blob:
        """Keep what `write` writes."""
        file = BytesIO()
        write(cast("BinaryIO", _Unclosable(file)))
        return self._keep(file.getvalue())

    def file(self, path: Path) -> Blob:
        """Keep a file's content."""
        return self._keep(path.read_bytes())

    def _keep(self, data: bytes) -> Blob:
        digest = digest_bytes(data)
        if len(data) < self.small:
            return Blob(digest, len(data), data)
        self.blobs[digest] = data
        return Blob(digest, len(data))

    def reader(self) -> "MemoryReader":
        """A reader of what was written so far and will be."""
        return MemoryReader(self.blobs)


class _Unclosable:
    """A binary file that may only be written to: what a store hands out."""

    def __init__(self, file: BytesIO) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        pass


class MemoryReader:
    """Reads what a `MemorySink` kept, verified on each read."""

    def __init__(self, blobs: dict[str, bytes]) -> None:
        self._blobs = blobs
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def data(self, digest: str) -> memoryview:
        """The bytes, read-only."""
        data = self._blobs.get(digest)
        if data is None or digest_bytes(data) != digest:
            raise Corrupt(f"blob {digest} is gone or damaged")
        return memoryview(data)

    def path(self, digest: str) -> Path:
        """A read-only file with the bytes."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="penstock-test-")
        path = Path(self._folder.name) / digest.replace(":", "-")
        if not path.exists():
            path.write_bytes(self.data(digest))
            path.chmod(0o444)
        return path


def assert_same(left: Any, right: Any) -> None:
    """Both have one type and one content: by their bytes where they compare unequal to themselves (NaN)."""
    assert type(left) is type(right), f"{type(left)} is not {type(right)}"
    if isinstance(left, list | tuple) and len(left) == len(right):
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
        return
    if isinstance(left, dict):
        assert list(map(repr, left)) == list(map(repr, right))
        for one, other in zip(left.values(), right.values(), strict=True):
            assert_same(one, other)
        return
    if hasattr(left, "equals") and not isinstance(left, type):
        assert left.equals(right)
        return
    same = left == right
    if hasattr(same, "all") and not isinstance(same, bool):
        assert left.shape == right.shape
        assert left.dtype == right.dtype
        assert left.tobytes() == right.tobytes() or bool((same | ((left != left) & (right != right))).all())  # noqa: PLR0124
        return
    assert same or (left != left and right != right), f"{left!r} is not {right!r}"  # noqa: PLR0124 - NaN


@cache
def _digests_elsewhere(module: str, file: str) -> dict[str, list[str]]:
    """The digests that another process finds for the examples of every suite in a test file, by the suite's name."""
    script = (
        "import importlib.util, inspect, json, sys\n"
        f"spec = importlib.util.spec_from_file_location({module!r}, {file!r})\n"
        "module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "from penstock.testing.codecs import digests_of_suites\n"
        "print(json.dumps(digests_of_suites(module)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def digests_of_suites(module: ModuleType) -> dict[str, list[str]]:
    """The digests of the examples of each suite in a module that names its codec, by the suite's name."""
    suites = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, CodecContract)]
    return {
        one.__qualname__: [one()._store(value)[0].digest for value in one().examples()]
        for one in suites
        if hasattr(one, "codec")
    }


class CodecContract:
    """Inherit from this, set `codec`, and give `examples`."""

    codec: Any

    def examples(self) -> Sequence[Any]:
        """Values that this codec takes and that differ from each other (at least two)."""
        raise NotImplementedError

    def same(self, left: Any, right: Any) -> None:
        """Assert that two values are equal in type and content; override where `==` does not say so."""
        assert_same(left, right)

    def spoil(self, value: Any) -> None:
        """Try to alter a value in place. Override for values that can be altered; what is raised is passed over."""
        if isinstance(value, list | dict | set | bytearray):
            value.clear()
        elif hasattr(value, "reshape"):
            value.reshape(-1)[:1] = value.reshape(-1)[-1:]

    def _store(self, value: Any) -> tuple[Stored, MemorySink]:
        sink = MemorySink()
        return self.codec.encode(value, sink), sink

    def test_takes_its_examples(self) -> None:
        assert len(self.examples()) >= 2
        assert all(self.codec.accepts(value) for value in self.examples())

    def test_round_trip_keeps_type_and_content(self) -> None:
        for value in self.examples():
            stored, sink = self._store(value)
            self.same(value, self.codec.decode(stored, sink.reader()))

    def test_is_named_and_addressed(self) -> None:
        for value in self.examples():
            stored, sink = self._store(value)
            assert stored.codec == self.codec.name
            assert is_digest(stored.digest)
            assert is_digest(stored.blob)
            assert stored.data is None or digest_bytes(stored.data) == stored.blob
            assert (stored.data is None) == (stored.blob in sink.blobs)
            assert set(stored.parts) <= set(sink.blobs)
            reached = sum(len(sink.blobs[one]) for one in {*stored.parts, stored.blob} & set(sink.blobs))
            assert stored.size >= reached

    def test_equal_content_has_equal_digest(self) -> None:
        for value in self.examples():
            stored, sink = self._store(value)
            again = self.codec.encode(self.codec.decode(stored, sink.reader()), MemorySink(small=0))
            assert again.digest == stored.digest

    def test_other_content_has_another_digest(self) -> None:
        digests = [self._store(value)[0].digest for value in self.examples()]
        assert len(set(digests)) == len(digests)

    def test_digest_is_the_same_in_another_process(self) -> None:
        here = [self._store(value)[0].digest for value in self.examples()]
        where = type(self)
        there = _digests_elsewhere(where.__module__, inspect.getfile(where))[where.__qualname__]
        moved = [number for number, pair in enumerate(zip(here, there, strict=True)) if pair[0] != pair[1]]
        assert not moved, f"examples {moved} have another digest in another process"

    def test_description_is_there_and_json_safe(self) -> None:
        for value in self.examples():
            about = self._store(value)[0].about
            assert about.type
            assert about.text
            try:
                json.dumps(msgspec.to_builtins(about), allow_nan=False)
            except ValueError as error:
                raise AssertionError(f"JSON can't hold the description of a {about.type}: {error}") from None
            assert self.codec.describe(value).type == about.type

    def test_asking_imports_nothing(self) -> None:
        before = set(sys.modules)
        for value in (1, "text", None, [1], {"a": object()}, object(), lambda: 0, *self.examples()):
            self.codec.accepts(value)
        assert {name.partition(".")[0] for name in set(sys.modules) - before} <= {"penstock"}

    def test_damaged_bytes_are_found(self) -> None:
        for value in self.examples():
            stored, sink = self._store(value)
            if stored.data is not None:
                damaged = replace(stored, data=bytes([stored.data[0] ^ 1]) + stored.data[1:] if stored.data else b"x")
                self._must_fail(damaged, sink)
                self._must_fail(replace(stored, data=stored.data[:-1] if stored.data else b"xx"), sink)
            for digest in (stored.blob, *stored.parts):
                if digest in sink.blobs:
                    whole = sink.blobs[digest]
                    sink.blobs[digest] = whole[:-1]
                    self._must_fail(stored, sink)
                    sink.blobs[digest] = whole

    def _must_fail(self, stored: Stored, sink: MemorySink) -> None:
        try:
            self.codec.decode(stored, sink.reader())
        except (Corrupt, CodecError):
            return
        raise AssertionError(f"damaged bytes of a {stored.about.type} were read as if nothing had happened")

    def test_a_value_is_no_way_into_the_store(self) -> None:
        for value in self.examples():
            stored, sink = self._store(value)
            before = dict(sink.blobs)
            reader = sink.reader()
            loaded = self.codec.decode(stored, reader)
            try:
                self.spoil(loaded)
            except Exception:
                pass
            assert sink.blobs == before
            self.same(value, self.codec.decode(stored, reader))
