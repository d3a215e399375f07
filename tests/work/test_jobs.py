"""From a task whose entry is a command to the callable that does it; and what of a command is its identity."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from penstock.model.command import Action, Command, CommandInput, Files, Link, Sweep
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.work.command import Execution, Gate
from penstock.work.context import Context, Each, active
from penstock.work.deployment import Deployment
from penstock.work.jobs import Child, Collected, Sweeping, code_of, command_of, entry_of, files_of, job_of, target_of

COMMAND = Command(
    "train",
    step="Train",
    lines=("echo {parameters} > $VH_OUTPUTS_DIR/line", """echo '{"acc": 1}'"""),
    parameters=({"name": "lr", "type": "float"}, {"name": "n", "type": "integer"}),
    source="valohai.yaml",
    where="valohai.yaml:3:5",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "train.py").write_text("1")
    (tmp_path / "project" / "valohai.yaml").write_text("- step")
    return tmp_path / "project"


def task(command: Command, root: Path, kind: str = "command", **fields: Any) -> Task:
    entry = replace(entry_of(command), kind=kind)
    return Task("r/train/1", "r", "train", 1, "k", "", entry, root=str(root), **fields)


def code(command: Command, root: Path) -> str:
    return code_of(command, files_of(command, root, ())).digest


def test_an_entry_holds_its_command() -> None:
    assert command_of(entry_of(COMMAND)) == COMMAND
    assert entry_of(COMMAND).commands
    assert replace(entry_of(COMMAND), kind="gather").commands
    assert not Entry("gather", "line.py").commands


def test_each_role_has_its_callable(root: Path, tmp_path: Path) -> None:
    roles = {"execution": Execution, "task": Sweeping, "child": Child, "gate": Gate, "deployment": Deployment}
    for role, kind in roles.items():
        found, identity = job_of(task(replace(COMMAND, role=role), root), tmp_path / "state")
        assert type(found) is kind
        assert identity is not None
        assert identity.digest == code(replace(COMMAND, role=role), root)
    assert type(job_of(task(COMMAND, root, "gather"), tmp_path / "state")[0]) is Collected


def test_the_repository_is_copied_while_it_is_hashed(root: Path, tmp_path: Path) -> None:
    found, _ = job_of(task(COMMAND, root), tmp_path / "state")
    assert sorted(one.name for one in found.room.repository.iterdir()) == ["train.py", "valohai.yaml"]


def test_what_counts(root: Path) -> None:
    before = code(COMMAND, root)
    changes: dict[str, Any] = {
        "lines": ("other",),
        "image": "python:3.9",
        "parameters": ({"name": "lr", "type": "string"},),
        "inputs": (CommandInput("x"),),
        "variables": ("MODE",),
        "links": (Link("a", "a", "output", "*", "input", "x"),),
        "stop": "loss < 1",
        "files": ("*.py",),
        "actions": (Action("node-starting", ("require-approval",)),),
    }
    digests = {name: code(replace(COMMAND, **{name: value}), root) for name, value in changes.items()}
    assert len({before, *digests.values()}) == len(changes) + 1


def test_what_does_not_count(root: Path) -> None:
    before = code(COMMAND, root)
    for name, value in {"where": "valohai.yaml:9:9", "lenient": True, "pipeline": "other"}.items():
        assert code(replace(COMMAND, **{name: value}), root) == before
    described = (
        {"name": "lr", "type": "float", "description": "rate", "optional": True, "max": 3},
        COMMAND.parameters[1],
    )
    assert code(replace(COMMAND, parameters=described), root) == before
    (root / "valohai.yaml").write_text("- step: of others")
    assert code(COMMAND, root) == before
    (root / "train.py").write_text("2")
    assert code(COMMAND, root) != before


def test_a_task_becomes_its_executions(root: Path, tmp_path: Path) -> None:
    sweep = Sweep("grid", ({"name": "lr", "style": "multiple", "rules": {"items": [0.5, 1]}},))
    swept = replace(COMMAND, role="task", sweep=sweep)
    state = tmp_path / "state"
    found, identity = job_of(task(swept, root), state)
    assert identity is not None
    grown = found(lr=0.1, n=[3, 4])
    assert isinstance(grown, Each)
    wanted = [{"lr": 0.5, "n": 3}, {"lr": 0.5, "n": 4}, {"lr": 1, "n": 3}, {"lr": 1, "n": 4}]
    assert [one["parameters"] for one in grown.items] == wanted
    target = target_of(grown.step)
    assert set(target.arguments) == {"item", "lr", "n"}
    made = []
    for item in grown.items:
        child, same = job_of(Task("r/train[0]/1", "r", "train[0]", 1, "k", "", target.entry, root=str(root)), state)
        assert same is not None
        assert same.digest == target.code.digest
        made.append((child, child(item=item, **grown.shared)))
    assert [Path(one["outputs"], "line").read_text() for _, one in made][:2] == ["--lr=0.5 --n=3\n", "--lr=0.5 --n=4\n"]
    events: list[Any] = []
    collect, _ = job_of(task(swept, root, "gather"), state)
    with active(Context(task(swept, root), events.append)):
        whole = collect(values=[one for _, one in made], lr=0.1, n=[3, 4])
    assert whole["metadata"] == {"acc": [1, 1, 1, 1]}
    assert whole["table"][3] == {"execution": 3, "lr": 1, "n": 4, "acc": 1}
    assert Path(whole["outputs"], "2", "line").read_text() == "--lr=1 --n=3\n"


def test_how_values_are_found_does_not_change_an_execution(root: Path, tmp_path: Path) -> None:
    """A child's identity is that of its command, whatever the search; so adding a value runs one execution more."""
    codes = set()
    for items in ([1], [1, 2]):
        sweep = Sweep("grid", ({"name": "lr", "style": "multiple", "rules": {"items": items}},))
        found, _ = job_of(task(replace(COMMAND, role="task", sweep=sweep), root), tmp_path / "state")
        codes.add(target_of(found(lr=0.1, n=1).step).code.digest)
    assert len(codes) == 1


def test_files_are_shared_as_plain_values(root: Path, tmp_path: Path) -> None:
    found, _ = job_of(task(replace(COMMAND, role="task", sweep=Sweep()), root), tmp_path / "state")
    grown = found(lr=1, n=2, **{"input.data": Files(("a",))})
    assert grown.shared["input.data"] == {"uris": ("a",)}
