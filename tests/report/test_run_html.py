"""The page of a run: it tells everything, needs nothing, and nothing of users' words can break out of it."""

import re
from pathlib import Path
from typing import Any

from tests.report.page_reader import PageReader
from tests.report.samples import ledger_at, story

from penstock.report.documents import RunDocument
from penstock.report.run_html import run_page, status_words
from penstock.report.views import run_view, steps_view

EVIL = "</pre></style><script>alert('x')</script><img src=x onerror=alert(1)>\"'&"


def documents(tmp_path: Path) -> tuple[RunDocument, list[Any]]:
    ledger = ledger_at(tmp_path, story())
    return run_view(ledger, "r1"), steps_view(ledger, "r1")


def poisoned(value: Any) -> Any:
    """The same document with every text of users replaced by one that would break out."""
    kept = {"kind", "status", "started", "verdict", "run", "made_in"}
    if isinstance(value, dict):
        return {key: one if key in kept else poisoned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one) for one in value]
    return f"{value}{EVIL}" if isinstance(value, str) else value


def test_it_tells_everything(tmp_path: Path) -> None:
    run, steps = documents(tmp_path)
    made = run_page(
        run,
        steps,
        edges=[("clean", "model"), ("model", "report")],
        logs={"model": "epoch 1\nepoch 2"},
        before={"scores.mae": 10.0},
        before_run="r0",
        diff="--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new",
    )
    seen = PageReader(made)
    assert seen.safe()
    for part in (
        "flights", "failed", "scores.mae", "was 10", "could not convert 'N/A'", "flights.py:61", "epoch 2", "Deploy it?",
        "blocked by model", "it reads `codes.csv`", "1,234 rows", "412 MB memory", "learning_rate", "+new", "Against run r0",
    ):  # fmt: skip
        assert part in seen.text, part
    assert [tag for tag, _ in seen.tags].count("svg") == 1
    links = {str(one["href"])[1:] for tag, one in seen.tags if tag == "a" and one.get("href")}
    assert links
    assert links <= {one["id"] for _, one in seen.tags if one.get("id")}


def test_no_word_of_users_can_break_out(tmp_path: Path) -> None:
    run, steps = documents(tmp_path)
    made = run_page(
        poisoned(run),
        poisoned(steps),
        edges=[(f"clean{EVIL}", f"model{EVIL}")],
        logs={f"model{EVIL}": EVIL},
        pictures={(EVIL, EVIL): (f"image/png{EVIL}", b"x")},
        before={EVIL: 1.0},
        before_run=EVIL,
        diff=EVIL,
    )
    assert PageReader(made).safe()
    assert "<script" not in made


def test_figures_are_images_in_which_nothing_runs(tmp_path: Path) -> None:
    run, steps = documents(tmp_path)
    steps[1]["figures"] = [{"name": "curve", "digest": "", "bytes": 1, "type": "", "file": ""}] * 2
    made = run_page(run, steps, pictures={("scores", "curve"): ("image/svg+xml", b"<svg><script>x</script></svg>")})
    seen = PageReader(made)
    assert seen.safe()
    images = [one for tag, one in seen.tags if tag == "img"]
    assert len(images) == 2
    assert all(str(one["src"]).startswith("data:image/svg+xml;base64,") for one in images)


def test_very_many_steps_are_listed_and_not_drawn(tmp_path: Path) -> None:
    run, steps = documents(tmp_path)
    run["steps"] = [{**run["steps"][0], "step": f"s{number}"} for number in range(450)]
    seen = PageReader(run_page(run, []))
    assert "too many to be drawn" in seen.text
    assert "450 more steps" in seen.text
    assert not [tag for tag, _ in seen.tags if tag == "svg"]


def test_a_run_without_anything(tmp_path: Path) -> None:
    run, _ = documents(tmp_path)
    empty: Any = {**run, "steps": [], "metrics": {}, "warnings": [], "parameters": {}, "environment": {}, "targets": []}
    made = run_page(empty, [])
    assert PageReader(made).safe()
    assert not re.search(r"<h2[^>]*>(Metrics|Graph|Steps)", made)


def test_steps_are_counted_by_status_but_not_those_that_a_step_grew() -> None:
    steps = [{"parent": "", "status": one} for one in ("succeeded", "succeeded", "failed")] + [
        {"parent": "a", "status": "failed"}
    ]
    assert status_words({"steps": steps}) == "2 ran, 1 failed"  # type: ignore[typeddict-item,typeddict-unknown-key]
