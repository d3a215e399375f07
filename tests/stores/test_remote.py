import os
import time
from pathlib import Path

import obstore
import pytest
from obstore.store import from_url

from penstock.errors import Corrupt, StoreError
from penstock.model.digest import digest_bytes
from penstock.ports import Store
from penstock.stores.objects import Objects
from penstock.stores.remote import RemoteStore
from penstock.testing.stores import StoreContract

pytestmark = [pytest.mark.needs("moto")]


def key(digest: str, folder: str = "blobs") -> str:
    name = digest.removeprefix("blake3:")
    return f"blobs/{name[:2]}/{name}" if folder == "blobs" else f"{folder}/{name}"


def bucket(place: str) -> object:
    return from_url(place, client_options={"allow_http": True})


def put(store: RemoteStore, data: bytes) -> str:
    with store.writer() as writer:
        writer.write(data)
        digest = writer.finish().digest
    store.sync()
    return digest


class TestRemoteStore(StoreContract):
    grain = 1.0

    @pytest.fixture(autouse=True)
    def place(self, s3: str) -> None:
        self.at = f"{s3}/some/prefix"

    def make(self, folder: Path) -> RemoteStore:
        return RemoteStore(self.at, folder / "cache")

    def damage(self, store: Store, digest: str, data: bytes) -> None:
        """As another machine sees it, which has no copy of the good bytes."""
        obstore.put(bucket(self.at), key(digest), data)
        store._cache.drop(digest)


def test_it_is_a_store(s3: str, tmp_path: Path) -> None:
    store = RemoteStore(s3 + "/", tmp_path)
    assert isinstance(store, Store)
    assert store.location == s3
    assert list(tmp_path.iterdir()) == []


def test_the_layout(s3: str, tmp_path: Path) -> None:
    store = RemoteStore(f"{s3}/a/b", tmp_path)
    digest = put(store, b"content")
    put(store, b"content")
    assert sorted(one["path"] for batch in obstore.list(bucket(s3)) for one in batch) == [
        f"a/b/{key(digest)}",
        f"a/b/{key(digest, 'seen')}",
    ]


@pytest.mark.parametrize("size", [16 * 1024 * 1024, 16 * 1024 * 1024 + 1, 50_000_001])
def test_large_blobs_go_and_come_in_parts(s3: str, tmp_path: Path, size: int) -> None:
    data = os.urandom(1000) * (size // 1000 + 1)
    digest = put(RemoteStore(s3, tmp_path / "one"), data[:size])
    assert digest == digest_bytes(data[:size])
    other = RemoteStore(s3, tmp_path / "other")
    assert other.data(digest) == data[:size]
    assert put(other, data[:size]) == digest
    assert other.inspect(digest) == "good"


def test_a_machine_without_a_copy_reads_through_its_cache(s3: str, tmp_path: Path) -> None:
    digest = put(RemoteStore(s3, tmp_path / "one"), b"content" * 1000)
    other = RemoteStore(s3, tmp_path / "other")
    assert bytes(other.data(digest)) == b"content" * 1000
    obstore.delete(bucket(s3), key(digest))
    assert bytes(RemoteStore(s3, tmp_path / "other").data(digest)) == b"content" * 1000  # its copy
    with pytest.raises(Corrupt, match="gone"):
        RemoteStore(s3, tmp_path / "third").data(digest)


def test_a_damaged_copy_is_fetched_anew(s3: str, tmp_path: Path) -> None:
    store = RemoteStore(s3, tmp_path)
    digest = put(store, b"content" * 1000)
    copy = next(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    copy.chmod(0o600)
    copy.write_bytes(b"CONTENT" * 1000)
    assert bytes(RemoteStore(s3, tmp_path).data(digest)) == b"content" * 1000
    assert store.has(digest)


def test_a_misspelt_bucket_loses_nothing(s3: str, tmp_path: Path) -> None:
    """What is not found in a bucket that is not there is not said to be gone."""
    store = RemoteStore(f"{s3}-misspelt", tmp_path)
    for ask in (store.has, store.data, store.path, store.verify, store.inspect, store.remove, store.age):
        with pytest.raises(StoreError, match="no such bucket") as caught:
            ask(digest_bytes(b"content"))
        assert not isinstance(caught.value, Corrupt)


def test_a_service_that_is_not_there_is_told(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a token that is not to be told")
    store = RemoteStore(s3, tmp_path, objects=Objects(s3, patience=0.0))
    with pytest.raises(StoreError) as caught:
        put(store, b"content")
    assert s3 in caught.value.what and "http://127.0.0.1:9 can't be reached" in caught.value.what
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)
    assert "token that" not in str(caught.value)
    assert not any((tmp_path / "pending").iterdir())


def test_many_are_looked_for_at_once(s3: str, tmp_path: Path) -> None:
    store = RemoteStore(s3, tmp_path / "one")
    digests = [put(store, b"%d" % number) for number in range(40)]

    class Counted(Objects):
        heads = 0

        def head(self, key: str) -> object:
            self.heads += 1
            return super().head(key)

    objects = Counted(s3)
    other = RemoteStore(s3, tmp_path / "two", objects=objects)
    assert all(other.has(digest) for digest in digests * 5)
    assert objects.heads <= 33
    assert not other.has(digest_bytes(b"absent"))


def test_a_collector_that_died_half_way_takes_nothing(s3: str, tmp_path: Path) -> None:
    store = RemoteStore(s3, tmp_path / "one")
    digests = [put(store, b"%d" % number) for number in range(3)]
    for digest in digests:
        obstore.rename(bucket(s3), key(digest), key(digest, "trash"))
    other = RemoteStore(s3, tmp_path / "two")
    assert bytes(other.data(digests[0])) == b"0"
    assert other.has(digests[1])
    assert [(path.name, size) for path, size in other.leftovers(0.0)] == [(digests[2].removeprefix("blake3:"), 1)]
    assert other.leftovers(3600.0) == []
    assert other.clean(3600.0) == 0
    assert other.clean(0.0) == 1
    assert not other.has(digests[2])


def test_what_a_writer_found_while_it_was_collected_comes_back(s3: str, tmp_path: Path) -> None:
    class Slow(Objects):
        def move(self, source: str, target: str) -> None:
            if target.startswith("trash"):
                assert put(RemoteStore(s3, tmp_path / "writer"), b"wanted") == digest
            super().move(source, target)

    digest = put(RemoteStore(s3, tmp_path / "one"), b"wanted")
    store = RemoteStore(s3, tmp_path / "two", objects=Slow(s3))
    assert store.collect(digest, 0.0) == 0
    assert RemoteStore(s3, tmp_path / "three").has(digest)
    assert [one.key for one in Objects(s3).list("trash")] == []


def test_clocks_of_machines_do_not_matter(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RemoteStore(s3, tmp_path)
    digest = put(store, b"young")
    now = time.time
    for jump in (86_400.0, -86_400.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: now() + jump)
        assert store.age(digest) < 60
        assert store.collect(digest, 3600.0) == 0
