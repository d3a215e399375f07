"""Which calls of a script are asked: what returns rows or was fitted, before anything is predicted; what such a function calls is not."""

from typing import Any

import numpy as np
import pandas as pd

from penstock.app.scripted import calls_to_ask, note, repeated
from penstock.work.calls import Call

TABLE = pd.DataFrame({"a": np.arange(6.0)})


class Model:
    def predict(self, rows: Any) -> Any:
        return rows


def call(name: str, output: Any, *inside: Call, **arguments: Any) -> Call:
    made = Call(name, lambda t: t, arguments or {"t": TABLE})
    made.output = output
    made.inside = list(inside)
    return made


def test_the_outermost_that_can_be_judged() -> None:
    inner = call("inner", TABLE)
    asked, why = calls_to_ask([call("outer", TABLE, inner), call("run", 0.5, call("within", TABLE))])
    assert [one.name for one in asked] == ["outer", "within"]
    assert why == {
        "inner": "it is called by a function that was asked",
        "run": "it returns no table and nothing that was fitted",
    }


def test_what_was_fitted_is_asked_with_what_it_calls() -> None:
    asked, _ = calls_to_ask([call("fit", Model(), call("features", TABLE))])
    assert [one.name for one in asked] == ["fit", "features"]


def test_what_is_predicted_is_not_judged() -> None:
    after = call("late", TABLE)
    after.after = True
    bad = call("bad", None)
    bad.error = "ValueError: no"
    scored = call("scored", TABLE, t=TABLE.assign(y_pred=1.0))
    asked, why = calls_to_ask([call("use", TABLE, t=TABLE, model=Model()), after, bad, scored])
    assert not asked
    assert "model" in why["use"]
    assert "prediction" in why["late"]
    assert "prediction" in why["scored"]
    assert why["bad"] == "it failed: ValueError: no"


def test_of_several_calls_the_largest() -> None:
    small, large = call("f", TABLE), call("f", TABLE, t=pd.concat([TABLE] * 2))
    assert calls_to_ask([small, large, call("f", TABLE)])[0] == [large]


def test_what_is_altered_in_place_is_what_is_returned() -> None:
    def add(t: Any) -> None:
        t["b"] = 1

    assert list(repeated(add, "t")(t=TABLE.copy()).columns) == ["a", "b"]
    assert repeated(len, "t").__name__ == "again"


def test_notes() -> None:
    assert note("text", failed=True) == {"text": "text", "where": "", "hint": "", "failed": True}
