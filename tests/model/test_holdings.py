"""Holdings are plain values: compared by content, and figures may stand in sets."""

from penstock.model.holdings import Faults, Figure, Holding, Holdings, LostSource, Retired, RunHolding


def test_equal_content_is_equal() -> None:
    def make() -> Holdings:
        one = Holding(1, "k", "p", "s", "r", "offered", {"b": "s"})
        return Holdings({1: one}, {"r": RunHolding("r", "p", 1.0, 2.0)}, (Figure("r", "f", "b"),))

    assert make() == make()
    assert len({Figure("r", "f", "b"), Figure("r", "f", "b"), Figure("r", "f", "c")}) == 2


def test_nothing_by_default() -> None:
    assert not any((Retired().executions, Retired().figures, Retired().smalls))
    assert Faults() == Faults(sources={})
    assert Faults() != Faults(sources={"d": LostSource("d", ("r",), "")})
