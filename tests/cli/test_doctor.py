"""`penstock doctor` sees what is wrong."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


def found(done: Done) -> dict[str, list[tuple[str, str]]]:
    by_name: dict[str, list[tuple[str, str]]] = {}
    for one in valid(done, "doctor")["examined"]:
        by_name.setdefault(one["name"], []).append((one["verdict"], one["what"]))
    return by_name


def test_all_is_well_before_and_after_a_run(call: Call) -> None:
    for _ in range(2):
        done = call("doctor", "--json")
        assert done.code == 0
        names = found(done)
        assert set(names) >= {"python", "machine", "executors", "pipeline", "state", "disk", "ledger", "store"}
        assert all(verdict == "good" for name in ("ledger", "store", "state") for verdict, _ in names[name])
        call("run")
    assert "2 runs, " in call("doctor").out


def test_outside_of_any_pipeline(call: Call, project: Path) -> None:
    (project / "line.py").unlink()
    done = call("doctor", "--json")
    assert done.code == 0
    assert found(done)["pipeline"][0][0] == "warning"


def test_a_damaged_ledger(call: Call, project: Path) -> None:
    call("run")
    path = project / ".penstock" / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[2048:] = b"\x5a" * (len(data) - 2048)
    path.write_bytes(bytes(data))
    done = call("doctor", "--json")
    assert done.code == 2
    assert "bad" in [verdict for verdict, _ in found(done)["ledger"]]


def test_blobs_that_are_gone(call: Call, project: Path, edit: Callable[[str, str], None]) -> None:
    edit("return [int(one) for one in path.read_text().split()][:n]", "return list(range(30_000))")
    assert call("run").code == 0
    for blob in (project / ".penstock" / "store" / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    done = call("doctor", "--json")
    assert "warning" in [verdict for verdict, _ in found(done)["store"]], done.out


@pytest.mark.needs("user")
def test_a_folder_that_is_read_only(call: Call, project: Path) -> None:
    call("run")
    (project / ".penstock").chmod(0o500)
    try:
        assert found(call("doctor", "--json"))["state"][0][0] == "bad"
    finally:
        (project / ".penstock").chmod(0o700)


def test_a_file_where_the_state_should_be(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "file").touch()
    monkeypatch.setenv("PENSTOCK_STATE", str(project / "file" / "state"))
    done = call("doctor", "--json")
    assert done.code == 2
    assert found(done)["state"][0][0] == "bad"
