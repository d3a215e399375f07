"""`verify` finds what was damaged behind Penstock's back, mends what it can, and the next run makes the rest again."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.app.pipeline import Pipeline
from penstock.app.settings import open_ledger, open_store
from penstock.app.verifying import Damage, User, Verified, verify
from penstock.errors import LedgerError
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Stored
from penstock.model.digest import PREFIX
from penstock.model.event import Noted

PIPELINE = """
import penstock as ps

@ps.source(key="id")
def rows(n: int = 20_000) -> list[int]:
    return list(range(n))

@ps.step
def doubled(rows: list) -> list[int]:
    return [2 * one for one in rows]

@ps.step
def middling(doubled: list) -> list[int]:
    return doubled[:1000]

@ps.evaluate
def scores(doubled: list) -> dict[str, float]:
    return {"sum": float(sum(doubled))}
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    (tmp_path / "line.py").write_text(PIPELINE)
    made = Pipeline.load(tmp_path / "line.py", executor="inline")
    assert made.run().status == "succeeded"
    return made


def verified(pipeline: Pipeline, *, repair: bool = True) -> Verified:
    ledger = open_ledger(pipeline.settings)
    try:
        return verify(ledger, open_store(pipeline.settings), repair=repair)
    finally:
        ledger.close()


def stored(pipeline: Pipeline, artifact: str) -> Stored:
    ledger = open_ledger(pipeline.settings)
    try:
        rows = ledger.steps("last")
        return next(made.stored for row in rows for made in row["execution"].outputs if made.artifact == artifact)
    finally:
        ledger.close()


def place(pipeline: Pipeline, digest: str) -> Path:
    name = digest.removeprefix(PREFIX)
    return pipeline.settings.state / "store" / "blobs" / name[:2] / name


def spoil(path: Path) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edit(pipeline: Pipeline, statement: str, *values: object) -> None:
    connection = sqlite3.connect(pipeline.settings.state / "ledger.db")
    assert connection.execute(statement, values).rowcount > 0
    connection.commit()
    connection.close()


def outcomes(found: Verified) -> list[tuple[str, str, str, list[str]]]:
    return [(one.what, one.state, one.outcome, [user.step for user in one.users]) for one in found.damaged]


def statuses(pipeline: Pipeline) -> dict[str, str]:
    done = pipeline.run()
    assert done.status == "succeeded"
    assert done["doubled"] == [2 * one for one in range(20_000)]
    assert done["middling"] == [2 * one for one in range(1000)]
    return {name: row["status"] for name, row in done.steps.items()}


def test_all_is_good(pipeline: Pipeline) -> None:
    for repair in (True, False):
        found = verified(pipeline, repair=repair)
        assert found.good
        assert (found.blobs, found.quarantined, found.leftovers) == (2, 0, 0)
        assert found.bytes > 50_000


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_a_lost_blob_is_made_again(pipeline: Pipeline, how: str) -> None:
    made = stored(pipeline, "doubled")
    path = place(pipeline, made.blob)
    spoil(path) if how == "damaged" else path.unlink()
    untouched = verified(pipeline, repair=False)
    assert outcomes(untouched) == [("blob", how, "left", ["doubled"])]
    assert path.exists() is (how == "damaged")
    found = verified(pipeline)
    (run,) = {user.run for one in found.damaged for user in one.users}
    user = User("line", "doubled", "doubled", run)
    assert found.damaged == (Damage("blob", made.blob, how, "forgotten", (user,)),)  # type: ignore[arg-type]
    assert not path.exists()
    assert verified(pipeline).good
    assert statuses(pipeline) == {
        "rows": "reused", "doubled": "succeeded", "middling": "reused", "scores": "reused",
    }  # fmt: skip
    assert verified(pipeline).good


def test_what_is_good_is_never_forgotten(pipeline: Pipeline) -> None:
    place(pipeline, stored(pipeline, "doubled").blob).unlink()
    ledger = open_ledger(pipeline.settings)
    before = len(ledger.find([row["key"] for row in ledger.steps("last")]))
    verified(pipeline)
    assert len(ledger.find([row["key"] for row in ledger.steps("last")])) == before - 1
    ledger.close()


def test_damage_that_nobody_needs_is_put_aside(pipeline: Pipeline) -> None:
    store = open_store(pipeline.settings)
    with store.writer() as writer:
        writer.write(b"nobody's" * 1000)
        digest = writer.finish().digest
    store.sync()
    spoil(place(pipeline, digest))
    assert outcomes(verified(pipeline)) == [("blob", "damaged", "put aside", [])]
    again = verified(pipeline)
    assert again.good
    assert again.quarantined == 1


@pytest.mark.parametrize("copy", ["ledger", "quarantine"])
def test_a_blob_is_restored_from_another_copy(pipeline: Pipeline, copy: str) -> None:
    digest = stored(pipeline, "doubled").blob
    path = place(pipeline, digest)
    if copy == "ledger":
        ledger = open_ledger(pipeline.settings)
        ledger.put(path.read_bytes())
        ledger.close()
        spoil(path)
    else:  # moved away though it was good, as after an error of the disk that has passed
        aside = pipeline.settings.state / "store" / "quarantine"
        aside.mkdir()
        path.rename(aside / f"{path.name}.1-abc-1")
    found = verified(pipeline)
    assert [one.outcome for one in found.damaged] == ["restored"]
    assert open_store(pipeline.settings).verify(digest)
    assert set(statuses(pipeline).values()) == {"reused"}


def test_a_small_value_is_restored_from_the_store(pipeline: Pipeline) -> None:
    small = stored(pipeline, "middling")
    assert small.data is not None
    store = open_store(pipeline.settings)
    with store.writer() as writer:
        writer.write(small.data)
        writer.finish()
    store.sync()
    edit(pipeline, "UPDATE smalls SET data = x'00' WHERE digest = ?", small.blob)
    found = verified(pipeline)
    assert outcomes(found) == [("small value", "damaged", "restored", ["middling"])]
    assert verified(pipeline).good
    assert set(statuses(pipeline).values()) == {"reused"}


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_a_lost_small_value_is_made_again(pipeline: Pipeline, how: str) -> None:
    small = stored(pipeline, "middling").blob
    if how == "damaged":
        edit(pipeline, "UPDATE smalls SET data = x'00' WHERE digest = ?", small)
    else:
        edit(pipeline, "DELETE FROM smalls WHERE digest = ?", small)
    found = verified(pipeline)
    assert outcomes(found) == [("small value", how, "forgotten", ["middling"])]
    assert found.problems
    assert verified(pipeline).good
    assert statuses(pipeline)["middling"] == "succeeded"
    assert verified(pipeline).good


def test_a_damaged_record_is_forgotten(pipeline: Pipeline) -> None:
    edit(pipeline, "UPDATE executions SET body = substr(body, 2) WHERE step = 'doubled'")
    found = verified(pipeline)
    assert outcomes(found) == [("record", "damaged", "forgotten", ["doubled"])]
    assert verified(pipeline).good
    assert statuses(pipeline)["doubled"] == "succeeded"


def test_a_lost_source_is_restored_from_its_file(pipeline: Pipeline) -> None:
    edit(pipeline, "DELETE FROM smalls WHERE data = ?", PIPELINE.encode())
    found = verified(pipeline)
    assert [(one.what, one.name, one.outcome) for one in found.damaged] == [("source", "line.py", "restored")]
    assert verified(pipeline).good


def test_a_lost_source_that_was_edited_is_lost(pipeline: Pipeline) -> None:
    """It is said once."""
    edit(pipeline, "DELETE FROM smalls WHERE data = ?", PIPELINE.encode())
    (pipeline.settings.root / "line.py").write_text(PIPELINE + "\n# edited\n")
    assert verified(pipeline, repair=False).damaged[0].outcome == "left"
    found = verified(pipeline)
    assert [(one.what, one.name, one.outcome) for one in found.damaged] == [("source", "line.py", "lost")]
    assert verified(pipeline).good


def test_a_lost_figure_is_lost(pipeline: Pipeline) -> None:
    """Nothing can make it again without running; it is said once."""
    store, ledger = open_store(pipeline.settings), open_ledger(pipeline.settings)
    with store.writer() as writer:
        writer.write(b"figure" * 10_000)
        blob = writer.finish()
    store.sync()
    run = ledger.run("last").id
    figure = Stored("png", blob.digest, blob.digest, blob.size)
    ledger.record(run, [Noted(f"{run}/rows/1", name="plot", figure=figure)])
    ledger.close()
    assert verified(pipeline).good
    place(pipeline, blob.digest).unlink()
    found = verified(pipeline)
    assert found.damaged == (Damage("blob", blob.digest, "missing", "lost", (User("line", "plot", "", run),)),)
    assert verified(pipeline).good


@pytest.mark.needs("user")
def test_what_can_not_be_read_is_left_alone(pipeline: Pipeline) -> None:
    path = place(pipeline, stored(pipeline, "doubled").blob)
    path.chmod(0)
    found = verified(pipeline)
    assert [(one.state, one.outcome) for one in found.damaged] == [("unreadable", "left")]
    path.chmod(0o400)
    assert set(statuses(pipeline).values()) == {"reused"}


def test_leftovers_of_dead_processes_go(pipeline: Pipeline) -> None:
    tmp = pipeline.settings.state / "store" / "tmp"
    for name in ("4194304999-abc-1", f"{os.getpid()}-abc-1"):
        (tmp / name).write_bytes(b"half")
        os.utime(tmp / name, (time.time() - 7200,) * 2)
    (tmp / "4194304999-abc-2").write_bytes(b"too young")
    assert verified(pipeline, repair=False).leftovers == 1
    found = verified(pipeline)
    assert found.good
    assert (found.leftovers, found.leftover_bytes) == (1, 4)
    assert len(list(tmp.iterdir())) == 2


def test_a_ledger_damaged_as_a_whole_is_told(pipeline: Pipeline) -> None:
    path = pipeline.settings.state / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'executions'").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    found = verified(pipeline)
    assert found.problems
    assert not found.good
    assert found.blobs == 2


def test_what_others_do_meanwhile_is_no_damage(pipeline: Pipeline) -> None:
    """A collector removes blobs and forgets their executions while they are hashed."""
    ledger, store = open_ledger(pipeline.settings), open_store(pipeline.settings)
    digests = list(store.digests())
    seen: list[int] = []

    def meanwhile(count: int, total: int) -> None:
        if not seen:
            ledger.forget([row["key"] for row in ledger.steps("last")], "collected")
            for digest in digests:
                store.remove(digest)
        seen.append(count)

    assert verify(ledger, store, repair=True, on_blob=meanwhile).good
    assert seen
    ledger.close()


@pytest.mark.parametrize("broken", ["has", "holdings"])
def test_nothing_is_forgotten_that_came_back(pipeline: Pipeline, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and forgetting, a run may have made a lost blob again."""
    ledger, store = open_ledger(pipeline.settings), open_store(pipeline.settings)
    digest = stored(pipeline, "doubled").blob
    path = place(pipeline, digest)
    data = path.read_bytes()
    path.unlink()
    retire = type(ledger).retire

    def back(self: object, choose: Callable[..., object], reason: str) -> object:
        path.write_bytes(data)
        if broken == "holdings":
            path.unlink()
        return retire(self, choose, reason)  # type: ignore[arg-type]

    monkeypatch.setattr(type(ledger), "retire", back)
    verify(ledger, store, repair=True)
    found = ledger.find([row["key"] for row in ledger.steps("last")])
    assert ("doubled" in {one.step for one in found.values()}) is (broken == "has")
    ledger.close()


def test_what_can_not_be_written_is_no_damage(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    place(pipeline, stored(pipeline, "doubled").blob).unlink()

    def refuses(*_: object) -> None:
        raise LedgerError("the ledger can't be written: it is read-only")

    monkeypatch.setattr(SqliteLedger, "retire", refuses)
    with pytest.raises(LedgerError, match="read-only"):
        verified(pipeline)
    assert [one.outcome for one in verified(pipeline, repair=False).damaged] == ["left"]
