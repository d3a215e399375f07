"""A training that is killed goes on where it was: its worker killed, its runner killed, again and again."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.runs import HEAD, Project, until

pytestmark = pytest.mark.needs("proc")

EPOCHS = 12
TRAINING = (
    HEAD
    + f"""
import json

def load(path):
    return json.loads(path.read_text()) if path.exists() else {{"epoch": 0, "weight": 1.0}}

def save(path, state):
    new = path.with_suffix(".new")
    new.write_text(json.dumps(state))
    os.replace(new, path)

@ps.source
def rows() -> list:
    return [1.0, 2.0, 3.0]

@ps.train(retries=1, backoff=0)
def model(rows: list, epochs: int = {EPOCHS}, pause: float = 0.05) -> float:
    path = ps.checkpoint() / "state.json"
    state = load(path)
    for epoch in ps.progress(range(state["epoch"], epochs)):
        tell("begin", f"epoch-{{epoch}}")
        time.sleep(pause)
        state = {{"epoch": epoch + 1, "weight": state["weight"] * 0.9 + sum(rows) / (epoch + 1)}}
        save(path, state)
        tell("end", f"epoch-{{epoch}}")
    return state["weight"]
"""
)


def trained() -> float:
    weight = 1.0
    for epoch in range(EPOCHS):
        weight = weight * 0.9 + 6.0 / (epoch + 1)
    return weight


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path, TRAINING)
    yield made
    made.end_all()


def reach(project: Project, epoch: int, times: int = 1) -> int:
    """Wait until trainings have done an epoch so many times; the process that trains."""
    until(lambda: project.ended()[f"epoch-{epoch}"] >= times, what=f"epoch {epoch}")
    return project.journal()[-1][2]


def assert_trained(project: Project, kills: int) -> None:
    """The model is that of a training without interruption; no epoch that was saved was done again."""
    project.assert_values({"model": trained()})
    project.assert_sound()
    begun, ended, last = project.begun(), project.ended(), -1
    assert set(begun) == {f"epoch-{epoch}" for epoch in range(EPOCHS)}
    assert sum(begun.values()) <= EPOCHS + kills
    assert all(count <= 1 for count in ended.values())
    for word, step, _ in project.journal():
        epoch = int(step.partition("-")[2])
        assert epoch == last + 1 if word == "begin" and begun[step] == 1 else epoch in (last, last + 1)
        last = epoch if word == "end" else last
    assert list((project.state / "checkpoints").iterdir()) == []


def test_a_killed_worker_loses_one_epoch_at_most(project: Project) -> None:
    process = project.start()
    os.kill(reach(project, 3), signal.SIGKILL)
    assert project.wait(process) == 0
    assert_trained(project, 1)
    with project.ledger() as ledger:
        (row,) = [one for one in ledger.steps("last") if one["step"] == "model"]
    assert row["attempts"] == 2


@pytest.mark.parametrize("again", ["run", "resume"])
def test_a_killed_runner_loses_one_epoch_at_most(project: Project, again: str) -> None:
    process = project.start()
    reach(project, 2)
    process.kill()
    assert project.wait(process) == -signal.SIGKILL
    project.assert_no_orphans()
    assert project.run(*(["last"] if again == "resume" else []), command=again) == 0
    assert_trained(project, 1)


def test_all_that_can_be_killed_one_after_the_other(project: Project) -> None:
    """Worker, runner, the process that starts workers, the worker again: in one training."""
    process = project.start()
    os.kill(reach(project, 1), signal.SIGKILL)
    reach(project, 3)
    process.kill()
    project.wait(process)
    process = project.start()
    reach(project, 5)
    os.kill(project.server(), signal.SIGKILL)
    until(lambda: project.ended()["epoch-7"] or process.poll() is not None, what="another attempt")
    project.wait(process)
    assert project.run() == 0
    assert_trained(project, 3)


def test_what_is_forced_or_changed_begins_anew(project: Project) -> None:
    """A finished training leaves nothing behind to go on from; another learning has a folder of its own."""
    assert project.run("--set", "model.pause=0") == 0
    assert project.run("--set", "model.pause=0", "--force", "model") == 0
    assert set(project.begun().values()) == {2}
    process = project.start()
    reach(project, 2, times=3)
    process.kill()
    project.wait(process)
    assert project.run("--set", "model.pause=0.001") == 0
    assert project.begun()["epoch-0"] == 4
    project.assert_values({"model": trained()})
