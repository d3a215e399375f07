from penstock.model.digest import is_digest
from penstock.testing.samples import HeldClock, make_execution, make_run


def test_a_held_clock_moves_when_it_is_moved() -> None:
    clock = HeldClock()
    before = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == before
    clock.move(2.5)
    assert (clock.now(), clock.monotonic()) == (before[0] + 2.5, before[1] + 2.5)


def test_samples_differ_where_they_are_told_to() -> None:
    assert make_execution("a") == make_execution("a")
    assert len({make_execution(step).key for step in "abc"}) == 3
    assert is_digest(make_execution().key)
    assert make_execution(attempt=3).attempt == 3
    stored = make_execution(data=None).outputs[0].stored
    assert stored.data is None
    assert stored.size == 6
    assert make_run(steps=("x", "y")).graph["y"]["kind"] == "train"
