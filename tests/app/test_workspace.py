"""One run, straight through: how far it is from `run` to the user's function, and what is left when it ends."""

import threading

import pytest

import penstock as ps
from penstock.app.settings import find_settings, open_ledger
from penstock.app.workspace import Request, Workspace
from penstock.declare.load import load
from penstock.errors import NotFound, UnknownName
from penstock.graph.graph import build

SOURCE = """
import traceback
import penstock as ps

@ps.step
def frames():
    return [frame.filename for frame in traceback.extract_stack()]
"""


@pytest.fixture
def pipeline(tmp_path):
    path = tmp_path / "p.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_the_user_s_function_is_near(pipeline, executor):
    found = ps.Pipeline.load(pipeline).run(executor=executor)["frames"]
    ours = [name for name in found if "/penstock/" in name]
    assert found[-1] == str(pipeline)
    start = next((index for index, name in enumerate(ours) if name.endswith("app/pipeline.py")), None)
    if executor == "inline":
        assert start is not None
        ours = ours[start:]
    else:
        ours = ours[next(index for index, name in enumerate(ours) if name.endswith("executors/worker.py")) :]
    assert len(ours) <= 5
    assert len(set(ours)) <= 5


def test_nothing_is_left_when_it_ends(pipeline):
    before = threading.active_count()
    result = ps.Pipeline.load(pipeline).run(executor="local")
    assert threading.active_count() <= before
    ledger = open_ledger(find_settings(pipeline))
    assert ledger.claim([f"run:{result.run}"], "me", 1)[f"run:{result.run}"].owner == "me"


def test_requests_are_checked_before_anything_is_written(pipeline):
    declared = load(pipeline)
    settings = find_settings(pipeline)
    work = Workspace(settings, build(declared.steps), declared)
    with pytest.raises(UnknownName, match="to force"):
        work.plan(Request(force=["nope"]))
    with pytest.raises(UnknownName, match="no step"):
        work.plan(Request(parameters={"nope.x": "1"}))
    with pytest.raises(NotFound):
        work.resumed(Request(resume="nope"))
    assert work.resumed(Request(targets=["frames"])) == (Request(targets=["frames"]), None)
    assert work.ledger.runs() == []
