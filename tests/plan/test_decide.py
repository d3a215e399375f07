"""The one decision and its reasons."""

from msgspec import structs
from tests.strategies import make_step

from penstock.model.code import Code
from penstock.model.run import Consumed, Execution
from penstock.model.step import Options
from penstock.model.task import HiddenInput, Setting
from penstock.plan.decide import Work, decide

STEP = make_step("model", ("train",))
INPUTS = {"train": Consumed("train", "d1", "arrow:d1")}
SETTINGS = (Setting("lr", "value", "0.1", "float:0.1"), Setting("path", "path", "a.csv", "f1"))
WORK = Work(STEP, SETTINGS, seed=1)


class Known:
    """A memory of one execution."""

    def __init__(self, execution=None, *, lost=False):
        self.execution, self.gone = execution, lost

    def find(self, key):
        return self.execution if self.execution is not None and key == self.execution.key and not self.gone else None

    def last(self, step):
        return self.execution

    def ended(self, step):
        return None

    def code(self, digest):
        return Code(digest)

    def lost(self, key):
        return self.gone and self.execution is not None and key == self.execution.key


def done(work=WORK, inputs=INPUTS):
    key = decide(work, inputs, Known()).key
    return Execution(
        key, "p", "model", "train", "r", 1, work.step.code.digest, inputs,
        {one.name: (one.shown, one.digest) for one in work.settings}, seed=work.seed, hidden=work.hidden,
    )  # fmt: skip


def reasons(work=WORK, inputs=INPUTS, known=None):
    return [(one.kind, one.what) for one in decide(work, inputs, known or Known(done())).reasons]


def test_what_never_ran_runs():
    decision = decide(WORK, INPUTS, Known())
    assert (decision.action, decision.reasons[0].kind) == ("run", "never-ran")


def test_what_did_not_change_is_reused():
    decision = decide(WORK, INPUTS, Known(done()))
    assert (decision.action, decision.reasons[0].kind) == ("reuse", "same")
    assert decision.execution == done()


def test_force_and_uncached_run_always_but_keep_their_key():
    forced = decide(structs.replace(WORK, forced=True), INPUTS, Known(done()))
    assert (forced.action, forced.reasons[0].kind, forced.key) == ("run", "forced", done().key)
    step = structs.replace(STEP, options=Options(cache=False))
    uncached = decide(structs.replace(WORK, step=step), INPUTS, Known(done()))
    assert (uncached.action, uncached.reasons[0].kind) == ("run", "uncached")


def test_lost_outputs_are_said():
    assert reasons(known=Known(done(), lost=True)) == [("lost", "its stored output was lost or damaged")]


def test_each_change_is_named():
    other = {"train": Consumed("train", "d2", "arrow:d2")}
    assert reasons(inputs=other) == [("input", "input `train` has other content")]
    retyped = {"train": Consumed("train", "d1", "pandas:d1")}
    assert reasons(inputs=retyped) == [("input", "input `train` is of another type")]
    rebound = {"train": Consumed("sample", "d2", "arrow:d2")}
    assert reasons(inputs=rebound) == [("input", "input `train` is now `sample`, was `train`")]
    setting = (structs.replace(SETTINGS[0], shown="0.2", digest="float:0.2"), SETTINGS[1])
    assert reasons(structs.replace(WORK, settings=setting)) == [("parameter", "parameter `lr` 0.1 → 0.2")]
    content = (SETTINGS[0], structs.replace(SETTINGS[1], digest="f2"))
    assert reasons(structs.replace(WORK, settings=content)) == [("file", "`path` has other content (a.csv)")]
    assert reasons(structs.replace(WORK, seed=2)) == [("parameter", "seed 1 → 2")]
    fewer = structs.replace(WORK, settings=SETTINGS[:1])
    assert reasons(fewer) == [("parameter", "parameter `path` is gone")]
    code = structs.replace(STEP, code=Code("other"))
    assert reasons(structs.replace(WORK, step=code))[0][0] == "code"


def test_a_hidden_input_that_changed_is_named():
    before = structs.replace(WORK, hidden=(HiddenInput("/x.csv", "p.py:3", "h1"),))
    now = structs.replace(WORK, hidden=(HiddenInput("/x.csv", "p.py:3", "h2"),))
    assert decide(before, INPUTS, Known(done(before))).action == "reuse"
    (reason,) = decide(now, INPUTS, Known(done(before))).reasons
    assert (reason.kind, reason.where) == ("file", "p.py:3")
    assert "without declaring it" in reason.what


def test_other_content_of_paths_in_a_list_is_told_as_such():
    before = Setting("files", "value", "[a.csv]", "d1", within=(("a.csv", "f1"),))
    after = structs.replace(before, digest="d2", within=(("a.csv", "f2"),))
    known = Known(done(Work(STEP, (before,), seed=1)))
    (one,) = decide(Work(STEP, (after,), seed=1), INPUTS, known).reasons
    assert (one.kind, one.what) == ("file", "what `files` names has other content ([a.csv])")
