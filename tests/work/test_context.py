"""What code inside a step may say and ask, and what the same calls do outside a run."""

import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from penstock.model.artifact import Stored
from penstock.model.event import Measured, Noted, Progressed
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.work import context
from penstock.work.context import (
    Context,
    Each,
    Hold,
    Signal,
    Skip,
    active,
    checkpoint,
    current,
    each,
    figure,
    hold,
    metric,
    note,
    progress,
    skip,
)

STORED = Stored("plain", "d", "d", 1)


def inside(**fields: Any) -> tuple[Context, list[Any]]:
    seen: list[Any] = []
    task = Task("r/s/1", "r", "s", 1, "k", "", Entry("pickle"), **fields)
    return Context(task, seen.append, lambda drawn: STORED), seen


def test_metrics_are_series_and_the_last_counts() -> None:
    here, seen = inside()
    with active(here):
        metric("loss", 3)
        metric("loss", 2.5)
        metric("accuracy", True, step=10)
        metric("loss", 2, step=7)
        metric("loss", 1)
    assert seen == [
        Measured("r/s/1", "loss", 3.0, 0),
        Measured("r/s/1", "loss", 2.5, 1),
        Measured("r/s/1", "accuracy", 1.0, 10),
        Measured("r/s/1", "loss", 2.0, 7),
        Measured("r/s/1", "loss", 1.0, 8),
    ]
    assert here.metrics == {"loss": 1.0, "accuracy": 1.0}


def test_numbers_of_numpy_are_numbers() -> None:
    import numpy as np

    here, seen = inside()
    with active(here):
        metric("a", np.float32(0.5))
        metric("b", np.int64(3))
    assert [type(one.value) for one in seen] == [float, float]


@pytest.mark.parametrize("value", ["many", None, [1], object()])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with active(inside()[0]), pytest.raises(TypeError, match=r"metric 'x' needs a number"):
        metric("x", value)


def test_notes_and_figures() -> None:
    here, seen = inside()
    with active(here):
        note("# A title")
        figure(object(), "curve")
        figure(object())
    assert seen == [
        Noted("r/s/1", "# A title"),
        Noted("r/s/1", name="curve", figure=STORED),
        Noted("r/s/1", name="figure", figure=STORED),
    ]
    assert here.notes == ["# A title"]
    assert here.figures == {"curve": STORED, "figure": STORED}


def test_progress_passes_everything_on_and_tells_begin_and_end() -> None:
    here, seen = inside()
    with active(here):
        assert list(progress([5, 6, 7], text="rows")) == [5, 6, 7]
        assert list(progress(one for one in "ab")) == ["a", "b"]
        assert list(progress(iter([1]), total=4)) == [1]
    assert seen == [
        Progressed("r/s/1", 0, 3, "rows"),
        Progressed("r/s/1", 3, 3, "rows"),
        Progressed("r/s/1", 0, 0, ""),
        Progressed("r/s/1", 2, 2, ""),
        Progressed("r/s/1", 0, 4, ""),
        Progressed("r/s/1", 1, 4, ""),
    ]


def test_progress_does_not_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(context.time, "monotonic", lambda: now[0])
    here, seen = inside()
    with active(here):
        for _ in progress(range(1000)):
            now[0] += 0.001
    assert 9 <= len(seen) <= 13
    assert [one.done for one in seen] == sorted([one.done for one in seen])


def test_progress_of_hours_is_told_seldom_but_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(context.time, "monotonic", lambda: now[0])
    here, seen = inside()
    with active(here):
        for _ in progress(range(4 * 3600)):
            now[0] += 1.0
    assert 2000 < len(seen) < 4000
    assert seen[-1] == Progressed("r/s/1", 4 * 3600, 4 * 3600, "")


def test_skip_and_hold_leave_through_except_exception() -> None:
    def step(leave: Any) -> Any:
        try:
            return leave()
        except Exception:
            return "caught"

    here, _ = inside()
    with active(here):
        with pytest.raises(Skip, match="nothing new"):
            step(lambda: skip("nothing new"))
        with pytest.raises(Hold, match="ship it"):
            step(lambda: hold("ship it?"))
    assert issubclass(Signal, BaseException)
    assert not issubclass(Signal, Exception)


def test_an_approved_step_goes_on() -> None:
    with active(inside(approved=True)[0]):
        assert hold("ship it?") is True


def test_a_checkpoint_survives_a_retry(tmp_path: Path) -> None:
    for _ in range(2):
        with active(inside(checkpoint=str(tmp_path / "a" / "b"))[0]):
            folder = checkpoint()
            assert folder == tmp_path / "a" / "b"
            (folder / "state").touch()
    assert (folder / "state").exists()


def test_outside_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert current() is None
    metric("loss", 0.25)
    note("a note")
    figure(object(), "curve")
    assert hold("ship it?") is True
    assert list(progress(range(3), text="rows")) == [0, 1, 2]
    first, second = checkpoint(), checkpoint()
    assert first.is_dir()
    assert first != second
    with pytest.raises(Skip):
        skip("no rows")
    printed = capsys.readouterr().out
    assert "loss = 0.25" in printed
    assert "a note" in printed
    assert "ship it?" in printed
    for folder in (first, second):
        folder.rmdir()


def test_each_only_says_what_is_wanted() -> None:
    items = iter([1])
    made = each(items, len, other=5)
    assert isinstance(made, Each)
    assert (made.items, made.step, made.shared) == (items, len, {"other": 5})
    with pytest.raises(TypeError, match="second argument"):
        each(len, [1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="items to go through, not 5"):
        each(5, len)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="returned by itself"):
        pickle.dumps(made)


def test_threads_of_a_step_find_it() -> None:
    here, seen = inside()
    found: list[Any] = []

    def work() -> None:
        found.append(current())
        metric("from a thread", 1)

    with active(here):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found == [here]
    assert len(seen) == 1
    assert current() is None


def test_contexts_nest() -> None:
    outer, inner = inside()[0], inside()[0]
    with active(outer):
        with active(inner):
            assert current() is inner
        assert current() is outer
    assert current() is None
