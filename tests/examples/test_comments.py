"""The comments example, whole, from the command line, on real entries (where the machine has some) and on made-up ones."""

import json
import runpy
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "comments"
STEPS = {"entries", "sides", "tfidf", "test_matrix", "model", "score", "predictions"}
ARTIFACTS = {
    *("entries", "sides.train", "sides.test", "tfidf.vectorizer", "tfidf.train_matrix"),
    *("test_matrix", "model", "score", "predictions"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "comments"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"))
    return folder


def deliver(project: Path, until: str, *options: str) -> None:
    command = [sys.executable, "prepare.py", "--until", until, *options]
    subprocess.run(command, cwd=project, check=True, capture_output=True)


def penstock(project: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "penstock.cli", *arguments, "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return json.loads(done.stdout)


def statuses(run: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["status"] for step in run["steps"]}


def digests(run: dict[str, Any]) -> dict[str, str]:
    return {output["artifact"]: output["digest"] for step in run["steps"] for output in step["outputs"]}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("options", [(), ("--made-up",)], ids=["as-found", "made-up"])
def test_comments(project: Path, options: tuple[str, ...]) -> None:
    deliver(project, "2022-09-30", *options)
    first = penstock(project, "run")
    assert statuses(first) == dict.fromkeys(STEPS, "succeeded")
    trained = digests(first)
    assert set(trained) == ARTIFACTS
    score = next(step["metrics"] for step in first["steps"] if step["step"] == "score")
    assert 0.1 < score["r2"] < 0.6  # what words can tell; a leak would make it far better

    second = penstock(project, "run")
    assert statuses(second) == dict.fromkeys(STEPS, "reused")
    assert digests(second) == trained

    # New entries arrive: the file is read again, and the stored model serves for other predictions.
    deliver(project, "2022-12-31", *options)
    third = penstock(project, "run", "predictions")
    assert statuses(third) == {
        **dict.fromkeys(("sides", "tfidf", "model"), "reused"),
        **dict.fromkeys(("entries", "predictions"), "succeeded"),
    }
    now = digests(third)
    assert now["model"] == trained["model"]
    assert now["predictions"] != trained["predictions"]

    # Training again makes another model beside it; whoever asks for the old work gets the old model.
    again = penstock(project, "run", "--set", "entries.until=2022-12-31")
    assert statuses(again) == dict.fromkeys(STEPS, "succeeded")
    assert digests(again)["model"] != trained["model"]
    back = penstock(project, "run", "predictions")
    assert set(statuses(back).values()) == {"reused"}
    assert digests(back) == now


@pytest.mark.timeout(120)
@pytest.mark.parametrize("options", [(), ("--made-up",)], ids=["as-found", "made-up"])
def test_a_delivery_says_what_was_known_that_day(project: Path, options: tuple[str, ...]) -> None:
    import polars as pl

    deliver(project, "2022-12-31", *options)
    later = pl.read_parquet(project / "data" / "entries.parquet")
    again = (project / "data" / "entries.parquet").read_bytes()
    deliver(project, "2022-12-31", *options)
    assert (project / "data" / "entries.parquet").read_bytes() == again
    deliver(project, "2022-09-30", *options)
    before = pl.read_parquet(project / "data" / "entries.parquet")

    end = datetime(2022, 10, 1, tzinfo=UTC)
    known = pl.col("uploaded") + timedelta(days=90) <= end
    assert before.height > 2000
    assert before.drop("followed").equals(later.filter(pl.col("uploaded") < end).drop("followed"))
    assert before.filter(known).equals(later.filter(known))
    assert before.filter(~known)["followed"].null_count() == before.filter(~known).height > 0
    assert before["entry"].is_unique().all()

    for row in later.filter(known).sample(20, seed=1).to_dicts():
        gap = pl.col("uploaded") - row["uploaded"]
        same = later.filter(pl.col("package") == row["package"])
        assert row["followed"] == same.filter(gap > timedelta(0), gap <= timedelta(days=90)).height


def test_a_changelog_is_read(project: Path) -> None:
    prepare = runpy.run_path(str(project / "prepare.py"))
    changelog = """\
tool (1:2.0-1) unstable; urgency=medium

  [ Some One ]
  * New upstream release.
    - Closes: #1
  * Refresh patches.

 -- Some One <some@one.example>  Mon, 02 Jan 2023 13:06:21 +0100

tool (1.9-1) unstable; urgency=low

  * Undated.

 -- Some One <some@one.example>  once upon a time

tool (1.8) experimental; urgency=low

  * First.

 -- Some One <some@one.example>  Sun, 01 Jan 2023 23:30:00 -0500
"""
    read = list(prepare["entries_of"](changelog))
    assert read == [
        (
            "tool_1:2.0-1",
            "tool",
            datetime(2023, 1, 2, 12, 6, 21, tzinfo=UTC),
            "New upstream release. Closes: #1 Refresh patches.",
        ),
        ("tool_1.8", "tool", datetime(2023, 1, 2, 4, 30, tzinfo=UTC), "First."),
    ]
    table = prepare["delivered"](read, date(2023, 1, 31))
    assert table["followed"].to_list() == [None, None]
    assert prepare["delivered"](read, date(2023, 12, 31))["followed"].to_list() == [1, 0]


@pytest.mark.timeout(300)
def test_a_run_is_done_again_whatever_became_of_the_project(project: Path) -> None:
    deliver(project, "2022-09-30", "--made-up")
    run = penstock(project, "run")["run"]
    example = project / "comments.py"
    text = example.read_text(encoding="utf-8")
    example.write_text(f"# another comment\n{text}", encoding="utf-8")
    again = penstock(project, "reproduce", run)
    assert (again["status"], again["since"], again["given"]) == ("equal", [], [])
    assert {one["artifact"]: one["verdict"] for one in again["artifacts"]} == dict.fromkeys(ARTIFACTS, "equal")

    deliver(project, "2022-12-31", "--made-up")  # newer data, and another question
    example.write_text(text.replace("HORIZON = timedelta(days=90)", "HORIZON = timedelta(days=60)"), encoding="utf-8")
    again = penstock(project, "reproduce", run)
    assert again["status"] == "equal"
    assert {one["step"] for one in again["files"]} <= set(again["given"])
    assert again["given"]
    assert any("`HORIZON`" in reason["what"] for one in again["since"] for reason in one["reasons"])
