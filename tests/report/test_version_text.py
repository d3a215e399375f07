"""Versions and tags as lines."""

from typing import Any

from penstock.report.paint import plain
from penstock.report.version_text import tag_lines, tags_lines, versions_lines

DIGEST = "blake3:" + "ab" * 32


def version(**fields: Any) -> Any:
    usual = {
        "artifact": "model", "digest": DIGEST, "bytes": 1500, "rows": None, "codec": "plain", "run": "r1",
        "started": "1970-01-01T00:16:40.000+00:00", "step": "model", "type": "float", "tags": [],
        "inputs": {"train": {"artifact": "sides.train", "digest": DIGEST}}, "parameters": {"rate": "0.1\x1b"},
        "metrics": {}, "kept": True,
    }  # fmt: skip
    return {**usual, **fields}


def text(lines: Any) -> str:
    return "\n".join([plain(line) for line in lines])


def test_versions() -> None:
    document: Any = {"artifact": "model", "pipeline": "p", "versions": [version(tags=["best"]), version(kept=False)]}
    said = text(versions_lines(document, 2000.0))
    assert "2 versions, newest first" in said
    assert "abababababab  r1" in said
    assert "1.5 kB" in said
    assert "@best" in said
    assert "gone" in said
    assert "\\x1b" in said


def test_no_version() -> None:
    assert "fits" in text(versions_lines({"artifact": "model", "pipeline": "p", "versions": []}, 1.0))


def test_tags() -> None:
    one: Any = {
        "kind": "artifact",
        "pipeline": "p",
        "artifact": "model",
        "tag": "best",
        "digest": DIGEST,
        "runs": ["r1"],
    }
    other: Any = {**one, "kind": "run", "artifact": "", "digest": "", "runs": ["r1", "r2", "r3", "r4"]}
    assert text(tags_lines({"tags": [one, other]})) == (
        "model@best  version  abababababab  r1\n#best       tag                    r1, r2, r3 and 1 more"
    )
    assert "penstock tag" in text(tags_lines({"tags": []}))


def test_what_something_bears() -> None:
    run: Any = {"run": "r1", "name": "n", "artifact": "", "digest": "", "tags": ["a", "b"]}
    assert text(tag_lines(run)) == "✓ run r1: n #a #b"
    artifact: Any = {"run": "r1", "name": "", "artifact": "model", "digest": DIGEST, "tags": []}
    assert text(tag_lines(artifact)) == "✓ model abababababab, run r1: no name, no tags"
