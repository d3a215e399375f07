"""Containers, by a real engine: the contract, and what only they promise."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace
from tests.containers import home, image

from penstock.codecs.registry import Codecs
from penstock.executors.container import ContainerExecutor
from penstock.executors.engines import find_engine
from penstock.model.artifact import Stored
from penstock.model.event import Begun
from penstock.model.step import Resources
from penstock.model.task import Ended, Setting
from penstock.stores.local import LocalStore
from penstock.stores.outbox import empty
from penstock.testing.executors import ExecutorContract, Run
from penstock.testing.steps import Steps

pytestmark = [pytest.mark.needs("podman", "uv"), pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home(tmp_path, monkeypatch)


def make(folder: Path, **options: Any) -> ContainerExecutor:
    made = image()
    store = LocalStore(folder / "state" / "store")
    return ContainerExecutor(
        find_engine,
        lambda place: made,
        **{
            "workers": 2,
            "state": folder / "state",
            "root": folder,
            "outbox_of": LocalStore,
            "take": lambda outbox: empty(outbox, store),
            **options,
        },
    )


def value(folder: Path, stored: Stored) -> Any:
    return Codecs().decode(stored, LocalStore(folder / "state" / "store"))


class TestContainer(ExecutorContract):
    cannot: ClassVar[dict[str, str]] = {
        "children": "processes have other numbers inside; see test_nothing_is_left_behind",
    }

    def make(self, folder: Path) -> ContainerExecutor:
        return make(folder, open_project=True)

    def value(self, folder: Path, stored: Stored) -> Any:
        return value(folder, stored)

    def test_a_fresh_process(self, run: Run) -> None:
        """A container is kept for the next task of its image, whatever the step says of processes."""
        pytest.skip("a container is the process's own world; it is used again")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    executor = make(tmp_path.resolve())
    yield Run(executor, Steps(tmp_path.resolve()), patience=60.0)
    executor.close()


def containers() -> list[str]:
    _, out, _ = find_engine().ask("ps", "--all", "--format", "{{.Names}}")
    return [one for one in out.split() if one.startswith(f"penstock-{os.getpid()}-")]


def gone() -> bool:
    end = time.monotonic() + 30
    while containers():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


LOOK = """
def looks():
    import os
    found = {"uid": os.getuid(), "network": sorted(os.listdir("/sys/class/net")), "caps": "", "writes": []}
    for line in open("/proc/self/status"):
        if line.startswith("CapEff"):
            found["caps"] = line.split()[1]
    for place in (os.getcwd(), os.environ["HOME"], "/", "/usr", %r):
        try:
            open(place + "/written", "w").close()
            found["writes"].append(place)
        except OSError:
            pass
    return found
"""


def looks(run: Run, **fields: Any) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "steps_of_the_contract"}
    exec(LOOK % str(run.steps.folder / "state" / "store"), namespace)
    run.steps._namespace["looks"] = namespace["looks"]
    (ended,) = run.ended(run.submit("looks", **fields))
    assert ended.status == "succeeded", ended
    return value(run.steps.folder, ended.outputs[0])


def test_it_sees_much_and_harms_nothing(run: Run) -> None:
    found = looks(run)
    assert found["uid"] != 0
    assert found["network"] == ["lo"]
    assert int(found["caps"], 16) == 0
    assert found["writes"] == ["/tmp"]


def test_a_network_that_was_declared(run: Run) -> None:
    assert looks(run, network=True)["network"] == sorted(os.listdir("/sys/class/net"))


def test_one_container_does_task_after_task(run: Run) -> None:
    tasks = [run.submit("one") for _ in range(20)]
    run.ended(*tasks)
    assert len({one.host for one in run.seen if isinstance(one, Begun)}) <= 2
    assert len(containers()) <= 2


def test_running_out_of_memory_is_named(run: Run) -> None:
    task = run.submit("hoards", resources=Resources(memory=100_000_000))
    failed, good = run.ended(task, run.submit("one"))
    assert good.status == "succeeded"
    assert failed.failure is not None
    assert "out of memory: its container may use 100,000,000 bytes" in failed.failure.message
    # The next one of this size finds a worker again.
    assert run.ended(run.submit("one", resources=Resources(memory=100_000_000)))[0].status == "succeeded"


def test_a_file_outside_of_the_project_is_seen_if_a_parameter_names_it(run: Run, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "data.txt"
    path.write_text("from outside")
    exec("def reads(path):\n    return open(path).read()\n", run.steps._namespace)
    setting = Setting("path", "path", str(path), "", pickle.dumps(str(path)))
    (ended,) = run.ended(_submit(run, "reads", setting))
    assert value(run.steps.folder, ended.outputs[0]) == "from outside"


def _submit(run: Run, name: str, setting: Setting):
    task = replace(run.steps.task(name), settings=(setting,))
    run.executor.submit(task)
    return task


def test_a_container_that_is_killed_takes_its_task_alone(run: Run) -> None:
    """The engine stopped in the middle of a run: what was running fails, and what follows gets new containers."""
    sleeping = run.submit("sleeps")
    run.begun(sleeping)
    find_engine().ask("kill", *containers())
    failed, good = run.ended(sleeping, run.submit("one"))
    assert failed.status == "failed"
    assert good.status == "succeeded"


def test_nothing_is_left_behind(run: Run) -> None:
    run.begun(run.submit("sleeps"))
    run.begun(run.submit("will_not_stop"))
    assert len(containers()) == 2
    run.executor.close()
    assert gone()
    assert not list((run.steps.folder / "state" / "containers").iterdir())


def test_containers_end_with_a_runner_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "runner.py"
    script.write_text(
        "import sys, pathlib\n"
        "from tests.executors.test_container import make\n"
        "from penstock.testing.steps import Steps\n"
        "from penstock.testing.executors import Run\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "run = Run(make(folder), Steps(folder), 100)\n"
        "run.begun(run.submit('sleeps'))\n"
        "print('begun', flush=True)\n"
        "import time; time.sleep(100)\n"
    )
    runner = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert runner.stdout is not None and runner.stdout.readline() == "begun\n"
    prefix = f"penstock-{runner.pid}-"
    runner.kill()
    runner.wait()
    end = time.monotonic() + 30
    while prefix in find_engine().ask("ps", "--all", "--format", "{{.Names}}")[1]:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_a_killed_runner_left_is_removed(run: Run) -> None:
    folder = run.steps.folder / "state" / "containers"
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead, alive, other = (
        folder / name for name in (f"penstock-{ended.pid}-aa-1", f"penstock-{os.getpid()}-bb-1", "x-y")
    )
    for one in (dead, alive, other):
        (one / "out").mkdir(parents=True)
    run.ended(run.submit("one"))
    assert not dead.exists()
    assert alive.exists() and other.exists()


def test_an_image_in_which_nothing_runs_is_told(tmp_path: Path) -> None:
    made = replace(image(), python="/no/such/python")
    executor = make(tmp_path)
    executor._image_of = lambda place: made
    run = Run(executor, Steps(tmp_path), 60)
    try:
        (failed,) = run.ended(run.submit("one"))
        assert failed.failure is not None
        assert "can't be started" in failed.failure.message
        assert "/no/such/python" in failed.failure.message
    finally:
        executor.close()
    assert isinstance(failed, Ended)
