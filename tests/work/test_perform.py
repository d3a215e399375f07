"""One attempt at one task: every way in which it can end."""

import os
import pickle
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.codecs.paths import unpacked
from penstock.codecs.registry import Codecs
from penstock.errors import Corrupt
from penstock.model.artifact import Stored
from penstock.model.code import Code, Piece
from penstock.model.event import Measured, Noted, Produced
from penstock.model.step import Entry
from penstock.model.task import Ended, Input, Setting, Task
from penstock.plan.files import digest_path
from penstock.stores.local import LocalStore
from penstock.work.context import Stop, checkpoint, each, figure, hold, metric, note, skip
from penstock.work.outputs import Target
from penstock.work.perform import Kit, NeedsFresh, perform
from penstock.work.sink import StoreSink


class Bench:
    """A task, what it is performed with, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.codecs = Codecs()
        self.store = LocalStore(folder / "store")
        self.code: Code | None = None
        self.edited: list[str] = []
        self.events: list[Any] = []

    def stored(self, value: Any) -> Stored:
        stored = self.codecs.encode(value, StoreSink(self.store))
        self.store.sync()
        return stored

    def do(self, function: Callable[..., Any], values: dict[str, Any] | None = None, **fields: Any) -> Ended:
        settings = fields.pop("settings", {})
        if isinstance(settings, dict):
            given = [(key, repr(value), pickle.dumps(value)) for key, value in settings.items()]
            settings = tuple([Setting(key, "value", shown, "", data) for key, shown, data in given])
        task = Task(
            **{
                "id": "r/step/1",
                "run": "r",
                "step": "step",
                "attempt": 1,
                "key": "k",
                "code": "",
                "entry": Entry("pickle"),
                "inputs": tuple(
                    [Input(key, f"made.{key}", self.stored(value)) for key, value in (values or {}).items()]
                ),
                "settings": settings,
                "root": str(self.folder),
                **fields,
            }
        )
        kit = Kit(
            self.codecs,
            self.store,
            lambda _: (function, self.code),
            lambda: self.edited,
            digest_path,
            lambda given: Target(Entry("pickle", name="f"), Code("c"), ("item",), "f"),
            (str(self.folder / "store"),),
            unpacked(),
        )
        self.events.clear()
        return perform(task, kit, self.events.append)

    def value(self, ended: Ended, place: int = 0) -> Any:
        assert ended.status == "succeeded", ended
        return self.codecs.decode(ended.outputs[place], self.store)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_inputs_and_parameters_by_name(bench: Bench) -> None:
    ended = bench.do(lambda a, b, n: (a, b, n), {"a": 1, "b": "x"}, settings={"n": [4]})
    assert bench.value(ended) == (1, "x", [4])


def test_large_values_are_told_before_they_are_durable(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    sync = bench.store.sync
    monkeypatch.setattr(bench.store, "sync", lambda: (order.append("sync"), sync()))
    emit = bench.events.append

    class Events(list[Any]):
        def append(self, event: Any) -> None:
            order.append(type(event).__name__)
            emit(event)

    bench.events = Events()
    ended = bench.do(lambda: b"x" * 1_000_000)
    assert order == ["Produced", "sync"]
    assert bench.value(ended) == b"x" * 1_000_000
    assert bench.store.has(ended.outputs[0].blob)
    order.clear()
    bench.do(lambda: 1)
    assert order == []


def test_named_outputs(bench: Bench) -> None:
    ended = bench.do(lambda: {"b": 2, "a": 1}, outputs=("a", "b"))
    assert (bench.value(ended, 0), bench.value(ended, 1)) == (1, 2)
    ended = bench.do(lambda: (1, 2, 3), outputs=("a", "b"))
    assert ended.status == "failed"
    assert ended.failure is not None
    assert "a, b (2); it returned a tuple of 3" in ended.failure.message
    assert ended.outputs == ()


def test_usage_counts_bytes_and_rows(bench: Bench) -> None:
    import polars as pl

    frame = pl.DataFrame({"a": range(1000)})
    ended = bench.do(lambda a: a.head(10), {"a": frame})
    assert (ended.usage.rows_in, ended.usage.rows_out) == (1000, 10)
    assert ended.usage.bytes_in >= 8000
    assert ended.usage.bytes_out > 0
    assert ended.usage.peak_memory > 1 << 20
    assert ended.usage.seconds > 0


def test_what_the_step_says(bench: Bench) -> None:
    def step() -> int:
        metric("loss", 2)
        metric("loss", 1)
        note("well")
        figure({"drawn": True}, "curve")
        return 0

    ended = bench.do(step)
    assert ended.metrics == {"loss": 1.0}
    assert ended.notes == ("well",)
    assert bench.codecs.decode(ended.figures["curve"], bench.store) == {"drawn": True}
    assert [type(one) for one in bench.events] == [Measured, Measured, Noted, Noted]


def test_numbers_of_an_evaluation_are_metrics(bench: Bench) -> None:
    def step() -> dict[str, Any]:
        metric("mine", 5)
        metric("rmse", 7)
        return {"rmse": 0.5, "mae": 0.25, "name": "x"}

    assert bench.do(step, kind="evaluate").metrics == {"mine": 5.0, "rmse": 7.0, "mae": 0.25}
    assert bench.do(step, kind="train").metrics == {"mine": 5.0, "rmse": 7.0}


@pytest.mark.parametrize(("leave", "status"), [(skip, "skipped"), (hold, "held")])
def test_ways_out(bench: Bench, leave: Callable[[str], Any], status: str) -> None:
    for step in (lambda: leave("because"), lambda: [leave("because"), 1]):
        ended = bench.do(step)
        assert (ended.status, ended.reason, ended.outputs, ended.failure) == (status, "because", (), None)


def test_an_approved_step_goes_on(bench: Bench) -> None:
    assert bench.value(bench.do(lambda: hold("sure?") and "shipped", approved=True)) == "shipped"


def test_a_stop_is_cancelled_and_says_where(bench: Bench) -> None:
    def step() -> None:
        raise Stop("too slow")

    ended = bench.do(step)
    assert (ended.status, ended.reason) == ("cancelled", "too slow")
    assert ended.failure is not None
    assert "in step" in ended.failure.traceback


def test_more_work(bench: Bench) -> None:
    ended = bench.do(lambda: each(range(3), len))
    assert ended.status == "grown"
    assert ended.fanout is not None
    assert [bench.codecs.decode(one, bench.store) for one in ended.fanout.items] == [0, 1, 2]
    assert ended.outputs == ()


def test_large_items_are_durable(bench: Bench) -> None:
    ended = bench.do(lambda: each([b"x" * 100_000, b"y" * 100_000], len))
    assert ended.fanout is not None
    assert all(bench.store.has(one.blob) for one in ended.fanout.items)
    assert not [one for one in bench.events if isinstance(one, Produced)]


def test_gathering(bench: Bench) -> None:
    inputs = tuple([Input(str(place), f"kid[{place}]", bench.stored(place * 10)) for place in range(12)])
    ended = bench.do(lambda values: values, entry=Entry("gather"), inputs=inputs)
    assert bench.value(ended) == [place * 10 for place in range(12)]


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), SystemExit(2), MemoryError(), RecursionError()]
)
def test_whatever_is_raised_ends_the_task(bench: Bench, error: BaseException) -> None:
    def step(by: int) -> None:
        raise error

    ended = bench.do(step, settings={"by": 3})
    assert ended.status == "failed"
    assert ended.failure is not None
    assert ended.failure.kind == type(error).__name__
    assert ended.failure.parameters == {"by": "3"}


def test_a_wrong_argument_is_told(bench: Bench) -> None:
    ended = bench.do(lambda a: a, {"b": 1})
    assert ended.failure is not None
    assert ended.failure.kind == "TypeError"


def test_a_damaged_input_is_corrupt_and_named(bench: Bench) -> None:
    stored = bench.stored(b"x" * 1_000_000)
    path = bench.store.path(stored.blob)
    path.chmod(0o600)
    path.write_bytes(b"y" * 1_000_000)
    bench.store = LocalStore(bench.folder / "store")
    called: list[int] = []
    inputs = (Input("a", "first", bench.stored(1)), Input("b", "clean.train", stored))
    ended = bench.do(lambda a, b: called.append(1), inputs=inputs)
    assert (ended.status, ended.lost, called) == ("corrupt", ("clean.train",), [])


def test_a_step_s_own_corrupt_is_a_failure(bench: Bench) -> None:
    def step() -> None:
        raise Corrupt("not an input")

    assert bench.do(step).status == "failed"


def test_an_input_that_can_not_be_loaded_is_named(bench: Bench) -> None:
    bad = Stored("no-such-codec", "d", "d", 1)
    ended = bench.do(lambda a: a, inputs=(Input("a", "clean", bad),))
    assert ended.failure is not None
    assert ended.failure.message.startswith("input `clean` can't be loaded: ")


def test_seeds_reach_the_generators(bench: Bench) -> None:
    draws = [bench.value(bench.do(random.random, seed=seed)) for seed in (1, 2, 1)]
    assert draws[0] == draws[2] != draws[1]


def test_checkpoints(bench: Bench) -> None:
    folder = str(bench.folder / "kept")
    ended = bench.do(lambda: str(checkpoint()), checkpoint=folder)
    assert bench.value(ended) == folder
    assert ended.extra["checkpoint"] == folder, "whoever commits can let go of it"
    assert "checkpoint" not in bench.do(lambda: 1, checkpoint=folder).extra


# --- code


def closure(*pieces: tuple[str, str, str]) -> Code:
    made = tuple([Piece(kind, name, f"{name}@{kind}", file=file) for kind, name, file in pieces])  # type: ignore[arg-type]
    return Code("digest-" + "-".join(piece.name for piece in made), made)


def test_other_code_does_not_run(bench: Bench) -> None:
    called: list[int] = []
    bench.code = closure(("function", "f", "flow.py"))
    assert bench.do(lambda: called.append(1), code="blake3:planned").status == "changed"
    assert called == []
    assert bench.do(lambda: 1, code=bench.code.digest).status == "succeeded"


def test_other_values_run_and_are_told(bench: Bench) -> None:
    planned = closure(("function", "f", "flow.py"), ("value", "START", "flow.py"))
    bench.code = Code("digest-here", (planned.pieces[0], Piece("value", "START", "another")))
    ended = bench.do(lambda: 1, code=planned.digest, source=planned.source)
    assert ended.status == "succeeded"
    assert ended.pieces == (Piece("value", "START", "another"),)
    assert ended.extra == {"code": "digest-here"}
    assert bench.do(lambda: 1, code=bench.code.digest, source=bench.code.source).pieces == ()


@pytest.mark.parametrize(
    ("edited", "pieces", "status"),
    [
        (["flow.py"], [("function", "f", "flow.py")], "changed"),
        (["other.py"], [("function", "f", "flow.py")], "succeeded"),
        (["other.py"], [("function", "f", "flow.py"), ("project", "project", "")], "changed"),
        (["other.py", "flow.py"], [("module", "m", "flow.py")], "changed"),
        ([], [("function", "f", "flow.py")], "succeeded"),
    ],
)
def test_edits_while_it_ran(bench: Bench, edited: list[str], pieces: list[Any], status: str) -> None:
    bench.code = closure(*pieces)
    bench.edited = edited
    ended = bench.do(lambda: 1)
    assert ended.status == status
    assert ("flow.py" in ended.reason) == (status == "changed" and "flow.py" in edited)


def test_old_code_leaves_to_another_process(bench: Bench) -> None:
    def refuse(task: Task) -> Any:
        raise NeedsFresh("flow.py was edited")

    kit = Kit(bench.codecs, bench.store, refuse, list, digest_path, None)  # type: ignore[arg-type]
    with pytest.raises(NeedsFresh):
        perform(Task("r/s/1", "r", "s", 1, "k", "", Entry("pickle")), kit, bench.events.append)


# --- declared files


def path_setting(path: Path, shown: str, *, with_stat: bool) -> Setting:
    info = path.stat()
    stat = (info.st_size, info.st_mtime_ns, info.st_ino) if with_stat else ()
    return Setting("path", "path", shown, digest_path(path), pickle.dumps(path), stat)


@pytest.mark.parametrize("with_stat", [True, False])
def test_a_declared_file_is_checked_again(bench: Bench, with_stat: bool) -> None:
    file = bench.folder / "raw.csv"
    file.write_text("a\n1\n")

    def do(step: Callable[..., Any]) -> Ended:
        setting = path_setting(file, "raw.csv", with_stat=with_stat)
        return bench.do(step, settings=(setting,))

    ended = do(lambda path: path.read_text())
    assert ended.status == "succeeded"
    assert ended.hidden == ()  # it is declared

    def edits(path: Path) -> str:
        text = path.read_text()
        path.write_text("a\n2\n")
        return text

    ended = do(edits)
    assert (ended.status, ended.outputs) == ("changed", ())
    assert "`raw.csv` (parameter `path`)" in ended.reason

    def touches(path: Path) -> int:
        os.utime(path, (time.time() + 5, time.time() + 5))
        return 1

    assert do(touches).status == "succeeded"  # its content is as it was

    def removes(path: Path) -> None:
        path.unlink()

    assert do(removes).status == "changed"


def test_a_declared_folder_is_checked_again(bench: Bench) -> None:
    folder = bench.folder / "raw"
    folder.mkdir()
    (folder / "a").write_text("x")

    def adds(path: Path) -> None:
        (path / "b").write_text("y")

    setting = Setting("path", "path", "raw", digest_path(folder), pickle.dumps(folder))
    assert bench.do(adds, settings=(setting,)).status == "changed"


def test_files_named_inside_of_a_value_are_declared_and_checked_again(bench: Bench) -> None:
    file = bench.folder / "raw.csv"
    file.write_text("a\n1\n")
    setting = Setting("paths", "value", "[raw.csv]", "", pickle.dumps([file]), within=(("raw.csv", digest_path(file)),))
    ended = bench.do(lambda paths: paths[0].read_text(), settings=(setting,))
    assert (ended.status, ended.hidden) == ("succeeded", ())
    ended = bench.do(lambda paths: paths[0].write_text("other"), settings=(setting,))
    assert (ended.status, ended.outputs) == ("changed", ())
    assert "`raw.csv` (parameter `paths`)" in ended.reason


def test_a_path_that_is_an_input_or_the_result_is_no_hidden_input(bench: Bench, tmp_path: Path) -> None:
    raw = bench.folder / "raw"
    raw.mkdir()
    (raw / "a.csv").write_text("1")
    (raw / "link").symlink_to("a.csv")
    ended = bench.do(lambda: raw)  # a library wrote it: nobody saw that
    assert (ended.status, ended.hidden) == ("succeeded", ())

    def reads(given: Path) -> list[str]:
        return [one.read_text() for one in sorted(given.iterdir())]

    again = bench.do(reads, {"given": raw})
    assert (bench.value(again), again.hidden) == (["1", "1"], ())


def test_hidden_inputs_are_told_with_place_and_content(bench: Bench) -> None:
    file = bench.folder / "lookup.csv"
    file.write_text("a\n")
    steps: dict[str, Any] = {"path": file}
    source = "def step():\n    return path.read_text()\n"
    exec(compile(source, str(bench.folder / "flow.py"), "exec"), steps)
    (hidden,) = bench.do(steps["step"]).hidden
    assert (hidden.path, hidden.where, hidden.digest) == ("lookup.csv", "flow.py:2", digest_path(file))


def test_the_step_is_one_frame_away(bench: Bench) -> None:
    import sys

    def step() -> str:
        return sys._getframe(1).f_code.co_name

    assert bench.value(bench.do(step)) == "perform"
