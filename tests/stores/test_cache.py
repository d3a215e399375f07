import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from penstock.errors import Corrupt, StoreError
from penstock.model.digest import digest_bytes
from penstock.stores.cache import Cache
from penstock.stores.writing import Finished


def fill(data: bytes):
    def write(file: int) -> int:
        return os.write(file, data)

    return write


def take(cache: Cache, data: bytes) -> str:
    digest = digest_bytes(data)
    assert cache.receive(digest, fill(data)) == (len(data), digest)
    return digest


def write(cache: Cache, data: bytes) -> str:
    with cache.writer() as writer:
        writer.write(data)
        return writer.finish().digest


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10_000, lambda blob: None)
    digests = [take(cache, b"%03d" % number * 300) for number in range(11)]
    cache.data(digests[0])
    for number in range(100, 103):
        take(cache, b"%03d" % number * 300)
    assert cache.bytes() <= 10_000
    assert bytes(cache.data(digests[0])) == b"000" * 300
    with pytest.raises(Corrupt):
        cache.data(digests[1])


def test_the_limit_holds_for_what_is_written(tmp_path: Path) -> None:
    sent: list[int] = []
    cache = Cache(tmp_path, 50_000, lambda blob: sent.append(blob.size))
    for number in range(40):
        write(cache, b"%04d" % number * 1000)
        cache.sync()
        assert cache.bytes() <= 50_000
    assert sent == [4000] * 40


def test_what_was_not_sent_never_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1000, lambda blob: None)
    waiting = write(cache, b"waiting" * 1000)
    for number in range(10):
        take(cache, b"%d" % number * 900)
    assert bytes(cache.data(waiting)) == b"waiting" * 1000
    cache.sync()


def test_what_could_not_be_sent_leaves_nothing(tmp_path: Path) -> None:
    def refuse(blob: Finished) -> None:
        raise StoreError("the line is cut")

    cache = Cache(tmp_path, 1000, refuse)
    digest = write(cache, b"content")
    with pytest.raises(StoreError, match="the line is cut"):
        cache.sync()
    with pytest.raises(Corrupt):
        cache.data(digest)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"] == []


def test_bytes_that_do_not_match_are_not_taken_in(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1000, lambda blob: None)
    digest = digest_bytes(b"good")
    assert cache.receive(digest, fill(b"bad")) == (3, digest_bytes(b"bad"))
    with pytest.raises(Corrupt):
        cache.data(digest)
    assert not any((tmp_path / "tmp").iterdir())


def test_readers_keep_what_goes(tmp_path: Path) -> None:
    """Mapped bytes, and files that were handed out, outlive their place in the cache."""
    cache = Cache(tmp_path, 1000, lambda blob: None)
    digest = take(cache, b"x" * 900)
    view, path = cache.data(digest), cache.path(digest)
    take(Cache(tmp_path, 1000, lambda blob: None), b"y" * 900)
    with pytest.raises(Corrupt):
        Cache(tmp_path, 1000, lambda blob: None).data(digest)
    assert bytes(view) == path.read_bytes() == b"x" * 900
    cache.close()
    assert not path.exists()


def test_what_a_dead_process_was_given_goes_as_well(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom penstock.stores.cache import Cache\n"
        "print(Cache(Path(sys.argv[1]), 1000, lambda blob: None).path(sys.argv[2]))"
    )
    digest = take(Cache(tmp_path, 1000, lambda blob: None), b"x" * 900)
    copy = next(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    os.utime(copy, (0, 0))
    done = subprocess.run([sys.executable, "-c", script, tmp_path, digest], capture_output=True, text=True, check=True)
    left = Path(done.stdout.strip())
    assert left.exists()
    take(Cache(tmp_path, 1000, lambda blob: None), b"y" * 900)
    assert not left.exists()


READER = """
import os, sys
from pathlib import Path
from penstock.errors import Corrupt
from penstock.model.digest import digest_bytes
from penstock.stores.cache import Cache
cache = Cache(Path(sys.argv[1]), 20_000, lambda blob: None)
read = 0
for turn in range(300):
    data = b"%d" % ((turn * 7 + int(sys.argv[2])) % 40) * 1000
    digest = digest_bytes(data)
    for _ in range(50):
        try:
            found = bytes(cache.data(digest)) if turn % 2 else cache.path(digest).read_bytes()
            break
        except Corrupt:
            cache.receive(digest, lambda file: os.write(file, data))
    else:
        raise SystemExit("it never stayed long enough")
    assert found == data, turn
    read += 1
cache.close()
print(read)
"""


def test_processes_that_evict_each_others_copies_read_right(tmp_path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", READER, tmp_path, str(number)], stdout=subprocess.PIPE, text=True)
        for number in range(3)
    ]
    assert [one.communicate()[0].strip() for one in started] == ["300"] * 3
    assert Cache(tmp_path, 20_000, lambda blob: None).quarantined() == []


def test_threads_share_a_cache(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 20_000, lambda blob: None)
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(50):
                data = b"%d" % (turn % 10) * 1000
                assert digest_bytes(data) == take(cache, data)
                write(cache, data + b"%d" % number)
                cache.sync()
        except BaseException as error:  # handed to the test
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
