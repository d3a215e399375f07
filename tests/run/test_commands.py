"""Commands and facts: values that compare by content."""

from penstock.model.task import Ended
from penstock.run.commands import Commit, Decide, Submit


def test_they_are_values():
    assert Submit("a", 1) == Submit("a", 1, (), False)
    assert Submit("a", 1) != Submit("a", 2)
    assert len({Decide("a"), Decide("a"), Decide("b")}) == 2
    assert Commit("a", Ended("r/a/1", "succeeded")).ended.status == "succeeded"
