"""What is known of attempts that have not ended, and when they may."""

from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import FAILURE, execution

from penstock.model.event import (
    Begun,
    Committed,
    Event,
    Expected,
    Failed,
    Grown,
    Progressed,
    Queued,
    Record,
    Retrying,
    Sampled,
)
from penstock.model.task import Ended
from penstock.report.underway import (
    Underway,
    attempts,
    left_words,
    progress_words,
    seconds_left,
    underway_view,
    underway_words,
    usage_words,
)


def going(*events: Event) -> dict[str, Underway]:
    return attempts(Record(number, 100.0 + number, event) for number, event in enumerate(events, 1))


BEGUN = Begun("r/fit/1", "fit", 1, 77, "here")


def test_an_attempt_from_its_events() -> None:
    found = going(
        BEGUN,
        Progressed("r/fit/1", 1, 10, "epoch"),
        Sampled("r/fit/1", 2.0, 0.5, 1000, 1.0),
        Expected("r/fit/1", 60.0, 90.0, 3),
        Progressed("r/fit/1", 5, 10, "epoch"),
        Sampled("r/fit/1", 4.0, 1.9, 2_000_000, 0.2),
        Sampled("r/other/1", 4.0, 9.9, 9),
    )
    assert list(found) == ["fit"]
    view = underway_view(found["fit"], 131.0)
    assert view == {
        "attempt": 1, "elapsed": 30.0, "done": 5.0, "total": 10.0, "text": "epoch", "cpu": 1.9, "memory": 2_000_000,
        "silent": 0.2, "looked": "1970-01-01T00:01:46.000+00:00", "typical": 60.0, "longest": 90.0, "left": 30.0,
        "ends": "1970-01-01T00:02:41.000+00:00", "host": "here", "pid": 77, "waits": "",
    }  # fmt: skip
    assert underway_words(view) == "50%, 5 of 10, about 30 s left, 1.9 cpus, epoch"


def test_nothing_is_made_up() -> None:
    view = underway_view(going(BEGUN)["fit"], 105.0)
    unknown = ("cpu", "memory", "silent", "looked", "typical", "longest", "left", "ends")
    assert {name: view[name] for name in unknown} == dict.fromkeys(unknown)
    assert underway_words(view) == ""


def test_what_waits_for_a_limit() -> None:
    view = underway_view(going(Queued("r/fit/1", "fit", "waits for `gpu`"))["fit"], 150.0)
    assert (view["waits"], view["elapsed"], view["left"]) == ("waits for `gpu`", 0.0, None)
    assert underway_words(view) == "waits for `gpu`"
    assert going(Queued("r/fit/1", "fit", "waits for `gpu`"), BEGUN)["fit"].waits == ""


def test_an_attempt_that_ended_is_forgotten_and_the_next_begins_at_nothing() -> None:
    failed = Ended("r/fit/1", "failed", failure=FAILURE)
    told = [BEGUN, Progressed("r/fit/1", 5, 10), failed, Retrying("fit", 1, 0.0, FAILURE)]
    assert going(*told) == {}
    late = Progressed("r/fit/1", 9, 10)
    again = going(*told, Begun("r/fit/2", "fit", 2), late)["fit"]
    assert (again.attempt, again.began, again.done) == (2, 105.0, 0.0)
    assert going(BEGUN, Committed(execution("fit", "r"))) == {}
    assert going(BEGUN, failed, Failed("fit", 1, FAILURE)) == {}


def test_the_parts_of_a_step_are_its_progress_and_stand_for_themselves() -> None:
    parts = ("fit[0]", "fit[1]", "fit[2]")
    told = [BEGUN, Ended("r/fit/1", "grown"), Grown("fit", parts), *[Begun(f"r/{one}/1", one, 1) for one in parts[:2]]]
    found = going(*told, Ended("r/fit[0]/1", "succeeded"), Committed(execution("fit[0]", "r")))
    assert set(found) == {"fit", "fit[1]"}
    assert (found["fit"].done, found["fit"].total, found["fit"].began, found["fit"].pid) == (1.0, 3.0, 101.0, 0)
    assert underway_words(underway_view(found["fit"], 121.0)) == "33%, 1 of 3, about 40 s left, parts"


def test_its_own_pace_tells_more_than_the_past_once_something_is_done() -> None:
    assert seconds_left(10, 1, 100, typical=300, longest=400) == 290  # too early to tell
    assert seconds_left(10, 10, 100, typical=300, longest=400) == 90
    assert seconds_left(10, 1, 100) == 990
    assert seconds_left(350, 0, 0, typical=300, longest=400) == 50
    assert seconds_left(500, 0, 0, typical=300, longest=400) is None
    assert seconds_left(500, 0, 0) is None
    assert seconds_left(5, 0, 10) is None


@given(*[st.floats(0, 1e6)] * 5)
def test_no_time_is_negative(elapsed: float, done: float, total: float, typical: float, longest: float) -> None:
    left = seconds_left(elapsed, done, total, typical, longest)
    assert left is None or left >= 0
    left_words(left, elapsed, longest)
    progress_words(done, total)


def test_words() -> None:
    assert left_words(5.0, 1.0, 0.0) == "about 5.0 s left"
    assert left_words(600.0, 1.0, 0.0) == "about 10 m left"
    assert left_words(3 * 3600 + 130.0, 1.0, 0.0) == "about 3 h 02 m left"
    assert usage_words(0.0, 0) == ""
    assert progress_words(1240, 2000) == "62%, 1,240 of 2,000"
