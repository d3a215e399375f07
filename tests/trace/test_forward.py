from pathlib import Path

import pytest
from tests.trace.pipelines import FLIGHTS, run_of

from penstock.errors import NotFound


def test_all_that_a_row_reached(tmp_path: Path) -> None:
    run = run_of(tmp_path, FLIGHTS)
    tracing = run._tracing()
    found = tracing.forward("AA/10")
    reached = {one.artifact: one for one in found.reached}
    assert reached["flights"].rows == reached["clean"].rows == reached["joined"].rows == 1
    assert "aggregate" in reached["by_gate"].how and reached["by_gate"].rows == 0
    assert reached["sides.train"].rows == 1
    assert "trained on it" in reached["model"].how
    assert found.models == (tracing.lineage.stored["model"].digest,)
    assert "learnt from it" in reached["predictions"].how
    assert "shuffled" in found.unknown
    assert found.runs == 1


def test_a_row_of_the_test_side_teaches_no_model(tmp_path: Path) -> None:
    found = run_of(tmp_path, FLIGHTS)._tracing().forward("UA/45")
    assert found.models == ()
    reached = {one.artifact: one for one in found.reached}
    assert reached["predictions"].rows == 1
    assert reached["model"].how.startswith("perhaps")  # rows of `joined` may have been made with it


def test_every_run_is_asked_and_each_artifact_told_once(tmp_path: Path) -> None:
    first = run_of(tmp_path, FLIGHTS)
    run_of(tmp_path, FLIGHTS)
    last = run_of(tmp_path, FLIGHTS, lambda text: text.replace(">= 50", ">= 105"))
    found = last._tracing().forward("AA/10")
    assert found.runs == 2  # the second held nothing that the first does not
    assert len(found.models) == 2
    assert {one.run for one in found.reached if one.artifact == "model"} == {first.run, last.run} or len(
        {one.run for one in found.reached if one.artifact == "model"}
    ) == 2
    only = last._tracing().forward("AA/10", every_run=False)
    assert len(only.models) == 1
    with pytest.raises(NotFound):
        last._tracing().forward("XX/10")
