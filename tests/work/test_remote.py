"""Files of other machines, fetched once."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from penstock.app.pipeline import Pipeline
from penstock.errors import MissingExtra, ParameterError
from penstock.stores.objects import Objects
from penstock.work.remote import Downloads, _root, stub_of


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
        ((name, path),) = Downloads(tmp_path / "downloads").fetch(f"{server}/a.csv?v=1")
        assert (name, path.read_text()) == ("a.csv", "x,y")
    assert Served.asked == ["/a.csv?v=1"]
    Downloads(tmp_path / "downloads").fetch(f"{server}/a.csv?v=2")
    assert len(Served.asked) == 2


def test_what_cannot_be_fetched_leaves_nothing(tmp_path: Path, server: str) -> None:
    with pytest.raises(ParameterError, match="404 File not found"):
        Downloads(tmp_path / "downloads").fetch(f"{server}/none")
    with pytest.raises(ParameterError, match="can't be fetched"):
        Downloads(tmp_path / "downloads").fetch("http://127.0.0.1:1/x")
    assert list((tmp_path / "downloads").iterdir()) == []


def test_trouble_that_passes(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.work.remote._WAITS", (0, 0))
    for path in ("busy", "breaks"):
        ((_, found),) = Downloads(tmp_path / "downloads").fetch(f"{server}/{path}")
        assert found.read_text() == "in the end"
    with pytest.raises(ParameterError, match="18 of 1000 bytes came"):
        Downloads(tmp_path / "downloads").fetch(f"{server}/breaks/always")
    assert len(list((tmp_path / "downloads").iterdir())) == 2
    ((name, found),) = Downloads(tmp_path / "downloads").fetch(f"{server}/elsewhere/b.csv")
    assert (name, found.read_text()) == ("b.csv", "x,y")


def test_secrets_of_an_address_are_not_told(tmp_path: Path, server: str) -> None:
    with pytest.raises(ParameterError) as told:
        Downloads(tmp_path).fetch(f"{server}/none?signature=hush")
    assert "hush" not in told.value.what
    assert "/none?… can't be fetched" in told.value.what
    with pytest.raises(ParameterError) as told:
        Downloads(tmp_path).fetch("http://{}@127.0.0.1:1/none".format("me:hush"))
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
        Downloads(tmp_path).fetch(uri)
    assert "--set STEP.input.NAME=PATH" in told.value.hint


def test_where_stores_begin() -> None:
    assert _root("s3", "bucket/a/b.csv") == ("s3://bucket", "a/b.csv")
    assert _root("gs", "bucket/b.csv") == _root("gcs", "bucket/b.csv") == ("gs://bucket", "b.csv")
    root, key = _root("azure", "account/container/a/b.csv")
    assert (root.partition("://")[2], key) == ("account.blob.core.windows.net/container", "a/b.csv")


@pytest.mark.needs("obstore", "moto")
def test_files_of_a_store(s3: str, tmp_path: Path) -> None:
    written = Objects(s3)
    for name in ("images/a.png", "images/deep/b.png", "images/c.csv", "d.png"):
        written.put(name, name.encode())
    downloads = Downloads(tmp_path / "downloads", Objects)
    found = downloads.fetch(f"{s3}/images/*.png")
    assert {name: path.read_text() for name, path in found} == {
        "a.png": "images/a.png",
        "deep/b.png": "images/deep/b.png",
    }
    ((name, path),) = downloads.fetch(f"{s3}/images/c.csv")
    assert (name, path.read_text()) == ("c.csv", "images/c.csv")
    assert [name for name, _ in downloads.fetch(f"{s3}/*.png")] == ["d.png", "images/a.png", "images/deep/b.png"]
    written.put("images/c.csv", b"another")
    assert path == downloads.fetch(f"{s3}/images/c.csv")[0][1]
    assert path.read_text() == "images/c.csv", "it is fetched once"
    with pytest.raises(ParameterError, match="matches nothing"):
        downloads.fetch(f"{s3}/images/*.txt")
    with pytest.raises(ParameterError, match="there is no such object"):
        downloads.fetch(f"{s3}/images/none.csv")
    with pytest.raises(ParameterError, match="no such bucket"):
        downloads.fetch("s3://nobody-made-this/images/c.csv")
    with pytest.raises(MissingExtra, match="nobody here opens s3://bucket") as told:
        Downloads(tmp_path).fetch("s3://bucket/a")
    assert "penstock[object-store]" in told.value.hint


@pytest.mark.needs("obstore", "moto")
def test_inputs_of_a_command_in_a_store(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Objects(s3).put("train/a.csv", b"a")
    Objects(s3).put("train/deep/b.csv", b"b")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "valohai.yaml").write_text(f"""
- step:
    name: list
    image: x
    command: cp -r $VH_INPUTS_DIR/data/* $VH_OUTPUTS_DIR/ && cat $VH_INPUTS_DIR/one/*
    inputs:
      - {{name: data, default: "{s3}/train/*.csv", keep-directories: suffix}}
      - {{name: one, default: "{s3}/train/{{parameter:which}}.csv"}}
    parameters: [{{name: which, default: a}}]
""")
    run = Pipeline.load("valohai.yaml", executor="local").run()
    assert run.status == "succeeded", [one["error"] for one in run.steps.values()]
    made = run["list.outputs"]
    assert (made / "a.csv").read_text() + (made / "deep" / "b.csv").read_text() == "ab"
    failed = Pipeline.load("valohai.yaml", executor="local").run(parameters={"which": "none"})
    error = failed.steps["list"]["error"]
    assert "train/none.csv can't be fetched: there is no such object" in error.message
    assert "--set STEP.input.NAME=PATH" in error.hint


def test_stubs_are_empty_and_bear_the_name(tmp_path: Path) -> None:
    ((name, path),) = Downloads(tmp_path / "downloads").fetch(stub_of("s3://bucket/images/*.png"))
    assert (name, path.read_bytes()) == ("stub.png", b"")
