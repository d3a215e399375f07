"""`penstock doctor` sees what is wrong."""

import socket
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


def said(done: Done, name: str) -> list[tuple[str, str, str]]:
    rows = valid(done, "doctor")["examined"]
    return [(one["verdict"], one["what"], one["hint"]) for one in rows if one["name"] == name]


def test_the_executor_that_is_set(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(call("doctor", "--json"), "executor") == [("good", "inline", "")]
    monkeypatch.setenv("PENSTOCK_EXECUTOR", "contianer")
    done = call("doctor", "--json")
    assert done.code == 2
    assert said(done, "executor") == [("bad", "there is no executor `contianer`", "Did you mean `container`?")]


def test_no_engine_for_containers(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_EXECUTOR", "container")
    monkeypatch.setenv("PATH", str(project))
    done = call("doctor", "--json")
    assert done.code == 2
    ((verdict, what, hint),) = said(done, "executor")
    assert verdict == "bad" and "neither is installed" in what and "apt-get install podman" in hint


def test_an_engine_that_does_not_work(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "podman").write_text("#!/bin/sh\necho 'Error: cannot connect to its socket' >&2\nexit 125\n")
    (project / "podman").chmod(0o755)
    monkeypatch.setenv("PENSTOCK_EXECUTOR", "container")
    monkeypatch.setenv("PATH", f"{project}:/usr/bin:/bin")
    ((verdict, what, hint),) = said(call("doctor", "--json"), "executor")
    assert (verdict, what) == ("bad", "podman does not work: cannot connect to its socket")
    assert hint == "Try `podman info`."


def test_an_image_that_is_not_here(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = "#!/bin/sh\n[ $1 = info ] && exit 0\necho 'Error: nowhere:1: image not known' >&2\nexit 125\n"
    (project / "podman").write_text(engine)
    (project / "podman").chmod(0o755)
    monkeypatch.setenv("PENSTOCK_EXECUTOR", "container")
    monkeypatch.setenv("PENSTOCK_IMAGE", "nowhere:1")
    monkeypatch.setenv("PATH", f"{project}:/usr/bin:/bin")
    ((verdict, what, hint),) = said(call("doctor", "--json"), "executor")
    assert (verdict, what, hint) == ("bad", "there is no image nowhere:1 here", "Fetch it first: podman pull nowhere:1")


@pytest.mark.needs("ray")
def test_a_cluster_that_is_not_there(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("PENSTOCK_EXECUTOR", "ray")
    assert said(call("doctor", "--json"), "executor")[0][0] == "good"
    monkeypatch.setenv("RAY_ADDRESS", address)
    ((verdict, what, hint),) = said(call("doctor", "--json"), "executor")
    assert (verdict, what) == ("bad", f"Ray at {address} can't be reached: Connection refused")
    assert "ray start --head" in hint


@pytest.mark.needs("moto", "obstore")
def test_a_bucket_that_is_not_there(call: Call, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_STORE", f"{s3}/values")
    done = call("doctor", "--json")
    assert done.code == 0 and {one[0] for one in said(done, "store")} == {"good"}
    monkeypatch.setenv("PENSTOCK_STORE", "s3://is-not-there/values")
    ((verdict, what, hint),) = said(call("doctor", "--json"), "store")
    assert (verdict, what) == ("bad", "there is no such bucket or container: s3://is-not-there/values")
    assert "store" in hint


@pytest.mark.needs("moto", "obstore")
def test_a_clock_that_is_wrong(call: Call, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.stores.remote import RemoteStore

    monkeypatch.setenv("PENSTOCK_STORE", f"{s3}/values")
    monkeypatch.setattr(RemoteStore, "skew", lambda _: -240.0)
    told = [one for one in said(call("doctor", "--json"), "store") if one[0] == "warning"]
    assert told[0][1].startswith("this machine's clock is 4") and told[0][1].endswith("ahead of the server's")
    assert "timedatectl" in told[0][2]


@pytest.mark.needs("postgres", "psycopg")
def test_a_ledger_in_postgresql(call: Call, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_LEDGER", postgres)
    call("run")
    assert {one[0] for one in said(call("doctor", "--json"), "ledger")} == {"good"}
    monkeypatch.setenv("PENSTOCK_LEDGER", postgres.replace("penstock@", "stranger@"))
    done = call("doctor", "--json")
    assert done.code == 2
    ((verdict, what, _),) = said(done, "ledger")
    assert verdict == "bad" and "stranger" in what
    assert {one[0] for one in said(done, "store")} == {"good"}  # it is told once


def test_limits_that_a_rootless_engine_ignores(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "podman").write_text("#!/bin/sh\necho '  cgroupVersion: v1'\n")
    (project / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{project}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 1001)
    verdicts = [(verdict, what) for verdict, what, _ in said(call("doctor", "--json"), "containers")]
    assert [verdict for verdict, _ in verdicts] == ["good", "warning"]
    assert "limits of memory and cpus are ignored" in verdicts[1][1]
