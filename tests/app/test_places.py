import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest
from tests.services import KEY_ID, SECRET

from penstock.app import places
from penstock.app.places import is_remote, ledger_at, ledger_place_of, ledger_shown, place_of, store_at
from penstock.app.settings import find_settings, open_ledger, open_store, reading_settings
from penstock.errors import MissingExtra, NotFound, SettingsError
from penstock.stores.local import LocalStore

PIPELINE = dedent(
    """
    import penstock as ps

    @ps.source(key="id")
    def rows(n: int = 3000) -> list[dict]:
        return [{"id": i, "text": "row %d of many" % i} for i in range(n)]

    @ps.step
    def longer(rows: list) -> list:
        return [{**row, "length": len(row["text"])} for row in rows]

    @ps.evaluate
    def scores(longer: list) -> dict[str, float]:
        return {"mean": sum(row["length"] for row in longer) / len(longer)}
    """
)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("local", "local"),
        ("s3://bucket/some/prefix/", "s3://bucket/some/prefix"),
        ("gcs://bucket", "gs://bucket"),
        ("az://container/p", "az://container/p"),
        ("shared/store", "/home/me/shared/store"),
        ("/mnt/store", "/mnt/store"),
        ("file:///mnt/my%20store", "/mnt/my store"),
        ("other://what/ever?x=1", "other://what/ever?x=1"),
    ],
)
def test_addresses(value: str, place: str) -> None:
    assert place_of(value, Path("/home/me"), "here") == place
    assert is_remote(place) == ("://" in place)


@pytest.mark.parametrize(
    "value",
    ["s3://me:hunter22@bucket/p", "az://c/p?sig=hunter22", "s3://hunter22@bucket", "s3:///prefix"],
)
def test_an_address_that_holds_a_secret_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        place_of(value, Path("/"), "PENSTOCK_STORE")
    assert "hunter22" not in str(caught.value)
    assert "PENSTOCK_STORE" in caught.value.what


@pytest.mark.parametrize("value", ["s3:/bucket", "s3://", "gs:bucket", "postgresql:db"])
def test_half_an_address_is_no_folder(value: str) -> None:
    for place in (place_of, ledger_place_of):
        with pytest.raises(SettingsError, match="neither an address nor a path"):
            place(value, Path("/"), "PENSTOCK_STORE")


def test_an_unknown_scheme_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing here opens s4://") as caught:
        store_at("s4://bucket", tmp_path)
    assert "s3" in caught.value.hint


def test_what_is_missing_is_told_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "penstock.stores.remote", None)
    with pytest.raises(MissingExtra) as caught:
        store_at("s3://bucket", tmp_path)
    assert "pip install 'penstock[object-store]'" in caught.value.hint


def own_store(place: str, cache: Path, limit: int) -> LocalStore:
    return LocalStore(cache / place.rpartition("/")[2])


def test_packages_offer_stores_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("own", f"{__name__}:own_store", "penstock.stores")
    monkeypatch.setattr(EntryPoint, "load", lambda self: own_store)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [entry] if group == places._STORES else [])
    store = store_at("own://some/where", tmp_path)
    assert isinstance(store, LocalStore)
    assert store.location.endswith("/where")


def penstock(folder: Path, *arguments: str, **environment: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "penstock", *arguments, "--json"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert SECRET not in done.stdout + done.stderr
    assert KEY_ID not in done.stdout + done.stderr
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout)


def digests(run: dict) -> dict[str, str]:
    return {one["artifact"]: one["digest"] for step in run["steps"] for one in step["outputs"]}


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.needs("moto"))])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{request.getfixturevalue('s3')}/team" if request.param == "s3" else str(tmp_path / "shared")


def test_a_pipeline_runs_with_its_store_elsewhere(shared: str, tmp_path: Path) -> None:
    """By a setting alone; what it makes is equal, lies there and not here, and is found by another machine."""
    here, there, apart = (tmp_path / name for name in ("here", "there", "apart"))
    for folder in (here, there, apart):
        folder.mkdir()
        (folder / "line.py").write_text(PIPELINE)
    (here / "pyproject.toml").write_text(f'[tool.penstock]\nstore = "{shared}"\n')
    local = penstock(apart, "run")
    run = penstock(here, "run")
    assert digests(run) == digests(local)
    assert not (here / ".penstock" / "store").exists()
    assert {step["status"] for step in penstock(here, "run")["steps"]} == {"reused"}
    assert penstock(here, "verify")["blobs"]["count"] == 2
    assert penstock(here, "gc", "--keep-days", "0")["kept"]["count"] == 2
    assert penstock(here, "doctor")["ok"]
    for executor in ("inline", "local"):
        (there / ".penstock").mkdir(exist_ok=True)
        (there / ".penstock" / "ledger.db").write_bytes((here / ".penstock" / "ledger.db").read_bytes())
        told = penstock(
            there,
            "run",
            "--executor",
            executor,
            "--force",
            "longer",
            PENSTOCK_STORE=shared,
            PENSTOCK_STORE_CACHE="1000",
        )
        assert {step["step"]: step["status"] for step in told["steps"]}["rows"] == "reused"
        assert digests(told) == digests(local)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_what_is_damaged_in_a_bucket_is_found_and_made_again(s3: str, tmp_path: Path) -> None:
    import obstore
    from obstore.store import from_url

    (tmp_path / "line.py").write_text(PIPELINE)
    run = penstock(tmp_path, "run", PENSTOCK_STORE=s3)
    bucket = from_url(s3, client_options={"allow_http": True})
    keys = [one["path"] for batch in obstore.list(bucket, prefix="blobs/") for one in batch]
    obstore.put(bucket, keys[0], b"something else")
    obstore.delete(bucket, keys[1])
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "verify", "--json"], cwd=tmp_path, env={**os.environ, "PENSTOCK_STORE": s3},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert sorted((one["state"], one["outcome"]) for one in found["damaged"]) == [
        ("damaged", "forgotten"),
        ("missing", "forgotten"),
    ]
    assert found["quarantined"] == 0 and len(list((tmp_path / ".penstock").rglob("quarantine/*"))) == 1
    assert digests(penstock(tmp_path, "run", PENSTOCK_STORE=s3)) == digests(run)
    assert penstock(tmp_path, "verify", PENSTOCK_STORE=s3)["ok"]


def test_what_nothing_needs_is_removed_from_a_bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.app.collecting import collect

    (tmp_path / "line.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_STORE", s3)
    penstock(tmp_path, "run", "--set", "rows.n=2500", PENSTOCK_STORE=s3)
    penstock(tmp_path, "run", PENSTOCK_STORE=s3)
    settings = find_settings("line.py")
    ledger, store = open_ledger(settings), open_store(settings)
    ages = {"young": 0.0, "settled": 0.0}
    told = collect(ledger, store, settings.state, days=0, remove=False, ages=ages)
    done = collect(ledger, store, settings.state, days=0, remove=True, pause=0.0, ages=ages)
    assert (told.kept.count, sum(one.count for one in told.artifacts)) == (2, 2)
    assert (done.kept.count, sum(one.count for one in done.artifacts)) == (2, 2)
    assert len(list(store.digests())) == 2
    ledger.close()
    assert {step["status"] for step in penstock(tmp_path, "run", PENSTOCK_STORE=s3)["steps"]} == {"reused"}


def test_a_store_that_can_not_be_reached_is_told_by_doctor(tmp_path: Path, s3: str) -> None:
    (tmp_path / "line.py").write_text(PIPELINE)
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "doctor"],
        cwd=tmp_path,
        env={**os.environ, "PENSTOCK_STORE": f"{s3}-misspelt"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "there is no such bucket" in done.stdout
    assert "mend the setting `store`" in done.stdout


def test_relative_folders_begin_where_they_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "line.py").write_text(PIPELINE)
    (tmp_path / "pyproject.toml").write_text('[tool.penstock]\nstore = "blobs"\n')
    monkeypatch.chdir(inner)
    assert open_store(find_settings("line.py")).location == str(tmp_path / "blobs")
    monkeypatch.setenv("PENSTOCK_STORE", "mine")
    assert open_store(find_settings("line.py")).location == str(inner / "mine")
    monkeypatch.setenv("PENSTOCK_STORE", "local")
    assert open_store(find_settings("line.py")).location == str(inner / ".penstock" / "store")


@pytest.mark.parametrize(
    ("value", "place", "shown"),
    [
        ("local", "local", "local"),
        ("mine.db", "/home/me/mine.db", "/home/me/mine.db"),
        ("postgresql://me:hunter22@h/db", "postgresql://me:hunter22@h/db", "postgresql://me@h/db"),
        ("own://me:hunter22@h/x?k=hunter22", "own://me:hunter22@h/x?k=hunter22", "own://h/x"),
    ],
)
def test_addresses_of_ledgers(value: str, place: str, shown: str) -> None:
    assert ledger_place_of(value, Path("/home/me"), "PENSTOCK_LEDGER") == place
    assert ledger_shown(place) == shown


def test_a_password_in_a_file_that_others_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "line.py").write_text(PIPELINE)
    (tmp_path / "pyproject.toml").write_text('[tool.penstock]\nledger = "postgresql://me:hunter22@h/db"\n')
    with pytest.raises(SettingsError, match="holds a password") as caught:
        find_settings(tmp_path / "line.py")
    assert "hunter22" not in str(caught.value)
    (tmp_path / "pyproject.toml").unlink()
    monkeypatch.setenv("PENSTOCK_LEDGER", "postgresql://me:hunter22@h/db")
    settings = find_settings(tmp_path / "line.py")
    assert "hunter22" in settings.ledger
    assert "hunter22" not in repr(settings) + str(settings)


def test_ledgers_by_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="nothing has run here yet"):
        ledger_at(str(tmp_path / "ledger.db"), create=False)
    ledger_at(str(tmp_path / "ledger.db"), create=True).close()
    ledger_at(str(tmp_path / "ledger.db"), create=False).close()
    with pytest.raises(SettingsError, match="nothing here opens mysql://") as caught:
        ledger_at("mysql://me:hunter22@h/db", create=True)
    assert "hunter22" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "penstock.ledger.postgres", None)
    with pytest.raises(MissingExtra) as missing:
        ledger_at("postgresql://me:hunter22@h/db", create=True)
    assert "pip install 'penstock[postgres]'" in missing.value.hint
    assert "hunter22" not in str(missing.value)


@pytest.mark.needs("postgres", "psycopg")
def test_a_pipeline_runs_with_its_ledger_in_postgresql(postgres: str, tmp_path: Path) -> None:
    """By a setting alone; what ran on one machine is reused on another, and told there."""
    here, there, apart = (tmp_path / name for name in ("here", "there", "apart"))
    for folder in (here, there, apart):
        folder.mkdir()
        (folder / "line.py").write_text(PIPELINE)
    place = postgres.replace("penstock@", "penstock:hunter22@")  # which a server that trusts us does not look at
    local = penstock(apart, "run")
    told = [penstock(here, "doctor", PENSTOCK_LEDGER=place)]
    told.append(penstock(here, "run", PENSTOCK_LEDGER=place, PENSTOCK_STORE=str(tmp_path / "store")))
    assert digests(told[-1]) == digests(local)
    assert not (here / ".penstock" / "ledger.db").exists()
    for command in (
        ["run"],
        ["plan"],
        ["runs"],
        ["show", "last"],
        ["verify"],
        ["gc"],
        ["doctor"],
        ["reproduce", "last"],
    ):
        told.append(penstock(there, *command, PENSTOCK_LEDGER=place, PENSTOCK_STORE=str(tmp_path / "store")))
    assert {step["status"] for step in told[2]["steps"]} == {"reused"}
    assert len(told[4]["runs"]) == 2
    assert "hunter22" not in json.dumps(told)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"hunter22" not in path.read_bytes(), path


@pytest.mark.needs("postgres", "psycopg")
def test_reading_needs_no_pipeline_where_the_ledger_is_named(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_LEDGER", postgres)
    with pytest.raises(NotFound):
        open_ledger(reading_settings())
    open_ledger(reading_settings(), create=True).close()
    assert open_ledger(reading_settings()).runs() == []
