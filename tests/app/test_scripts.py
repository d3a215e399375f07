"""Plain scripts and notebooks, checked in a process of their own: from the file to findings, and in words where nothing can be said."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.declare.test_cells import notebook

from penstock.app.replaying import replay
from penstock.app.scripts import check_script, is_script, kept_findings
from penstock.errors import (
    ContractError,
    DeclarationError,
    ExecutorError,
    NotFound,
    PipelineNotFound,
    StepFailed,
    UnknownName,
)

LOAD = """
import numpy as np
import pandas as pd

draw = np.random.default_rng(0)
n = 300
at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 30 * 86_400, n)), unit="s")
trips = pd.DataFrame({
    "trip": [f"t{i}" for i in range(n)], "asked": at, "miles": draw.gamma(2, 2, n), "fare": draw.gamma(3, 5, n),
})
"""
AHEAD = """
def features(trips):
    trips["near"] = trips["miles"].shift(-1)
    trips["last"] = trips["miles"].shift(1)
"""
HELD = "re.match('(a+)+$', 'a' * 64 + 'b')"  # lets no other thread of its process look
SOON = """
import sys
from penstock.app import script_worker, scripted
scripted._GRACE = 1.0
script_worker.main(*sys.argv[1:])
"""
USE = "\ntrips = trips.sort_values('asked')\nfeatures(trips)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proven(document: Any) -> set[tuple[str, str]]:
    return {(one["check"], one["column"]) for one in document["findings"] if one["verdict"] == "PROVEN"}


def test_a_notebook_from_leak_to_mended(folder: Path) -> None:
    notebook(folder / "a.ipynb", "%matplotlib inline\n" + LOAD, AHEAD, USE, "1/0")
    told: list[str] = []
    document = check_script("a.ipynb", say=told.append)
    assert proven(document) == {("as-of", "near")}
    finding = document["findings"][0]
    assert finding["where"] == "a.ipynb cell 2:2"
    assert "shift(-1)" in finding["hint"]
    assert finding["cause"] is not None
    assert finding["cause"]["column"] == "miles"
    script = document["script"]
    assert {(one["option"], one["value"]) for one in script["said"]} >= {("time", '"asked"'), ("key", '"trip"')}
    assert [one["text"] for one in script["notes"] if one["failed"]] == [
        "cell 4 failed: ZeroDivisionError: division by zero"
    ]
    assert any("running a.ipynb cell 3 of 4" in one for one in told)

    assert finding["replay"] == f"penstock replay {finding['id']}"
    assert replay(None, finding["id"][:5])["moved"]
    notebook(folder / "a.ipynb", LOAD, AHEAD.replace("shift(-1)", "shift(2)"), USE)
    again = replay("a.ipynb", finding["id"])
    assert not again["moved"]
    assert again["before"] == again["after"]
    assert not check_script("a.ipynb")["findings"]
    notebook(folder / "a.ipynb", LOAD)
    with pytest.raises(UnknownName, match="no function `features` any more"):
        replay(None, finding["id"])
    (folder / "a.ipynb").unlink()
    with pytest.raises(NotFound, match="not there any more"):
        replay(None, finding["id"])
    with pytest.raises(NotFound) as wrong:
        replay(None, "0" * 8)
    assert finding["id"] in wrong.value.hint


def test_an_inferred_time_that_nothing_uses_proves_nothing(folder: Path) -> None:
    (folder / "a.py").write_text(LOAD + AHEAD + "features(trips)\n")
    document = check_script("a.py")
    [finding] = [one for one in document["findings"] if one["check"] == "as-of"]
    assert finding["verdict"] == "SUSPECT"
    assert 'time="asked", which was inferred' in finding["hint"]
    assert not finding["replay"]
    assert not kept_findings("a.py")
    assert proven(check_script("a.py", said=["time='asked'"])) == {("as-of", "near")}
    (folder / "a.py").write_text("# penstock: time=asked\n" + LOAD + AHEAD + "features(trips)\n")
    document = check_script("a.py")
    assert proven(document) == {("as-of", "near")}
    assert [one["how"] for one in document["script"]["said"] if one["option"] == "time"] == ["declared"]


def test_a_script_with_a_main_and_a_split(folder: Path) -> None:
    pytest.importorskip("sklearn")
    (folder / "a.py").write_text(
        LOAD
        + """
import sys
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

def scaled(trips):
    return trips.assign(miles=StandardScaler().fit_transform(trips[["miles"]])[:, 0])

def label(trips):
    return trips.assign(fare=np.log1p(trips["fare"]), next=trips["fare"].shift(-1)).dropna()

def errors(y, predictions):
    return pd.DataFrame({"off": y - predictions})

def residuals(table):
    return table.assign(off=table["fare"] - table["guess"])

def main(name):
    table = label(scaled(trips))
    train, test = train_test_split(table, random_state=0)
    model = LinearRegression().fit(train[["miles"]], train["next"])
    errors(test["next"], model.predict(test[["miles"]]))
    residuals(test.assign(guess=model.predict(test[["miles"]])))

if __name__ == "__main__":
    main(sys.argv[1])
"""
    )
    with pytest.raises(StepFailed, match="IndexError"):
        check_script("a.py")
    document = check_script("a.py", arguments=["me"])
    assert proven(document) == {("test-blind", "miles")}
    assert {one["function"] for one in document["script"]["functions"] if not one["asked"]} == {"errors", "residuals"}
    assert document["script"]["edges"] == [["scaled", "label"]]


def test_training_rows_may_be_learned_from(folder: Path) -> None:
    (folder / "a.py").write_text(
        LOAD
        + "# penstock: time=asked\ndef means(train):\n    return train.assign(mean=train['miles'].mean())\n"
        + "train, test = trips[:200], trips[200:]\nmeans(train)\n"
    )
    document = check_script("a.py")
    assert not document["findings"]
    reasons = {one["check"]: one["reason"] for one in document["checks"]}
    assert "all of its rows are training rows" in reasons["as-of"]


def test_nothing_to_ask(folder: Path) -> None:
    cases = {
        "": "defines no function",
        "def f(t): ...": "calls none of its functions",
        "def f(t): ...\nf([1, 2])": "`f` took list",
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('x')\np.parse_args()\ndef f(t): ...": "SystemExit",
        "x = input()": "EOFError",
        "import nonsuch": "ModuleNotFoundError",
        "x = (": "SyntaxError",
        "import penstock as ps\n@ps.step\ndef f(t): ...": "declares steps",
    }
    for text, words in cases.items():
        (folder / "a.py").write_text(text)
        with pytest.raises((DeclarationError, StepFailed), match=words) as wrong:
            check_script("a.py")
        assert wrong.value.hint
    (folder / "a.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('x')\np.parse_args()\n"
    )
    with pytest.raises(StepFailed) as wrong:
        check_script("a.py")
    assert "penstock check a.py -- ARGUMENT" in wrong.value.hint


def test_a_process_that_dies(folder: Path) -> None:
    (folder / "a.py").write_text("print('so far')\nimport os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    with pytest.raises(ExecutorError, match=r"ended by signal 11.*so far"):
        check_script("a.py")
    (folder / "a.py").write_text("import os\nos._exit(3)\n")
    with pytest.raises(ExecutorError, match="exit code 3"):
        check_script("a.py")


def test_a_script_that_does_not_end_is_stopped_with_all_that_it_began(folder: Path) -> None:
    (folder / "a.py").write_text(
        "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '600'])\n"
        "open('pids', 'w').write(f'{os.getpid()} {child.pid}')\ntime.sleep(600)\n"
    )
    with pytest.raises(
        ExecutorError, match=r"a\.py did not come to an end: it was running a\.py for \d+.* seconds"
    ) as found:
        check_script("a.py", limit=5)
    assert "--limit" in found.value.hint
    _gone(folder / "pids")


def test_a_function_that_does_not_end_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.py").write_text(
        LOAD
        + "import time\ncalls = []\n\ndef features(trips):\n    calls.append(1)\n"
        + "    while len(calls) > 1:\n        time.sleep(1)\n    return trips.assign(miles=trips['miles'] + 1)\n\nfeatures(trips)\n"
    )
    monkeypatch.setattr("penstock.app.scripts._PROGRAM", SOON)
    with pytest.raises(ExecutorError, match=r"it was asking `features` \(1 of 1\) for \d+ seconds"):
        check_script("a.py", budget=0.5)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", ["time.sleep(600)", HELD])
def test_a_script_ends_with_who_checks_it(folder: Path, number: signal.Signals, busy: str) -> None:
    (folder / "a.py").write_text(
        f"import os, re, time\nopen('pids.part', 'w').write(str(os.getpid()))\nos.rename('pids.part', 'pids')\n{busy}\n"
    )
    program = "from penstock.app.scripts import check_script; check_script('a.py')"
    checking = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    while not (folder / "pids").exists():
        assert checking.poll() is None
        time.sleep(0.01)
    checking.send_signal(number)
    checking.wait()
    _gone(folder / "pids")


def _gone(pids: Path) -> None:
    """Wait until none of these processes is there any more: who hangs here has found a bug."""
    for one in pids.read_text().split():
        while psutil.pid_exists(int(one)) and psutil.Process(int(one)).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


def test_what_a_script_leaves_behind_holds_nobody_up(folder: Path) -> None:
    (folder / "a.py").write_text(
        "import os, time\nif not os.fork():\n    os.setsid()\n    open('pid', 'w').write(str(os.getpid()))\n    time.sleep(600)\n"
        "while not os.path.exists('pid'):\n    time.sleep(0.01)\nos._exit(3)\n"
    )
    with pytest.raises(ExecutorError, match="exit code 3"):
        check_script("a.py", limit=0)
    os.kill(int((folder / "pid").read_text() or 0) or os.getpid(), signal.SIGKILL)


def test_misspelt_declarations(folder: Path) -> None:
    (folder / "a.py").write_text("# penstock: time=askd\n" + LOAD + AHEAD + USE)
    with pytest.raises(ContractError, match=r"a column `askd`") as wrong:
        check_script("a.py")
    assert "`asked`" in wrong.value.hint
    assert wrong.value.where == "a.py:1"
    (folder / "a.py").write_text("# penstock: tiem=asked\n" + LOAD + AHEAD + USE)
    with pytest.raises(ContractError) as wrong:
        check_script("a.py")
    assert "`time`" in wrong.value.hint
    with pytest.raises(PipelineNotFound) as lost:
        check_script("b.py")
    assert "a.py" in lost.value.hint


def test_a_notebook_elsewhere_runs_in_its_folder(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "n.csv").write_text("a\n1\n2\n3\n")
    notebook(folder / "sub" / "a.ipynb", "import pandas as pd\ndef f(t):\n    return t * 2\nf(pd.read_csv('n.csv'))\n")
    document = check_script(os.path.join("sub", "a.ipynb"))
    assert document["script"]["functions"][0]["where"] == "sub/a.ipynb cell 1:2"
    assert not any(one["failed"] for one in document["script"]["notes"])


def test_what_is_a_script(folder: Path) -> None:
    (folder / "a.py").write_text("def f(x): ...")
    (folder / "b.py").write_text("import penstock as ps\n@ps.step\ndef f(x): ...")
    assert is_script("a.py")
    assert not is_script("b.py")
    assert is_script("nowhere.ipynb")
    assert not is_script("features")
    assert not is_script("valohai.yaml")


def test_broken_counter_examples(folder: Path) -> None:
    (folder / "a.py").write_text(LOAD + AHEAD + USE)
    finding = check_script("a.py")["findings"][0]
    kept = kept_findings("a.py")[finding["id"]]
    assert json.loads(kept.read_text())["file"] == "a.py"
    kept.with_suffix(".pickle").write_bytes(b"nonsense")
    with pytest.raises(NotFound, match="can't be read"):
        replay(None, finding["id"])


def test_a_declared_target_is_no_feature(folder: Path) -> None:
    made = LOAD + "def features(trips):\n    return trips.assign(double=trips['fare'] * 2)\nfeatures(trips)\n"
    (folder / "a.py").write_text('# penstock: key="trip", label="fare"\n' + made)
    (folder / "b.py").write_text('# penstock: key="trip", label="fare", target="double"\n' + made)
    assert {one["column"] for one in check_script("a.py", only=["own-label"])["findings"]} == {"double"}
    assert check_script("b.py", only=["own-label"])["findings"] == []


def test_what_is_kept_is_read_by_nobody_else(folder: Path) -> None:
    (folder / "a.py").write_text(LOAD + AHEAD + USE)
    check_script("a.py", only=["as-of"])
    assert (folder / ".penstock" / ".gitignore").read_text() == "*\n"
    assert (folder / ".penstock").stat().st_mode & 0o077 == 0
