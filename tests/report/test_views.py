"""Views say what the ledger holds, in the form that `--json` promises."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from tests.report.samples import execution, ledger_at, run_of, story
from tests.report.test_board import shown

from penstock.errors import NotFound
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import (
    Begun,
    Decided,
    Event,
    Expected,
    Noted,
    Progressed,
    Queued,
    RunEnded,
    RunStarted,
    Sampled,
    Warned,
)
from penstock.model.run import Decision, Reason
from penstock.model.task import LogSpan
from penstock.report.run_text import run_lines
from penstock.report.step_text import step_lines
from penstock.report.views import (
    failure_view,
    find_step,
    previous_metrics,
    reasons_view,
    run_view,
    runs_view,
    step_view,
    warnings_view,
)

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


def valid(document: object, name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(document, allow_nan=False)), schema)


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return ledger_at(tmp_path, story())


def test_a_run(ledger: SqliteLedger) -> None:
    run = run_view(ledger, "last")
    valid(run, "run")
    assert (run["run"], run["pipeline"], run["status"], run["seconds"]) == ("r1", "flights", "failed", 12.4)
    assert run["started"] == "1970-01-01T00:16:40.000+00:00"
    statuses = {one["step"]: one["status"] for one in run["steps"]}
    assert statuses == {
        "clean": "succeeded", "scores": "succeeded", "model": "failed",
        "report": "blocked", "deploy": "waiting", "extra": "skipped",
    }  # fmt: skip
    clean, _, model, report, deploy, extra = run["steps"]
    assert clean["reasons"] == [{"kind": "code", "what": "helper `clean_name` changed", "where": "features.py:41"}]
    assert clean["inputs"] == {"raw": {"artifact": "flights", "digest": "blake3:f"}}
    assert clean["outputs"] == [
        {"artifact": "clean", "digest": "blake3:clean", "bytes": 41_000_000, "rows": 1234, "codec": "arrow"}
    ]
    assert (clean["seconds"], clean["cpu_seconds"], clean["peak_memory"]) == (0.8, 1.5, 412_000_000)
    assert model["error"] is not None
    assert model["error"]["parameters"] == {"learning_rate": "0.1"}
    assert [one["note"] for one in (report, deploy, extra)] == ["blocked by model", "Deploy it?", "nothing new"]
    assert run["seeds"] == {"run": 0, "steps": {"clean": 7, "scores": 7}}
    assert run["checks"]["verdict"] == "UNKNOWN", "nothing was checked, which is not CLEAN"
    assert run["warnings"][0]["where"] == "features.py:9"


def test_a_run_that_goes_on_tells_what_is_under_way(tmp_path: Path) -> None:
    told: list[Event] = [
        RunStarted(run_of(("fit", "next", "last"))),
        Begun("r1/fit/1", "fit", 1, 77, "here", LogSpan("log", 0, 0)),
        Queued("r1/next/1", "next", "waits for 1 of 1 `gpu`, held by run r0"),
        Sampled("r1/fit/1", 12.0, 1.9, 412_000_000, 3.0),
        Expected("r1/fit/1", 7200.0, 9000.0, 4),
        Progressed("r1/fit/1", 40, 100, "epoch"),
        Warned("fit", "slow", "it is slow"),
    ]
    ledger = ledger_at(tmp_path, told)
    began = ledger.events("r1")[1].time
    run = run_view(ledger, "r1", now=began + 60)
    valid(run, "run")
    assert run["status"] == "running"
    fit, after, last = run["steps"]
    assert fit["underway"] is not None and after["underway"] is not None
    assert (fit["seconds"], fit["underway"]["left"], fit["underway"]["cpu"]) == (60.0, 90.0, 1.9)
    assert after["underway"]["waits"].startswith("waits for 1 of 1 `gpu`")
    assert last["underway"] is None
    assert [one["kind"] for one in run["warnings"]] == ["slow"]
    text = "\n".join(shown(run_lines(run, {})))
    assert "fit   running  1 m 00 s  412 MB  40%, 40 of 100, about 2 m left, 1.9 cpus, epoch" in text
    assert "next  waiting                    waits for 1 of 1 `gpu`, held by run r0" in text
    assert "follow:  penstock logs r1 fit -f" in text
    details = step_view(ledger, "r1", "fit", now=began + 60)
    valid(details, "step")
    words = "\n".join(shown(step_lines(details)))
    for expected in (
        "for 1 m 00 s, process 77 on here",
        "40%, 40 of 100, epoch",
        "about 2 m left, at ",
        "2 h 00 m as a rule, 2 h 30 m at most",
        "1.9 cpus, 412 MB, silent for 3.0 s",
        "penstock logs r1 fit -f",
    ):
        assert expected in words
    ledger.record("r1", [RunEnded("cancelled", 61.0)])
    assert all(one["underway"] is None for one in run_view(ledger, "r1", now=began + 70)["steps"])


def test_metrics_that_json_does_not_know_are_null(ledger: SqliteLedger) -> None:
    assert run_view(ledger, "r1")["metrics"] == {"scores.mae": 11.0, "scores.odd": None}


def test_a_reused_step_has_the_outputs_of_the_work_that_it_reuses(tmp_path: Path) -> None:
    reuse = Decision("clean", "reuse", (Reason("same", "nothing changed"),), "key of clean", execution("clean"))
    again = [RunStarted(run_of(("clean",), "r2")), Decided((reuse,)), RunEnded("succeeded", 0.1)]
    ledger = ledger_at(tmp_path, story(), again)
    step = run_view(ledger, "r2")["steps"][0]
    assert step["status"] == "reused"
    assert step["outputs"][0]["digest"] == "blake3:clean"
    details = step_view(ledger, "r2", "clean")
    valid(details, "step")
    assert (details["run"], details["made_in"]) == ("r2", "r1")


def test_the_inputs_of_a_step_that_did_not_run_are_told(tmp_path: Path) -> None:
    graph = {"clean": {"kind": "step"}, "model": {"kind": "train", "inputs": {"rows": "clean", "other": "gone"}}}
    events = story()
    started = events[0]
    assert isinstance(started, RunStarted)
    import msgspec

    events[0] = RunStarted(msgspec.structs.replace(started.run, graph=graph))
    model = run_view(ledger_at(tmp_path, events), "r1")["steps"][2]
    assert model["inputs"] == {
        "rows": {"artifact": "clean", "digest": "blake3:clean"},
        "other": {"artifact": "gone", "digest": ""},
    }


def test_a_step(ledger: SqliteLedger) -> None:
    details = step_view(ledger, "r1", "clean")
    valid(details, "step")
    artifact = details["artifacts"][0]
    assert artifact["columns"] == [
        {"name": "id", "dtype": "int64", "nulls": None},
        {"name": "x", "dtype": "double", "nulls": 3},
    ]
    assert artifact["head"] == [[1, 0.5]]
    assert details["seed"] == 7
    assert step_view(ledger, "r1", "model")["parameters"] == {"learning_rate": "0.1"}


def test_a_step_with_notes_and_figures(tmp_path: Path) -> None:
    events = story()
    figure = execution("clean").outputs[0].stored
    said = [Noted("r1/clean/1", "# Good"), Noted("r1/clean/2", "# Good"), Noted("r1/model/1", "not of it")]
    drawn = [Noted("r1/clean/1", name="curve", figure=figure), Noted("r1/clean/2", name="curve", figure=figure)]
    ledger = ledger_at(tmp_path, [*events[:-1], *said, *drawn, events[-1]])
    details = step_view(ledger, "r1", "clean", lambda digest: f"store/{digest}")
    valid(details, "step")
    assert details["notes"] == ["# Good"]
    assert [(one["name"], one["file"]) for one in details["figures"]] == [("curve", f"store/{figure.blob}")]
    lines = shown(step_lines(details))
    assert lines[lines.index("  notes") + 1] == "    # Good"
    assert lines[lines.index("  figures") + 1].startswith("    curve  ")
    assert step_view(ledger, "r1", "scores")["notes"] == []


def test_runs_are_newest_first_and_by_pipeline(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, story("r1"), story("r2"))
    document = runs_view(ledger)
    valid(document, "runs")
    assert [one["run"] for one in document["runs"]] == ["r2", "r1"]
    assert runs_view(ledger, 1)["runs"][0]["run"] == "r2"
    assert runs_view(ledger, pipeline="other")["runs"] == []


def test_a_run_that_goes_on_has_lasted_until_now(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, story()[:3])
    owner = "run:r1"
    assert ledger.claim([owner], "me", 60)
    assert run_view(ledger, "r1", now=1030.0)["seconds"] == 30.0
    assert runs_view(ledger, now=1030.0)["runs"][0]["seconds"] == 30.0
    assert run_view(ledger, "r1")["status"] == "running"


def test_metrics_are_held_against_the_last_run_that_succeeded(tmp_path: Path) -> None:
    good = [*story("r1", 9.0)[:-1], RunEnded("succeeded", 1.0)]
    ledger = ledger_at(tmp_path, good, story("r2", 8.0), story("r3", 7.0))
    assert previous_metrics(ledger, "flights", "r3") == (
        "r1",
        {"scores.mae": 9.0, "scores.odd": pytest.approx(math.nan, nan_ok=True)},
    )
    assert previous_metrics(ledger, "flights", "r1") == ("", {})
    only_failed = ledger_at(tmp_path / "other", story("r1", 9.0), story("r2"))
    assert previous_metrics(only_failed, "flights", "r2")[0] == "r1"


def test_unknown_runs_and_steps_get_close_matches(ledger: SqliteLedger) -> None:
    with pytest.raises(NotFound) as caught:
        find_step(ledger, "r1", "modl")
    assert caught.value.hint == "Did you mean `model`?"
    with pytest.raises(NotFound) as caught:
        find_step(ledger, "r1", "scores.mae")
    assert "`scores`" in caught.value.hint
    with pytest.raises(NotFound):
        run_view(ledger, "r9")


def test_small_views() -> None:
    assert failure_view(None) is None
    assert reasons_view([Reason("same", "nothing changed")]) == [
        {"kind": "same", "what": "nothing changed", "where": ""}
    ]
    twice = [
        Warned("a", "hidden-input", "it reads x"),
        Warned("a", "hidden-input", "it reads x"),
        Warned("b", "k", "w"),
    ]
    assert [one["step"] for one in warnings_view(twice)] == ["a", "b"]
