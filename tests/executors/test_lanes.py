"""Room is never given twice, and comes back whole."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.executors.lanes import Room, environment_of, lane_of
from penstock.model.step import Resources

wishes = st.builds(
    Resources,
    cpus=st.sampled_from([0, 0.5, 1, 2, 3, 16]),
    memory=st.integers(0, 200),
    gpus=st.sampled_from([0, 0.5, 1, 2, 5]),
)


@given(
    st.lists(st.tuples(st.booleans(), wishes)), st.integers(1, 4), st.none() | st.integers(1, 150), st.integers(0, 3)
)
def test_what_runs_together_fits_together(steps: list[Any], cpus: int, memory: int | None, gpus: int) -> None:
    room = Room(cpus, memory, gpus)
    running: list[tuple[Resources, tuple[int, ...]]] = []
    for begin, wanted in steps:
        if begin and room.fits(wanted):
            running.append((wanted, room.take(wanted)))
        elif not begin and running:
            room.give_back(*running.pop(0))
        held = [device for _, devices in running for device in devices]
        assert len(held) == len(set(held))
        assert set(held) <= set(range(gpus))
        if len(running) > 1:
            assert sum(min(one.cpus, cpus) for one, _ in running) <= cpus + 1e-6
            if memory is not None:
                assert sum(min(one.memory, memory) for one, _ in running) <= memory
    for one in running:
        room.give_back(*one)
    # All of it is there again: the largest wish fits, and so do as many small ones as ever.
    for _ in range(cpus):
        assert room.fits(Resources(cpus=1))
        room.take(Resources(cpus=1))
    assert not room.fits(Resources(cpus=0.5))


def test_a_task_larger_than_the_machine_runs_alone() -> None:
    room = Room(2, 100, 1)
    large = Resources(cpus=64, memory=10**12, gpus=8)
    assert room.fits(large)
    assert room.take(large) == (0,)
    assert not room.fits(Resources(cpus=0.1))
    room.give_back(large, (0,))
    assert room.fits(Resources())


def test_threads_follow_from_processors() -> None:
    assert environment_of(lane_of(Resources(cpus=3)))["OMP_NUM_THREADS"] == "3"
    assert environment_of(lane_of(Resources(cpus=0.2)))["POLARS_MAX_THREADS"] == "1"
    assert environment_of(lane_of(Resources(cpus=2.5)))["OPENBLAS_NUM_THREADS"] == "3"
    assert "CUDA_VISIBLE_DEVICES" not in environment_of(lane_of(Resources()))
    assert environment_of(lane_of(Resources(gpus=2), (1, 3)))["CUDA_VISIBLE_DEVICES"] == "1,3"
    assert lane_of(Resources(), (0,)) != lane_of(Resources(), (1,)) != lane_of(Resources())
