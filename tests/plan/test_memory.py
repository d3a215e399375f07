"""The past: what is found, what is lost, what was hidden."""

from penstock.model.artifact import Stored
from penstock.model.run import Execution, Made, Reason
from penstock.model.task import ABSENT, Failure, HiddenInput
from penstock.plan.memory import Past


class Ledger:
    def __init__(self, *executions):
        self.executions = {one.key: one for one in executions}
        self.forgotten = []

    def recent(self, pipeline):
        return {one.step: one for one in self.executions.values()}

    def find(self, keys):
        return {key: self.executions[key] for key in keys if key in self.executions}

    def forget(self, keys, reason):
        self.forgotten += keys

    def runs(self, limit, pipeline):
        return [{"run": "now", "status": "running"}, {"run": "before", "status": "failed"}][:limit]

    def steps(self, run):
        rows = [("a", "failed", Failure("ValueError", "broken", "p.py:3"), None), ("b", "skipped", None, "no rows")]
        rows.append(("c", "succeeded", None, None))
        assert run == "before"
        return [dict(zip(("step", "status", "error", "reason"), row, strict=True)) for row in rows]


class Store:
    def __init__(self, *digests):
        self.digests = digests

    def has(self, digest):
        return digest in self.digests


def execution(key, *stored, hidden=()):
    return Execution(key, "p", key, "step", "r", 1, "c", outputs=tuple(Made("a", one) for one in stored), hidden=hidden)


def test_an_execution_counts_only_while_all_of_its_blobs_are_there():
    small = execution("small", Stored("plain", "d", "d", 1, data=b"1"))
    large = execution("large", Stored("arrow", "x", "x", 9, parts=("y",)))
    gone = execution("gone", Stored("arrow", "z", "z", 9))
    parted = execution("parted", Stored("arrow", "x", "x", 9, parts=("nope",)))
    ledger = Ledger(small, large, gone, parted)
    past = Past(ledger, Store("x", "y"), "p")
    assert past.find("small") == small
    assert past.find("large") == large
    assert past.find("gone") is None
    assert past.find("parted") is None
    assert past.lost("gone") and past.lost("parted") and not past.lost("small")
    assert ledger.forgotten == ["gone", "parted"]
    assert past.find("never") is None
    past.redone(gone)
    assert not past.lost("gone")


def test_many_are_asked_for_at_once_and_what_is_known_not_at_all():
    known, other = execution("known", Stored("plain", "d", "d", 1, data=b"1")), execution("other")
    gone = execution("gone", Stored("arrow", "z", "z", 9))
    ledger = Ledger(known, gone)
    past = Past(ledger, Store(), "p")
    ledger.executions["other"] = other  # made meanwhile, or by work that is not the newest
    asked = []
    ledger.find = lambda keys: asked.append(list(keys)) or {"other": other}
    assert past.find_all(["known", "other", "gone", "never"]) == {"known": known, "other": other}
    assert past.find_all(["known", "gone"]) == {"known": known}
    assert asked == [["other", "never"]]
    assert past.lost("gone")


def test_how_a_step_came_to_nothing_is_known():
    past = Past(Ledger(), Store(), "p")
    assert past.ended("a") == Reason("failed", "it failed last time: ValueError: broken", "p.py:3")
    assert past.ended("b") == Reason("skipped", "it was skipped last time: no rows")
    assert past.ended("c") is past.ended("d") is None


def test_hidden_inputs_are_hashed_as_they_are_now(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("1")
    hidden = (HiddenInput(str(file), "p.py:1", "old"), HiddenInput(str(tmp_path / "gone"), "p.py:2", "old"))
    past = Past(Ledger(execution("s", hidden=hidden)), Store(), "p")
    one, two = past.hidden("s")
    assert one.digest.startswith("blake3:")
    assert two.digest == ABSENT
    assert past.hidden("other") == ()
