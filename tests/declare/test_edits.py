"""The cache is never wrong: every edit of the corpus, before and after, each time in a fresh process."""

from pathlib import Path

import pytest
from tests.declare.edits import Case, cases
from tests.declare.edits.apply import ask, edit, write

SHARDS = 4
NEEDLESS = 0.02  # of the edits that must be reused, how many may run again all the same


def say(problem: str, case: Case, before: dict[str, str], after: dict[str, str]) -> str:
    return f"{problem}: {case.name}\n  before: {before}\n  after: {after}"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_edit_is_missed(tmp_path: Path, shard: int) -> None:
    jobs = [(case, tmp_path / str(place)) for place, case in enumerate(cases()) if place % SHARDS == shard]
    for case, root in jobs:
        root.mkdir()
        write(case, root)
    before = ask(jobs, seed=1)
    for case, root in jobs:
        edit(case, root)
    after = ask(jobs, seed=2, after=True)

    wrong, needless = [], []
    for (case, _), old, new in zip(jobs, before, after, strict=True):
        same = old["digest"] == new["digest"]
        if "error" in old or "error" in new:
            wrong.append(say("ERROR", case, old, new))
        elif old["digest"] != old["again"] or new["digest"] != new["again"]:
            wrong.append(say("another identity after the step has run", case, old, new))
        elif case.observed:
            pass  # by a run alone: see tests/app/test_edits.py
        elif (case.label == "rerun" or old["result"] != new["result"]) and same:
            wrong.append(say("STALE", case, old, new))
        elif case.label == "reuse" and not same:
            needless.append(say("needless", case, old, new))
        if case.runs and case.label != "either" and (old["result"] == new["result"]) != (case.label == "reuse"):
            wrong.append(say("the label is wrong", case, old, new))
    print(*wrong, *needless, sep="\n")
    assert not wrong
    assert len(needless) <= NEEDLESS * sum(case.label == "reuse" for case, _ in jobs)


def test_an_unedited_project_keeps_its_identity_in_every_process(tmp_path: Path) -> None:
    chosen: dict[str, Case] = {}
    for case in cases():
        chosen.setdefault(case.name.partition(" / ")[0], case)
    jobs = [(case, tmp_path / str(place)) for place, case in enumerate(chosen.values())]
    for case, root in jobs:
        root.mkdir()
        write(case, root)
    said = [[one["digest"] for one in ask(jobs, seed=seed)] for seed in (1, 2)]
    assert said[0] == said[1]
    assert all(said[0])


def test_the_corpus_is_large_and_knows_all_labels() -> None:
    labels = [case.label for case in cases()]
    assert len(labels) >= 220
    assert labels.count("rerun") > 150
    assert labels.count("reuse") > 60
    assert labels.count("either") > 10
