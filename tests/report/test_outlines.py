from pathlib import Path

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Description, Stored
from penstock.model.digest import digest_bytes
from penstock.model.event import Begun, Decided, Progressed, RunEnded, RunStarted
from penstock.model.run import Consumed, Decision, Made
from penstock.report.outlines import outline_view
from penstock.testing.samples import make_execution, make_run


def test_a_run_in_few_words(tmp_path: Path) -> None:
    digest = digest_bytes(b"1")
    stored = Stored("json", digest, digest, 1, data=b"1", about=Description(type="list", rows=7))
    a = make_execution("a", outputs=(Made("a", stored),), inputs={})
    b = make_execution("b", inputs={"x": Consumed("a", digest, digest), "y": Consumed("gone", digest, digest)})
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        ledger.record(
            "run-1",
            [RunStarted(make_run()), Decided((Decision("a", "run", (), a.key), Decision("b", "run", (), b.key)))],
        )
        ledger.commit("run-1", [a, b], {})
        ledger.claim(["run:run-1"], "me", 60)
        ledger.record("run-1", [Begun("run-1/c/1", "c", 1, 5), Progressed("run-1/c/1", 3, 4)])
        said = outline_view(ledger, "last", now=1_750_000_100.0)
        assert (said["run"], said["status"], said["seconds"]) == ("run-1", "running", 100.0)
        first, second, third = said["steps"]
        assert (first["status"], first["outputs"], first["rows_in"], first["started"]) == (
            "succeeded",
            {"a": 7},
            None,
            1.0,
        )
        assert (second["rows_in"], second["outputs"]) == (7, {"b": None})
        assert (third["status"], third["progress"]) == ("running", 0.75)
        ledger.record("run-1", [RunEnded("succeeded", 12.0)])
        assert outline_view(ledger, "run-1")["seconds"] == 12.0
