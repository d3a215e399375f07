"""Files of other machines, fetched once."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from penstock.errors import ParameterError
from penstock.work.remote import _root, fetch, stub_of


class Served(SimpleHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        troubles = len([one for one in self.asked if one == self.path]) - 1
        if self.path.startswith("/busy") and troubles < 2:
            self.send_error(503, "Busy")
        elif self.path.startswith("/breaks") and (troubles < 1 or "always" in self.path):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only the beginning")
        elif self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "/a.csv")
            self.end_headers()
        elif self.path.startswith(("/busy", "/breaks")):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"in the end")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "a.csv").write_text("x,y")
    Served.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=str(tmp_path / "www"))) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()


def test_a_file_is_fetched_once(tmp_path: Path, server: str) -> None:
    for _ in range(2):
        ((name, path),) = fetch(f"{server}/a.csv?v=1", tmp_path / "downloads")
        assert (name, path.read_text()) == ("a.csv", "x,y")
    assert Served.asked == ["/a.csv?v=1"]
    fetch(f"{server}/a.csv?v=2", tmp_path / "downloads")
    assert len(Served.asked) == 2


def test_what_cannot_be_fetched_leaves_nothing(tmp_path: Path, server: str) -> None:
    with pytest.raises(ParameterError, match="404 File not found"):
        fetch(f"{server}/none", tmp_path / "downloads")
    with pytest.raises(ParameterError, match="can't be fetched"):
        fetch("http://127.0.0.1:1/x", tmp_path / "downloads")
    assert list((tmp_path / "downloads").iterdir()) == []


def test_trouble_that_passes(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.work.remote._WAITS", (0, 0))
    for path in ("busy", "breaks"):
        ((_, found),) = fetch(f"{server}/{path}", tmp_path / "downloads")
        assert found.read_text() == "in the end"
    with pytest.raises(ParameterError, match="18 of 1000 bytes came"):
        fetch(f"{server}/breaks/always", tmp_path / "downloads")
    assert len(list((tmp_path / "downloads").iterdir())) == 2
    ((name, found),) = fetch(f"{server}/elsewhere/b.csv", tmp_path / "downloads")
    assert (name, found.read_text()) == ("b.csv", "x,y")


def test_secrets_of_an_address_are_not_told(tmp_path: Path, server: str) -> None:
    with pytest.raises(ParameterError) as told:
        fetch(f"{server}/none?signature=hush", tmp_path)
    assert "hush" not in told.value.what
    assert "/none?… can't be fetched" in told.value.what
    with pytest.raises(ParameterError) as told:
        fetch("http://{}@127.0.0.1:1/none".format("me:hush"), tmp_path)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("datum://0123", "a file in Valohai's own catalogue"),
        ("dataset://faces/latest", "a dataset version in Valohai's own catalogue"),
        ("ftp://a.example/b", "nobody here can read ftp://"),
    ],
)
def test_addresses_that_nobody_can_read(tmp_path: Path, uri: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words) as told:
        fetch(uri, tmp_path)
    assert "--set STEP.input.NAME=PATH" in told.value.hint


def test_where_stores_begin() -> None:
    assert _root("s3", "bucket/a/b.csv") == ("s3://bucket", "a/b.csv")
    assert _root("gs", "bucket/b.csv") == _root("gcs", "bucket/b.csv") == ("gs://bucket", "b.csv")
    root, key = _root("azure", "account/container/a/b.csv")
    assert (root.partition("://")[2], key) == ("account.blob.core.windows.net/container", "a/b.csv")


@pytest.mark.needs("obstore")
def test_files_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "deep/b.png", "c.csv"):
        (tmp_path / "bucket" / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bucket" / "images" / name).write_text(name)
    monkeypatch.setattr(
        "penstock.work.remote._root", lambda _, rest: (f"file://{tmp_path}/bucket", rest.partition("/")[2])
    )
    found = fetch("s3://bucket/images/*.png", tmp_path / "downloads")
    assert {name: path.read_text() for name, path in found} == {"a.png": "a.png", "deep/b.png": "deep/b.png"}
    ((name, path),) = fetch("s3://bucket/images/c.csv", tmp_path / "downloads")
    assert (name, path.read_text()) == ("c.csv", "c.csv")
    with pytest.raises(ParameterError, match="matches nothing"):
        fetch("s3://bucket/images/*.txt", tmp_path / "downloads")
    with pytest.raises(ParameterError, match="can't be fetched"):
        fetch("s3://bucket/images/none.csv", tmp_path / "downloads")


def test_stubs_are_empty_and_bear_the_name(tmp_path: Path) -> None:
    ((name, path),) = fetch(stub_of("s3://bucket/images/*.png"), tmp_path / "downloads")
    assert (name, path.read_bytes()) == ("stub.png", b"")
