"""What is done in another process: what of it counts."""

from typing import Any

import numpy as np
import pandas as pd

from penstock.checks.elsewhere import CLOCK, PROCESS, Errand, same_carried, words_of
from penstock.checks.pairs import UNSTEADY


def test_both_worlds_say_that_a_step_is_not_steady() -> None:
    assert {words_of("moved"), words_of("still")} == {CLOCK, PROCESS}
    assert all(one.startswith(UNSTEADY) for one in (CLOCK, PROCESS))


class Carried:
    """Counts how often it was carried."""

    def __init__(self, times: int = 0) -> None:
        self.times = times

    def __reduce__(self) -> Any:
        return Carried, (self.times + 1,)


def test_what_moves_by_being_carried_is_no_finding() -> None:
    def marked(given: Any) -> dict[str, Any]:
        return {"marked": pd.DataFrame({"n": np.arange(9) + given["what"].times})}

    def plain(given: Any) -> dict[str, Any]:
        return {"marked": pd.DataFrame({"n": np.arange(9)})}

    errand = Errand("marked", {"what": Carried()}, 0)
    assert not same_carried(marked, errand, marked(errand.inputs))
    assert same_carried(plain, errand, plain(errand.inputs))


def test_what_fails_or_cant_be_carried_is_no_finding() -> None:
    def failing(given: Any) -> dict[str, Any]:
        raise ValueError

    def opened(given: Any) -> dict[str, Any]:
        return {"made": (one for one in "ab")}

    assert not same_carried(failing, Errand("failing", {}, 0), {"made": 1})
    assert not same_carried(opened, Errand("opened", {}, 0), opened({}))
    assert not same_carried(opened, Errand("opened", {"lambda": lambda: 1}, 0), {})
