"""When a step that runs is worth a warning."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.model.event import Event, Expected, Sampled, Warned
from penstock.run.stalls import Stalls


def kinds(said: list[Event]) -> list[str]:
    return [one.kind if isinstance(one, Warned) else type(one).__name__ for one in said]


def seen(seconds: float, *, cpu: float = 1.0, silent: float = 0.0, task: str = "r/fit/1") -> Sampled:
    return Sampled(task, seconds, cpu, 1000, silent)


def test_what_is_known_of_earlier_attempts_is_told_once() -> None:
    asked: list[str] = []

    def earlier(step: str) -> list[float]:
        asked.append(step)
        return [30.0, 10.0, 20.0]

    stalls = Stalls(earlier)
    assert stalls.look("fit", seen(2)) == [Expected("r/fit/1", 20.0, 30.0, 3)]
    assert stalls.look("fit", seen(4)) == []
    assert stalls.look("fit", seen(2, task="r/fit/2")) == [Expected("r/fit/2", 20.0, 30.0, 3)]
    assert asked == ["fit", "fit"]


def test_a_step_that_never_ran_is_not_slow() -> None:
    stalls = Stalls(slow=1.5, silent=300)
    assert [stalls.look("fit", seen(seconds)) for seconds in (2, 1e3, 1e6)] == [[], [], []]


def test_slower_than_it_ever_was() -> None:
    stalls = Stalls(lambda step: [100.0, 60.0], slow=1.5)
    assert kinds(stalls.look("fit", seen(140))) == ["Expected"]
    (warned,) = stalls.look("fit", seen(151))
    assert isinstance(warned, Warned)
    assert (warned.step, warned.kind) == ("fit", "slow")
    assert warned.what == "it has run for 2 min 31 s, and never took longer than 1 min 40 s before"
    assert warned.hint
    assert stalls.look("fit", seen(1000)) == []


def test_ten_seconds_are_never_slow() -> None:
    stalls = Stalls(lambda step: [0.01], slow=1.5)
    assert kinds(stalls.look("fit", seen(10.0))) == ["Expected"]
    assert kinds(stalls.look("fit", seen(10.1))) == ["slow"]


def test_silence_without_work_is_told_once_per_attempt() -> None:
    stalls = Stalls(silent=300)
    assert stalls.look("fit", seen(290, cpu=0.0, silent=290)) == []
    (warned,) = stalls.look("fit", seen(301, cpu=0.0, silent=301))
    assert isinstance(warned, Warned)
    assert warned.kind == "silent"
    assert "5 min 01 s" in warned.what
    assert stalls.look("fit", seen(900, cpu=0.0, silent=900)) == []
    assert kinds(stalls.look("fit", seen(400, cpu=0.0, silent=400, task="r/fit/2"))) == ["silent"]


def test_who_computes_or_talks_does_not_hang() -> None:
    stalls = Stalls(silent=300)
    for seconds in range(0, 3000, 10):
        assert stalls.look("busy", seen(seconds, cpu=0.5, silent=seconds, task="r/busy/1")) == []
        assert stalls.look("talks", seen(seconds, cpu=0.0, silent=seconds % 200, task="r/talks/1")) == []


def test_nothing_is_said_where_it_is_not_wanted() -> None:
    stalls = Stalls(lambda step: [1.0], silent=0, slow=0)
    assert kinds(stalls.look("fit", seen(1e6, cpu=0.0, silent=1e6))) == ["Expected"]


@given(st.lists(st.tuples(st.floats(0.1, 1000), st.floats(0, 2), st.booleans()), max_size=40), st.floats(1, 500))
def test_each_warning_comes_at_most_once_and_never_early(looks: list[tuple[float, float, bool]], limit: float) -> None:
    """Whatever is seen: `slow` only beyond the longest time, `silent` only after that long without any sign."""
    stalls = Stalls(lambda step: [limit], silent=limit, slow=2.0)
    now, quiet, busy, told = 0.0, 0.0, 0.0, []
    for passed, cpu, spoke in looks:
        now, quiet = now + passed, 0.0 if spoke else quiet + passed
        if cpu >= 0.02:
            busy = now
        for one in stalls.look("fit", seen(now, cpu=cpu, silent=quiet)):
            if isinstance(one, Warned):
                told.append(one.kind)
                assert now > limit * 2 if one.kind == "slow" else min(quiet, now - busy) >= limit
    assert len(told) == len(set(told))
