"""What a run records of itself."""

import importlib.metadata
import subprocess
from datetime import timedelta
from pathlib import Path

from tests.strategies import make_step

from penstock.app.recording import GitState, environment, graph_record, machine, new_run_id, snapshot
from penstock.graph.graph import build
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.contract import Contract


def git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@x", *arguments], cwd=folder, check=True, capture_output=True
    )


def test_ids_sort_by_time_and_differ():
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [one[:15] for one in ids] == sorted(one[:15] for one in ids)


def test_git_state(tmp_path):
    assert GitState(tmp_path).read() == ("", False, "")
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1\n")
    assert GitState(tmp_path).read() == ("", True, "")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    commit, dirty, diff = GitState(tmp_path).read()
    assert (len(commit), dirty, diff) == (40, False, "")
    (tmp_path / "a.py").write_text("2\n")
    commit, dirty, diff = GitState(tmp_path).read()
    assert dirty and "-1\n+2" in diff


def test_the_environment_holds_every_distribution():
    found = environment()
    for name in ("click", "polars", "pytest"):
        assert found[name] == importlib.metadata.version(name)
    assert found["python"].count(".") == 2


def test_the_machine():
    found = machine()
    assert found["cores"] >= 1 and found["memory"] > 0 and found["host"]


def test_the_graph_as_data():
    contract = Contract(("id",), "at", {"y": "later", "*": timedelta(hours=1)}, ("y",))
    source = make_step("rows", contract=contract)
    graph = build([source, make_step("sides", outputs=("train", "test")), make_step("model", ("train",))])
    found = graph_record(graph)
    late = {"y": "later", "*": {"seconds": 3600.0}}
    assert found["rows"]["contract"] == {"key": ["id"], "time": "at", "known_at": late, "label": ["y"]}
    assert found["model"]["inputs"] == {"train": "sides.train"}
    assert found["sides"]["outputs"] == {"sides.train": None, "sides.test": None}


def test_snapshots_keep_sources_once(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger.db")
    one = snapshot({Path("a.py"): b"1", Path("b/c.py"): b"2"}, ledger)
    assert snapshot({Path("b/c.py"): b"2", Path("a.py"): b"1"}, ledger) == one
    assert snapshot({Path("a.py"): b"3", Path("b/c.py"): b"2"}, ledger) != one
    assert b'"b/c.py"' in (ledger.data(one) or b"")
