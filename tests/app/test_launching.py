"""Runs as processes of their own: started, found in the ledger, stopped, resumed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.app.launching import Launches, Wanted, cancel
from penstock.app.pipeline import Pipeline
from penstock.app.settings import Settings, open_ledger, reading_settings
from penstock.errors import NotFound, PipelineNotFound
from penstock.ports import Ledger
from penstock.report.browse_documents import StartDocument

SLOW = """
import os
import time
import penstock as ps

@ps.step
def one(times: int = 2, word: str = "a"):
    return word * times

@ps.step
def two(one):
    while "go" not in os.listdir(os.curdir):  # a constant path would be taken for an input
        time.sleep(0.02)
    return one
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)
    return reading_settings(tmp_path / "slow.py")


def until(launches: Launches, settings: Settings, start: str, *states: str) -> StartDocument:
    ledger: Ledger | None = None
    while True:
        if ledger is None and (settings.state / "ledger.db").exists():
            ledger = open_ledger(settings)
        found = launches.look(start, ledger)
        if found["state"] in states:
            if ledger is not None:
                ledger.close()
            return found
        time.sleep(0.05)


def waiting(settings: Settings) -> None:
    """Until the newest run's second step waits for the file: one that came earlier would be taken for an edit."""
    while not (settings.state / "ledger.db").exists():
        time.sleep(0.05)
    ledger = open_ledger(settings)
    while not (runs := ledger.runs(1)) or ledger.steps(runs[0]["run"])[1]["status"] != "running":
        time.sleep(0.05)
    ledger.close()


def test_words_are_never_taken_for_options() -> None:
    wanted = Wanted(("--file=x", "a"), {"a.b": "-1"}, ("--x",), "off", "-n", ("t",), -3, "p", "s")
    assert wanted.words() == [
        *("--set=a.b=-1", "--force=--x", "--seed=-3", "--pipeline=p", "--step=s", "--tag=t", "--checks=off", "--name=-n"),
        *("--json", "--", "--file=x", "a"),
    ]  # fmt: skip
    assert Wanted(name="n", tags=("t",), checks="off").words(plan=True) == ["--json", "--"]


def test_a_run_is_started_found_and_ends(settings: Settings, tmp_path: Path) -> None:
    launches = Launches(settings)
    begun = launches.run(Wanted(parameters={"one.times": "3"}, name="mine", checks="off"))
    assert begun["state"] in ("starting", "running") and begun["code"] is None
    running = until(launches, settings, begun["start"], "running", "ended")
    assert running["state"] == "running" and running["run"]
    waiting(settings)
    (tmp_path / "go").touch()
    ended = until(launches, settings, begun["start"], "ended")
    assert (ended["run"], ended["code"], ended["error"]) == (running["run"], 0, None)
    ledger = open_ledger(settings)
    run = ledger.run(ended["run"])
    assert run.name == "mine" and run.overrides == {"one.times": "3"}
    assert run.command[:2] == ("penstock", "run")
    ledger.close()


def test_what_does_not_load_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import penstock as ps\n@ps.step\ndef one(two):\n    return 1\n")
    launches = Launches(settings)
    ended = until(launches, settings, launches.run(Wanted())["start"], "ended")
    assert (ended["run"], ended["code"]) == ("", 2)
    assert ended["error"] is not None and "two" in ended["error"]["message"]
    assert ended["error"]["where"].endswith("slow.py:2")
    assert "two" in launches.plan(Wanted())["error"]["message"]


def test_a_plan_names_parameters(settings: Settings) -> None:
    launches = Launches(settings)
    steps = launches.plan(Wanted(parameters={"one.times": "7"}))["steps"]
    assert steps[0]["parameters"] == {"times": "7", "word": "a"}
    assert [one["step"] for one in launches.plan(Wanted(targets=("one",)))["steps"]] == ["one"]
    assert launches.plan(Wanted(targets=("--json",)))["error"]["kind"] == "UnknownName"


def test_it_goes_on_when_its_starter_ends(settings: Settings, tmp_path: Path) -> None:
    """Also when that is killed with everything in its session."""
    code = (
        "import os, signal, sys, time\n"
        "from penstock.app.launching import Launches, Wanted\nfrom penstock.app.settings import reading_settings\n"
        "Launches(reading_settings('slow.py')).run(Wanted(checks='off'))\nprint('begun', flush=True)\ntime.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True
    )
    assert starter.stdout is not None and starter.stdout.readline() == b"begun\n"
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    waiting(settings)
    (tmp_path / "go").touch()
    ledger = open_ledger(settings)
    while not (runs := ledger.runs()) or runs[0]["status"] != "succeeded":
        time.sleep(0.05)
    ledger.close()


def test_it_is_stopped_and_resumed(settings: Settings, tmp_path: Path) -> None:
    launches = Launches(settings)
    running = until(launches, settings, launches.run(Wanted(checks="off"))["start"], "running")
    ledger = open_ledger(settings)
    waiting(settings)
    assert cancel(settings, "last") == {
        "run": running["run"],
        "asked": True,
        "next": f"penstock resume {running['run']}",
    }
    ended = until(launches, settings, running["start"], "ended")
    assert ended["code"] == 130 and ledger.status(running["run"]) == "cancelled"
    with pytest.raises(NotFound, match="not going on"):
        cancel(settings, running["run"])
    (tmp_path / "go").touch()
    again = until(launches, settings, launches.resume(running["run"])["start"], "ended")
    assert (again["run"], again["code"]) == (running["run"], 0)
    assert ledger.status(running["run"]) == "succeeded"
    ledger.close()


def test_what_can_t_be_reached_is_not_signalled(settings: Settings) -> None:
    (Path("go")).touch()
    done = Pipeline.load("slow.py", executor="inline", checks="off").run()
    ledger = open_ledger(settings)
    ledger.claim([f"run:{done.run}"], "elsewhere|boot|1|2|run", 60)
    with pytest.raises(NotFound, match="a process on elsewhere"):
        cancel(settings, done.run)
    ledger.release("elsewhere|boot|1|2|run")
    from penstock.run.leases import owner_name

    ledger.claim([f"run:{done.run}"], owner_name(done.run), 60)
    with pytest.raises(NotFound, match="Python program"):  # this one
        cancel(settings, done.run)
    done.close()
    ledger.close()


def test_a_run_that_a_program_goes_on_with_is_the_programs(settings: Settings) -> None:
    """What the run was begun with says nothing of who drives it now: this process must not be signalled."""
    (Path("go")).touch()
    pipeline = Pipeline.load("slow.py", executor="inline", checks="off")
    begun = pipeline.run("one", command=("penstock", "run", "one"))
    pipeline.run(resume=begun.run)
    ledger = open_ledger(settings)
    assert ledger.run(begun.run).command == ()
    from penstock.run.leases import owner_name

    ledger.claim([f"run:{begun.run}"], owner_name(begun.run), 60)
    with pytest.raises(NotFound, match="Python program"):
        cancel(settings, begun.run)
    ledger.close()


def test_unknown_starts_and_pipelines(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing of the name"):
        Launches(settings).look("nothing")
    from msgspec.structs import replace

    with pytest.raises(PipelineNotFound, match="which pipeline"):
        Launches(replace(settings, file=None)).run(Wanted())
