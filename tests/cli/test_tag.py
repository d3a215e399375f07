"""`penstock tag` and `penstock tags`, and tags that are given when a run begins."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

from penstock.app.collecting import collect
from penstock.app.settings import find_settings, open_ledger, open_store

Call = Callable[..., Done]


def test_runs_are_named_and_tagged(call: Call) -> None:
    run = call("run", "--json").json["run"]
    assert valid(call("tag", "last", "good", "old", "--name", "first", "--json"), "tag") == {
        "run": run,
        "name": "first",
        "taken_from": "",
        "artifact": "",
        "digest": "",
        "tags": ["good", "old"],
    }
    assert call("tag", "first", "old", "--remove", "--json").json["tags"] == ["good"]
    assert call("show", "good", "--json").json["tags"] == ["good"]
    call("run", "--set", "model.rate=2")
    assert [one["run"] for one in call("runs", "--tag", "good", "--json").json["runs"]] == [run]
    assert call("tag", "good", "--name", "", "--json").json["name"] == ""


def test_a_name_that_another_run_has_moves_and_that_is_told(call: Call) -> None:
    first = call("run", "--name", "best", "--json").json["run"]
    done = call("run", "--set", "model.rate=2", "--name", "best")
    assert f"`best` was the name of run {first}; give it back with: penstock tag {first} --name best" in done.err
    second = call("show", "best", "--json").json["run"]
    assert second != first
    assert call("show", first, "--json").json["name"] == ""
    back = call("tag", first, "--name", "best")
    assert f"was the name of run {second}" in back.err
    assert valid(call("tag", second, "--name", "best", "--json"), "tag")["taken_from"] == first
    assert "was the name of" not in call("tag", second, "--name", "best").err
    assert "was the name of" not in call("run", "--name", "other").err


def test_a_run_that_began_later_keeps_the_name(call: Call, project: Path) -> None:
    (project / "inner.py").write_text("import penstock as ps\n\n@ps.step\ndef one():\n    return 1\n")
    (project / "outer.py").write_text(
        "import subprocess, sys\nimport penstock as ps\n\n@ps.step\ndef other():\n"
        "    command = [sys.executable, '-m', 'penstock.cli', 'run', '-f', 'inner.py', '--name', 'same']\n"
        "    return subprocess.run(command, check=True).returncode\n"
    )
    done = call("run", "-f", "outer.py", "--name", "same")
    later = call("show", "same", "--json").json
    assert later["pipeline"] == "inner"
    [outer] = [one["run"] for one in call("runs", "--json").json["runs"] if one["pipeline"] == "outer"]
    assert f"`same` is the name of run {later['run']}, which began later" in done.err
    assert f"penstock tag {outer} --name same" in done.err


def test_an_artifact_is_tagged_when_it_is_made_and_afterwards(call: Call) -> None:
    first = call("run", "--tag", "night", "--tag", "model@candidate", "--json").json
    second = call("run", "--set", "model.rate=2", "--tag", "model@candidate", "--json").json
    assert (first["tags"], second["tags"]) == (["night"], [])
    tagged = valid(call("tag", first["run"], "stable", "--artifact", "model", "--json"), "tag")
    assert tagged["tags"] == ["stable"]
    listed = valid(call("tags", "--json"), "tags")["tags"]
    assert [(one["kind"], one["artifact"], one["tag"], one["runs"]) for one in listed] == [
        ("run", "", "night", [first["run"]]),
        ("artifact", "model", "candidate", [second["run"]]),
        ("artifact", "model", "stable", [first["run"]]),
    ]
    assert "model@stable" in call("tags").out
    assert call("tag", "night", "stable", "--artifact", "model", "--remove").code == 0
    assert "stable" not in call("tags").out


def test_a_run_that_failed_gives_its_tags_when_it_is_resumed(call: Call, edit: Callable[[str, str], None]) -> None:
    assert call("run", "--set", "model.rate=-1", "--tag", "model@m", "--tag", "doubled@d").code == 1
    assert [one["artifact"] for one in call("tags", "--json").json["tags"]] == ["doubled"]
    edit("if rate < 0", "if rate < -1")
    assert call("resume", "last").code == 0
    assert [one["artifact"] for one in call("tags", "--json").json["tags"]] == ["doubled", "model"]


@pytest.mark.parametrize(
    ("words", "kind", "hint"),
    [
        (("run", "--tag", "modle@x"), "UnknownName", "`model`"),
        (("run", "--tag", "a b"), "ParameterError", "letters"),
        (("run", "--name", "last"), "ParameterError", "another"),
        (("tag", "last"), "UsageError", "penstock tag RUN TAG"),
        (("tag", "lsat", "x"), "NotFound", ""),
        (("tag", "last", "x", "--artifact", "modle"), "NotFound", "`model`"),
        (("tag", "last", "x", "--artifact", "model", "--name", "y"), "UsageError", "--name"),
        (("tag", "last", "x", "--remove"), "NotFound", "no tags"),
        (("runs", "--tag", "godo"), "NotFound", "`good`"),
    ],
)
def test_what_is_wrong_is_said(call: Call, words: tuple[str, ...], kind: str, hint: str) -> None:
    call("run", "--tag", "good")
    call("tag", "last", "good", "--remove") if "--remove" in words else None
    done = call(*words, "--json")
    assert done.code == 2
    error = valid(done, "error")["error"]
    assert error["kind"] == kind
    assert hint in error["hint"]


def test_gc_keeps_what_has_a_name_or_tags(project: Path, call: Call, edit: Callable[[str, str], None]) -> None:
    edit("return [twice(one) for one in rows]", "return [twice(one) for one in rows] * 50_000")
    blobs = []
    for number, label in enumerate(["--name=mine", "--tag=night", "--tag=doubled@kept", "--seed=7", "--seed=8"]):
        (project / "rows.txt").write_text(f"{number} 2 3 4")
        run = call("run", label, "--json").json
        (step,) = [one for one in run["steps"] if one["step"] == "doubled"]
        blobs.append(step["outputs"][0]["digest"])
    assert len(set(blobs)) == 5
    settings = find_settings("line.py")
    with closing(open_ledger(settings)) as ledger:
        collect(
            ledger, open_store(settings), settings.state, days=0.0, remove=True, pause=0.0,
            ages={"young": 0.0, "settled": 0.0},
        )  # fmt: skip
    kept = {one["digest"]: one["kept"] for one in call("versions", "doubled", "--json").json["versions"]}
    assert [kept[one] for one in blobs] == [True, True, True, False, True]  # the last: the newest of its step
