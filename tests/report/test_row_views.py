from datetime import UTC, datetime

from penstock.model.trace import Behind, Cell, Feature, Forward, Prediction, Reached, Stop, Trace
from penstock.report.row_views import cell_view, forward_view, trace_view


def test_a_trace_as_data() -> None:
    stop = Stop("a", "a", "step", "multiplied", 2, {"x": 1}, ({"x": 1}, {"x": 2}), {"y": (1, None)}, ("x",), "why")
    asked = datetime(2013, 7, 4, tzinfo=UTC)
    trace = Trace(
        "k", "s", "r", "p", (stop,), "", "test", (Prediction("m", "m", 1.0, 2.0, -1.0, "blake3:1"),), "t",
        (Feature("x", 1, "x", asked, late=True), Feature("z", 1, "z", never=True)), asked,
    )  # fmt: skip
    said = trace_view(trace)
    assert said["prediction"] == said["predictions"][0]
    assert said["prediction"] is not None and said["prediction"]["model"] == "blake3:1"
    assert said["steps"][0]["changed"] == {"y": [1, None]}
    assert said["steps"][0]["all_values"] == [{"x": 1}, {"x": 2}]
    assert said["features"][0]["known_at"] == said["asked"] == "2013-07-04T00:00:00+00:00"
    assert said["features"][1]["known_at"] == "never"
    assert trace_view(Trace("k", "s", "r", "p", ()))["side"] is None


def test_what_is_behind_and_ahead_as_data() -> None:
    cell = cell_view(Cell("a.x", "k", 1.5, (Behind("s", "k2", ("x",)),), exact=True, reruns=7))
    assert cell["sources"] == [
        {"source": "s", "key": "k2", "columns": ["x"], "known_at": None, "late": False, "together": False}
    ]
    ahead = forward_view(Forward("k", "s", (Reached("a", 2, "r"),), ("blake3:1",), 1))
    assert ahead["reached"] == [{"artifact": "a", "rows": 2, "run": "r", "how": "", "digest": ""}]
