"""What is said at the end of a watched run, and how the process ends."""

from collections.abc import Callable

import pytest
from tests.cli.conftest import Done
from tests.report.samples import run_of, story

from penstock.cli.watching import Watched, run_watched
from penstock.model.event import RunStarted


def tell(watched: Watched) -> str:
    for event in story():
        watched(event)
    return "r1"


@pytest.mark.parametrize("as_json", [False, True])
def test_progress_goes_where_it_disturbs_nobody(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    tally = run_watched(tell, redraw=True, as_json=as_json)
    assert tally.status == "failed"
    said = capsys.readouterr()
    assert "FAILED  model" in (said.err if as_json else said.out)
    assert (said.out if as_json else said.err) == ""


def test_a_second_ctrl_c_names_the_way_on(capsys: pytest.CaptureFixture[str]) -> None:
    def stop(watched: Watched) -> str:
        watched(RunStarted(run_of(("a",), "r42")))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_watched(stop, redraw=True, as_json=False)
    assert "penstock resume r42" in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        run_watched(stop, redraw=True, as_json=False, again="penstock reproduce best")
    said = capsys.readouterr().err
    assert "Go on with: penstock reproduce best" in said
    assert "resume" not in said


def test_a_run_that_waits_is_no_failure(call: Callable[..., Done], edit: Callable[[str, str], None]) -> None:
    edit("    return len(rows)", '    ps.hold("Count them?"); return len(rows)')
    done = call("run")
    assert done.code == 0
    assert "asks  Count them?" in done.out
    assert "penstock approve" in done.out
