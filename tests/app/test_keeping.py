"""What stays and what may go, for any set of runs and executions that share blobs."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.app.keeping import DAY, keeping, makers
from penstock.model.holdings import Figure, Holding, Holdings, RunHolding

NOW = 1_750_000_000.0
RUNS = [f"r{number}" for number in range(5)]
BLOBS = [f"b{number}" for number in range(8)]
ages = st.sampled_from([0.0, 0.5, 10.0, 29.9, 30.1, 400.0])
shares = st.dictionaries(st.sampled_from(BLOBS), st.sampled_from(["a", "a.x"]), max_size=3)


@st.composite
def holdings(draw: st.DrawFn) -> Holdings:
    count = draw(st.integers(0, 12))
    executions = {
        number: Holding(
            number,
            f"key {number}",
            draw(st.sampled_from(["p", "q"])),
            draw(st.sampled_from(["a", "b"])),
            draw(st.sampled_from([*RUNS, "", "vanished"])),
            draw(st.sampled_from(["offered", "offered", "forgotten", "uncached"])),
            draw(shares),
            named=draw(st.integers(0, 9)) == 0,
            started=NOW - draw(ages) * DAY,
        )
        for number in range(1, count + 1)
    }
    runs = {}
    for run in RUNS[: draw(st.integers(0, 5))]:
        age = draw(ages) * DAY
        status = draw(st.sampled_from(["succeeded", "failed", "running", "waiting", "cancelled"]))
        runs[run] = RunHolding(
            run,
            "p",
            NOW - age - draw(ages),
            NOW - age,
            status,
            live=status == "running" and draw(st.booleans()),
            named=draw(st.integers(0, 5)) == 0,
            executions=frozenset(draw(st.sets(st.sampled_from(list(executions)))) if executions else ()),
            open=frozenset([f"open of {run}"]),
        )
    named = st.builds(Figure, st.sampled_from(RUNS), st.sampled_from(["f", "g"]), st.sampled_from(BLOBS))
    return Holdings(executions, runs, tuple(draw(st.lists(named, max_size=4, unique=True))))


@given(holdings(), st.sampled_from([0.0, 1.0, 30.0, 365.0]))
def test_nothing_is_taken_from_what_stays(held: Holdings, days: float) -> None:
    plan = keeping(held, now=NOW, days=days)
    # what is offered after retiring has all its blobs among those that stay
    for number, one in held.executions.items():
        if one.state != "forgotten" and number not in plan.retired.executions:
            assert plan.blobs.issuperset(one.blobs)
    for figure in held.figures:
        if figure not in plan.retired.figures:
            assert figure.blob in plan.blobs
    # nothing is retired for nothing, or twice
    for number in plan.retired.executions:
        assert held.executions[number].state != "forgotten"
        assert not plan.blobs.issuperset(held.executions[number].blobs)
        assert number not in plan.executions
    assert all(figure.blob not in plan.blobs for figure in plan.retired.figures)
    # no blob stays without a reason
    reasons = {blob for number in plan.executions for blob in held.executions[number].blobs}
    assert plan.blobs == reasons | {one.blob for one in held.figures if one.run in plan.sources}


@given(holdings(), st.sampled_from([0.0, 1.0, 30.0, 365.0]))
def test_what_was_promised_stays(held: Holdings, days: float) -> None:
    plan = keeping(held, now=NOW, days=days)
    for run in held.runs.values():
        if NOW - run.active <= days * DAY or run.named or run.live or run.status == "waiting":
            assert run.id in plan.runs
            assert plan.executions.issuperset(run.executions)
            assert plan.open.issuperset(run.open)
        elif run.status != "running":
            assert run.id not in plan.runs
    for one in held.executions.values():
        alike = [
            other.sequence
            for other in held.executions.values()
            if (other.pipeline, other.step) == (one.pipeline, one.step) and other.state != "forgotten"
        ]
        if alike and one.sequence == max(alike):
            assert one.sequence in plan.executions
        if one.named or one.run in plan.runs:
            assert one.sequence in plan.executions
        if one.sequence in plan.executions:
            assert one.run in plan.sources


@given(holdings(), st.sampled_from([0.0, 1.0, 30.0]))
def test_doing_it_again_finds_nothing_more(held: Holdings, days: float) -> None:
    plan = keeping(held, now=NOW, days=days)
    after = Holdings(
        {
            number: Holding(
                number, one.key, one.pipeline, one.step, one.run,
                "forgotten" if number in plan.retired.executions else one.state, one.blobs, one.named, one.started,
            )
            for number, one in held.executions.items()
        },
        held.runs,
        tuple(one for one in held.figures if one not in plan.retired.figures),
    )  # fmt: skip
    again = keeping(after, now=NOW, days=days)
    assert again.retired.executions == frozenset()
    assert again.retired.figures == frozenset()
    assert again.blobs == plan.blobs


@given(holdings())
def test_more_days_keep_more(held: Holdings) -> None:
    few, many = keeping(held, now=NOW, days=1.0), keeping(held, now=NOW, days=100.0)
    assert few.runs <= many.runs
    assert few.executions <= many.executions
    assert few.blobs <= many.blobs


@given(holdings())
def test_nothing_that_a_run_under_way_wrote_may_go(held: Holdings) -> None:
    plan = keeping(held, now=NOW, days=0.0, young=10.0, settled=1.0)
    for run in held.runs.values():
        if run.live:
            assert min(plan.young, plan.settled) > NOW - run.started
    assert plan.young >= plan.settled


def test_a_run_that_only_sleeps_is_taken_for_one_under_way() -> None:
    asleep = RunHolding("r", "p", NOW - 7200, NOW - 3700, "running")
    plan = keeping(Holdings({}, {"r": asleep}), now=NOW, days=0.0)
    assert plan.runs == {"r"}
    assert plan.settled > 7200
    dead = RunHolding("r", "p", NOW - 3 * DAY, NOW - 2 * DAY, "running")
    plan = keeping(Holdings({}, {"r": dead}), now=NOW, days=0.0)
    assert plan.runs == frozenset()
    assert plan.settled == 60.0


def test_small_values_are_offered_on() -> None:
    old = Holding(1, "k1", "p", "a", "r", "offered")
    new = Holding(2, "k2", "p", "a", "r", "offered", {"b": "a"})
    run = RunHolding("r", "p", NOW - 90 * DAY, NOW - 90 * DAY)
    assert keeping(Holdings({1: old, 2: new}, {"r": run}), now=NOW, days=1.0).retired.executions == frozenset()


def test_makers_are_told_newest_first() -> None:
    old = Holding(1, "k1", "p", "a", "r", "forgotten", {"b": "a"})
    new = Holding(2, "k2", "p", "c", "r", "offered", {"b": "c.x"})
    figure = Figure("r", "plot", "b")
    assert makers(Holdings({1: old, 2: new}, {}, (figure,))) == {"b": [(new, "c.x"), (old, "a"), (figure, "plot")]}
