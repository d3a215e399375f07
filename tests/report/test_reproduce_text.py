"""What came of doing a run again, as lines."""

from typing import Any

from penstock.report.moved_metrics import moved_metric
from penstock.report.paint import plain
from penstock.report.reproduce_text import change_lines, package_lines, reproduce_lines

CODE: Any = {
    "kind": "code",
    "what": "helper `f` changed",
    "where": "p.py:3",
    "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-one\n+two",
}


def compared(artifact: str, verdict: str, **fields: Any) -> Any:
    usual = {"step": artifact, "before": "blake3:" + "a" * 64, "after": "blake3:" + "b" * 64, "bytes_differ": False}
    return {"artifact": artifact, "verdict": verdict, **usual, "reasons": [], **fields}


def document(**fields: Any) -> Any:
    usual: Any = {
        "run": "r1", "pipeline": "p", "status": "equal", "seconds": 2.0, "artifacts": [compared("a", "equal")],
        "figures": [], "metrics": [], "failures": [], "given": [], "left": [], "files": [], "moved": [], "environment": [],
        "machine": {}, "since": [], "commits": ["", ""], "folder": "",
    }  # fmt: skip
    return {**usual, **fields}


def text(one: Any) -> str:
    return "\n".join([plain(line) for line in reproduce_lines(one)])


def test_equal() -> None:
    made = document(artifacts=[compared("a", "equal", bytes_differ=True), compared("b", "given")])
    assert text(made) == (
        "✓ run r1 came out equal in state\n"
        "  1 of 1 artifact equal · 1 from the store · equal in state, in other bytes: `a` · 2.0 s"
    )
    both = document(artifacts=[compared("a", "equal", bytes_differ=True), compared("b", "equal")])
    assert text(both).startswith("✓ run r1 came out equal: 1 digest by digest, 1 in state\n")
    assert text(document()).startswith("✓ run r1 came out equal, digest by digest\n")


def test_nothing_to_compare_is_not_called_equal() -> None:
    said = text(document(status="nothing", artifacts=[compared("b", "given")]))
    assert said.startswith("⚠ run r1 was not compared: nothing of it was made again\n")


def test_different() -> None:
    said = text(
        document(
            status="different",
            artifacts=[
                compared("a", "equal"),
                compared("b\x1b", "different", reasons=[CODE, CODE]),
                compared("c", "missing", after="", reasons=[{**CODE, "what": "the step is blocked", "diff": ""}]),
            ],
            metrics=[
                moved_metric("s.rmse", 1.0, 1.5),
                moved_metric("s.n", None, 2.0),
            ],
        )
    )
    assert "1 of 3 artifacts equal" in said
    assert "≠ b\\x1b" in said
    assert "aaaaaaaaaaaa  bbbbbbbbbbbb  helper `f` changed  p.py:3 and 1 more" in said
    assert said.count("+two") == 1
    assert "s.rmse  1  →  1.5  ▲ 0.5" in said


def test_figures() -> None:
    listed = [compared("a", "equal"), compared("b", "different"), compared("c", "missing", after="")]
    said = text(document(figures=listed))
    assert "⚠ b.b  this figure was drawn otherwise" in said
    assert "⚠ c.c  this figure was not drawn" in said
    assert "a.a" not in said


def test_all_else_that_differs() -> None:
    failure: Any = {
        "kind": "ValueError",
        "message": "no",
        "where": "p.py:3",
        "hint": "",
        "traceback": "",
        "parameters": {},
    }
    said = text(
        document(
            status="failed",
            given=["raw"],
            left=["ship"],
            files=[
                {"step": "raw", "path": "raw.txt", "parameter": "path", "gone": False},
                {"step": "a", "path": "b.txt", "parameter": "", "gone": True},
            ],
            moved=["/elsewhere/lib.py"],
            failures=[
                {"step": "x", "before": None, "after": failure},
                {"step": "y", "before": failure, "after": failure},
                {"step": "z", "before": failure, "after": None},
            ],
            environment=[
                {"package": "a", "before": "1", "after": "", "reached": False},
                {"package": "b", "before": "1", "after": "2", "reached": True},
            ],
            since=[{"step": "a", "reasons": [CODE]}, {"step": "b", "reasons": [CODE]}],
            commits=["1" * 40, "2" * 40],
            folder="/kept",
        )
    )
    for part in (
        "raw  its stored result was taken: raw.txt has changed since",
        "a  it was read as it is now, since nothing is stored of it: b.txt is gone",
        "not done again, since it deploys: ship",
        "/elsewhere/lib.py lies outside",
        "x  ValueError: no",
        "y  failed then, and failed again: ValueError: no",
        "z  failed then, and did not fail now",
        "code has changed (commit 1111111111 → 2222222222)",
        "• a, b  helper `f` changed  p.py:3",
        "kept in /kept",
    ):
        assert part in said
    assert said.index("b  1  →  2  imported") < said.index("a  1  →  —")


def test_very_much_is_counted() -> None:
    packages: Any = [{"package": f"p{n}", "before": "1", "after": "2", "reached": False} for n in range(40)]
    new: Any = [{**one, "package": f"n{one['package']}", "before": ""} for one in packages]
    said = [plain(line) for line in package_lines([*new, *packages, {**new[0], "reached": True}], "x")]
    assert said[1].split() == ["np0", "—", "→", "2", "imported", "by", "steps"]
    assert said[-2:] == ["    and 11 packages more", "    and 40 packages that were not there before"]
    assert change_lines([], "x") == []
    many = document(status="different", artifacts=[compared(f"a{n}", "different") for n in range(33)])
    assert "and 3 artifacts more" in text(many)
