"""What every executor must keep: a suite to inherit from.

    class TestMyExecutor(ExecutorContract):
        def make(self, folder):
            return MyExecutor(...)

        def value(self, folder, stored):
            return ...          # the stored value, loaded in this process

Tasks come as pickled functions (`Entry(kind="pickle")`). What an executor can't contain is said in `cannot`, with the
reason, and is skipped with it: "crash" (segfaults, signals, exits), "hang" (time limits), "cancel", "children", "look"
(what a task uses while it runs).
Needs pytest.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from penstock.model.artifact import Stored
from penstock.model.event import Begun, Queued, Sampled, TaskEvent
from penstock.model.step import Resources
from penstock.model.task import Ended, Task
from penstock.ports import Executor
from penstock.testing.steps import Steps

__all__ = ["ExecutorContract", "Run"]


class Run:
    """An executor at work, and what it said."""

    def __init__(self, executor: Executor, steps: Steps, patience: float = 30.0) -> None:
        self.executor = executor
        self.steps = steps
        self.patience = patience  # seconds to wait for what must come
        self.seen: list[TaskEvent] = []

    def submit(
        self, name: str, inputs: dict[str, Stored] | None = None, settings: dict[str, Any] | None = None, **fields: Any
    ) -> Task:
        """Hand over a task."""
        task = self.steps.task(name, inputs, settings, **fields)
        self.executor.submit(task)
        return task

    def ended(self, *tasks: Task) -> list[Ended]:
        """Wait until these tasks have ended; each exactly once."""
        self.until(lambda: {one.id for one in tasks} <= {one.task for one in self._ended()})
        found = {one.task: one for one in self._ended()}
        assert len(found) == len(self._ended()), "a task ended twice"
        return [found[one.id] for one in tasks]

    def begun(self, task: Task) -> None:
        """Wait until a task has begun."""
        self.until(lambda: any(isinstance(one, Begun) and one.task == task.id for one in self.seen))

    def until(self, good: Callable[[], bool]) -> None:
        """Take events until this holds."""
        end = time.monotonic() + self.patience
        while not good():
            assert time.monotonic() < end, f"nothing came of it; the last that was seen: {self.seen[-5:]}"
            self.seen += self.executor.events(0.05)

    def _ended(self) -> list[Ended]:
        return [one for one in self.seen if isinstance(one, Ended)]


class ExecutorContract:
    """Inherit from it under a name that pytest collects, say how the executor is made and how its values are read."""

    cannot: ClassVar[dict[str, str]] = {}

    def make(self, folder: Path) -> Executor:
        """The executor, for a project and state in this folder, with two workers."""
        raise NotImplementedError

    def value(self, folder: Path, stored: Stored) -> Any:
        """A stored value."""
        raise NotImplementedError

    @pytest.fixture
    def run(self, tmp_path: Path) -> Iterator[Run]:
        """An executor at work."""
        folder = tmp_path.resolve()
        executor = self.make(folder)
        executor.start()
        try:
            yield Run(executor, Steps(folder))
        finally:
            executor.close()
            executor.close()

    def needs(self, ability: str) -> None:
        """Skip a test that asks for more than this executor can contain."""
        if ability in self.cannot:
            pytest.skip(self.cannot[ability])

    def good(self, run: Run, ended: Ended) -> Any:
        """The value of a task that must have succeeded."""
        assert ended.status == "succeeded", ended
        return self.value(run.steps.folder, ended.outputs[0])

    # --- values

    def test_values_go_from_task_to_task(self, run: Run) -> None:
        """A stored output is another task's input; parameters come along."""
        (first,) = run.ended(run.submit("one"))
        (second,) = run.ended(run.submit("increased", {"x": first.outputs[0]}, {"by": 4}))
        assert self.good(run, first) == 1
        assert self.good(run, second) == 5

    def test_many_tasks_each_end_once(self, run: Run) -> None:
        """More tasks than can run at once; each begins before it ends, and ends once."""
        tasks = [run.submit("one") for _ in range(40)]
        assert [one.status for one in run.ended(*tasks)] == ["succeeded"] * 40
        order = [(type(one).__name__, one.task) for one in run.seen]
        for task in tasks:
            assert order.count(("Begun", task.id)) == 1
            assert order.index(("Begun", task.id)) < order.index(("Ended", task.id))

    def test_nothing_to_wait_for(self, run: Run) -> None:
        """Without tasks nobody waits for ever."""
        assert list(run.executor.events(None)) == []
        assert list(run.executor.events(0.01)) == []

    def test_large_values(self, run: Run) -> None:
        """A megabyte as a parameter and as an output."""
        (ended,) = run.ended(run.submit("increased", None, {"x": "a" * 1_000_000, "by": "b"}))
        assert self.good(run, ended) == "a" * 1_000_000 + "b"

    def test_large_values_from_task_to_task(self, run: Run) -> None:
        """Many megabytes of an output are another task's input, whole."""
        (made,) = run.ended(run.submit("repeats", None, {"size": 30_000_000}))
        found = run.ended(*[run.submit("length", {"x": made.outputs[0]}) for _ in range(3)])
        assert [self.good(run, one) for one in found] == [30_000_000] * 3

    def test_two_at_once(self, run: Run) -> None:
        """Another executor on the same project and state neither sees the tasks of this one nor stands in their way."""
        other = Run(self.make(run.steps.folder), run.steps, run.patience)
        other.executor.start()
        try:
            mine, theirs = run.submit("increased", None, {"x": 1}), other.submit("increased", None, {"x": 2})
            assert self.good(run, run.ended(mine)[0]) == 2
            assert self.good(other, other.ended(theirs)[0]) == 3
            last = run.submit("one")
        finally:
            other.executor.close()
        assert self.good(run, run.ended(last)[0]) == 1
        assert {one.task for one in run.seen if isinstance(one, Begun | Ended)} == {mine.id, last.id}

    def test_a_folder_of_any_name(self, tmp_path: Path) -> None:
        """Spaces, signs and letters of any language in the paths of project, state and logs."""
        (folder := tmp_path.resolve() / "Größe: 日本,'x' $HOME").mkdir()
        executor = self.make(folder)
        executor.start()
        try:
            run = Run(executor, Steps(folder), 60.0)
            first, second = run.ended(run.submit("one"), run.submit("prints", None, {"text": "here"}))
            assert self.good(run, first) == 1
            assert second.log is not None
            assert "here" in Path(second.log.file).read_text()
        finally:
            executor.close()

    def test_seeds(self, run: Run) -> None:
        """Equal seeds draw equal numbers, whatever ran before."""
        first, second, third = run.ended(*[run.submit("draws", seed=seed) for seed in (5, 6, 5)])
        assert self.good(run, first) == self.good(run, third) != self.good(run, second)

    # --- failures

    @pytest.mark.parametrize(
        ("name", "kind", "words"),
        [
            ("raises", "ValueError", "this step is broken"),
            ("chained", "RuntimeError", "and its handler too"),
            ("leaves", "SystemExit", "sys.exit(3)"),
            ("returns_a_lock", "CodecError", "lock"),
            ("raises_unpicklable", "Unpicklable", "nobody can pickle"),
            ("raises_unprintable", "Unprintable", ""),
            ("recurses", "RecursionError", "recursion"),
        ],
    )
    def test_a_failure_is_told_and_stays_alone(self, run: Run, name: str, kind: str, words: str) -> None:
        """The error's class, words, place and the user's frames; the tasks beside it succeed."""
        beside = [run.submit("one")]
        task = run.submit(name)
        beside.append(run.submit("one"))
        failed, *good = run.ended(task, *beside)
        assert [one.status for one in good] == ["succeeded", "succeeded"]
        assert failed.status == "failed"
        assert failed.failure is not None
        assert failed.failure.kind == kind
        assert words in failed.failure.message
        if name.startswith("r") and kind != "CodecError":
            assert failed.failure.where.startswith("steps.py:")
            assert 'File "steps.py"' in failed.failure.traceback
        assert "penstock/" not in failed.failure.traceback

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("exits_well", "exit code 0"),
            ("exits_badly", "exit code 7"),
            ("segfaults", "SIGSEGV"),
            ("aborts", "SIGABRT"),
            ("is_killed", "SIGKILL"),
            ("closes_everything", "closed its connection"),
            ("writes_everywhere", ""),
        ],
    )
    def test_a_dead_process_fails_its_task_alone(self, run: Run, name: str, words: str) -> None:
        """Never success, never a hang: the task fails with what killed it, and all others succeed."""
        self.needs("crash")
        before = [run.submit("one") for _ in range(3)]
        task = run.submit(name)
        after = [run.submit("one") for _ in range(6)]
        failed, *good = run.ended(task, *before, *after)
        assert [one.status for one in good] == ["succeeded"] * 9
        assert failed.status == "failed"
        assert failed.failure is not None
        assert failed.failure.kind == "WorkerDied"
        assert words in failed.failure.message

    def test_an_exit_handler_is_not_success(self, run: Run) -> None:
        """Exit code 0 without a result is a failure."""
        self.needs("crash")
        (failed,) = run.ended(run.submit("exits_at_last"))
        assert failed.status == "failed"
        (good,) = run.ended(run.submit("one"))
        assert good.status == "succeeded"

    # --- time

    @pytest.mark.parametrize("name", ["sleeps", "spins"])
    def test_a_time_limit(self, run: Run, name: str) -> None:
        """A task that takes too long is stopped, with the user's line where it was."""
        self.needs("hang")
        failed, good = run.ended(run.submit(name, timeout=0.3), run.submit("one"))
        assert good.status == "succeeded"
        assert failed.status == "failed"
        assert failed.failure is not None
        assert failed.failure.kind == "TimeoutError"
        assert "0.3 s" in failed.failure.message
        assert failed.failure.where.startswith("steps.py:")

    @pytest.mark.parametrize("name", ["sleeps_in_c", "stops_itself", "will_not_stop"])
    def test_a_time_limit_that_must_kill(self, run: Run, name: str) -> None:
        """Also when the task can't listen, or won't."""
        self.needs("hang")
        failed, good = run.ended(run.submit(name, timeout=0.3), run.submit("one"))
        assert good.status == "succeeded"
        assert failed.status == "failed"
        assert failed.failure is not None
        assert failed.failure.kind == "TimeoutError"

    def test_silence(self, run: Run) -> None:
        """A task that prints nothing for too long is stopped."""
        self.needs("hang")
        (failed,) = run.ended(run.submit("sleeps", no_output_timeout=0.3))
        assert failed.failure is not None
        assert failed.failure.kind == "TimeoutError"

    def test_cancelling_what_runs_and_what_waits(self, run: Run) -> None:
        """Each ends once, as cancelled; what was not cancelled goes on."""
        self.needs("cancel")
        tasks = [run.submit("sleeps") for _ in range(6)]
        run.begun(tasks[0])
        last = run.submit("one")
        for task in tasks:
            run.executor.cancel(task.id, "not wanted", grace=1.0)
            run.executor.cancel(task.id, "twice", grace=1.0)
        ended = run.ended(*tasks, last)
        assert [one.status for one in ended] == ["cancelled"] * 6 + ["succeeded"]
        assert {one.reason for one in ended[:6]} == {"not wanted"}

    def test_cancelling_what_is_just_beginning(self, run: Run) -> None:
        """Whatever was done for it by then: it ends once, as cancelled, and what comes next is done."""
        self.needs("cancel")
        tasks = []
        for _ in range(3):
            tasks.append(run.submit("sleeps"))
            run.executor.cancel(tasks[-1].id, "at once", grace=0.2)
        *ended, last = run.ended(*tasks, run.submit("one"))
        assert [(one.status, one.reason) for one in ended] == [("cancelled", "at once")] * 3
        assert last.status == "succeeded"

    def test_cancelling_what_will_not_listen(self, run: Run) -> None:
        """After the grace it is killed."""
        self.needs("cancel")
        task = run.submit("sleeps_in_c")
        run.begun(task)
        run.executor.cancel(task.id, "now", grace=0.1)
        (ended,) = run.ended(task)
        assert ended.status == "cancelled"

    def test_cancelling_nothing(self, run: Run) -> None:
        """Unknown tasks and those that have ended are passed over."""
        task = run.submit("one")
        run.ended(task)
        run.executor.cancel(task.id)
        run.executor.cancel("nobody/knows/1")
        assert run.ended(run.submit("one"))[0].status == "succeeded"

    def test_what_takes_long_is_looked_at(self, run: Run) -> None:
        """Again and again: what it uses, for how long it has run, for how long it has said nothing."""
        self.needs("look")
        works, waits = run.submit("spins"), run.submit("sleeps")

        def looks(task: Task) -> list[Sampled]:
            return [one for one in run.seen if isinstance(one, Sampled) and one.task == task.id]

        run.until(lambda: len(looks(works)) > 1 and len(looks(waits)) > 1)
        for task in (works, waits):
            run.executor.cancel(task.id, "seen enough", grace=0.1)
        run.ended(works, waits)
        for seen in (looks(works), looks(waits)):
            assert [one.seconds for one in seen] == sorted({one.seconds for one in seen})
            assert all(one.memory > 1_000_000 and one.seconds >= one.silent > 0 for one in seen)
        assert sum([one.cpu for one in looks(works)]) > sum([one.cpu for one in looks(waits)])

    # --- output

    def test_output_is_in_the_log(self, run: Run) -> None:
        """Print, standard error and logging, each task's own."""
        tasks = [run.submit("prints", None, {"text": f"this is {name}"}) for name in ("ann", "bob", "cid")]
        for ended, name in zip(run.ended(*tasks), ("ann", "bob", "cid"), strict=True):
            assert ended.log is not None
            with Path(ended.log.file).open("rb") as file:
                file.seek(ended.log.start)
                text = file.read(ended.log.size).decode()
            assert text.count(f"this is {name}\n") == 2
            assert text.count("this is") <= 3

    def test_output_is_in_order_and_in_utf_8(self, run: Run) -> None:
        """Both streams as they were written, in letters of any language, and the last line though it does not end."""
        words = "Größe 日本語 🙂"
        (ended,) = run.ended(run.submit("tells", None, {"words": words, "count": 2_000}))
        assert ended.log is not None
        with Path(ended.log.file).open("rb") as file:
            file.seek(ended.log.start)
            text = file.read(ended.log.size).decode()
        assert text == "".join([f"{number} {words}\n" for number in range(2_000)]) + "the end"

    # --- what a task is given

    def test_the_environment_says_how_many_threads(self, run: Run) -> None:
        """Numerical libraries are told the task's own processors, not the machine's."""
        self.needs("crash")  # what shares this process shares its libraries
        found = run.ended(*[run.submit("threads", resources=Resources(cpus=cpus)) for cpus in (1, 2)])
        assert [self.good(run, one)["OMP_NUM_THREADS"] for one in found] == ["1", "2"]

    def test_what_is_too_large_is_done_or_waited_for_aloud(self, run: Run) -> None:
        """A task that asks for more than there is never waits in silence."""
        self.needs("cancel")
        task = run.submit("one", resources=Resources(cpus=4096))
        run.until(lambda: any(isinstance(one, Begun | Ended | Queued) and one.task == task.id for one in run.seen))
        run.executor.cancel(task.id, "seen enough", grace=0.2)
        run.ended(task)
        assert run.ended(run.submit("one"))[0].status == "succeeded"

    def test_output_of_any_size(self, run: Run) -> None:
        """100 MB of it and bytes that are no text harm nobody."""
        self.needs("crash")
        much, odd = run.ended(run.submit("prints_much", None, {"size": 100_000_000}), run.submit("prints_bytes"))
        assert much.status == odd.status == "succeeded"
        assert much.log is not None
        assert odd.log is not None
        assert much.log.size == 100_000_000
        assert Path(odd.log.file).read_bytes()[odd.log.start :].startswith(b"\xff\xfe not text \x00")

    # --- what is left behind

    def test_grandchildren_are_gone(self, run: Run) -> None:
        """Processes that a task leaves behind end with it, in whatever session they hide."""
        self.needs("children")
        (ended,) = run.ended(run.submit("leaves_children", None, {"folder": str(run.steps.folder)}))
        assert not _alive(self.good(run, ended))

    def test_a_step_may_fork(self, run: Run) -> None:
        """A child that comes back from the step as well is not heard, and children can be ended as ever."""
        self.needs("crash")
        for _ in range(3):
            two, many = run.ended(run.submit("forks_and_returns"), run.submit("uses_processes"))
            assert self.good(run, two) == "the parent's"
            assert self.good(run, many) == [0, -15, 1, 2]
            assert [one.status for one in run.ended(*[run.submit("one") for _ in range(5)])] == ["succeeded"] * 5

    def test_one_task_does_not_see_another_s_traces(self, run: Run) -> None:
        """Environment, folder, limits, handlers and descriptors are as before; time limits still work."""
        self.needs("crash")
        for _ in range(2):
            for one in run.ended(run.submit("moves_the_furniture"), run.submit("moves_the_furniture")):
                assert self.good(run, one)
            found = run.ended(*[run.submit("finds_the_furniture") for _ in range(4)])
            for one in found:
                assert self.good(run, one) == [None, str(run.steps.folder), False]
                assert one.log is not None
                assert one.log.size == len("heard\n")
        (slow,) = run.ended(run.submit("sleeps", timeout=0.2))
        assert slow.failure is not None

    def test_a_fresh_process(self, run: Run) -> None:
        """`isolation="fresh"` gives each task a process of its own."""
        self.needs("crash")
        tasks = [run.submit("pid", isolation="fresh" if number % 2 else "worker") for number in range(8)]
        pids = [self.good(run, one) for one in run.ended(*tasks)]
        fresh = pids[1::2]
        assert len(set(fresh)) == 4
        assert not set(fresh) & set(pids[::2])

    def test_closing_stops_everything(self, run: Run) -> None:
        """No process is left, whatever was running."""
        self.needs("children")
        folder = str(run.steps.folder)
        tasks = [run.submit("marks", None, {"folder": folder, "seconds": 100}) for _ in range(2)]
        run.until(lambda: len(list(run.steps.folder.glob("begun-*"))) == 2)
        pids = [int(path.name.partition("-")[2]) for path in run.steps.folder.glob("begun-*")]
        assert all(_alive(pid) for pid in pids)
        assert tasks
        run.executor.close()
        assert not any(_alive(pid) for pid in pids)

    def test_it_can_be_closed_at_once(self, tmp_path: Path) -> None:
        """Before it was started, right after, and twice."""
        first, second = self.make(tmp_path), self.make(tmp_path)
        first.close()
        second.start()
        second.close()
        second.close()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()
