"""Steps in a new process: another hash seed, another clock, and nothing of it left behind."""

import os
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

import penstock as ps
from penstock.app.apart import elsewhere
from penstock.app.replaying import replay
from penstock.checks.circuit import Failed
from penstock.checks.elsewhere import Errand

PIPELINE = """
import datetime, os, time
from datetime import date
import numpy as np
import pandas as pd
import penstock as ps

LOADED = time.time()

@ps.source(key="id", time="at", label="y")
def raw(n: int = 60) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    at = pd.Timestamp("2020-01-01") + pd.to_timedelta(range(n), unit="h")
    return pd.DataFrame({"id": range(n), "at": at, "zone": draw.choice(list("abcdefgh"), n), "x": draw.normal(size=n), "y": draw.normal(size=n)})

@ps.step
def coded(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=raw["zone"].map({one: at for at, one in enumerate(set(raw["zone"]))}))

@ps.step
def hashed(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=[hash(one) % 1009 for one in raw["zone"]])

@ps.step
def of_process(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=os.getpid())

@ps.step
def loaded(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=int(LOADED / 86_400))

@ps.step
def aged(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=(datetime.datetime.now() - raw["at"]).dt.days)

@ps.step
def stamped(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=(pd.Timestamp.now() - raw["at"]).dt.days)

@ps.step
def timed(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=int(time.time() / 86_400))

@ps.step
def dated(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=date.today().year)

@ps.step
def drawn(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=np.random.normal(size=len(raw)))

@ps.step
def steady(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.assign(made=sorted(set(raw["zone"]))[0], twice=raw["x"] * 2)

@ps.step
def late(raw: pd.DataFrame) -> pd.DataFrame:  # which can't be done at another time
    if datetime.datetime.now().year != REAL:
        raise OSError("the certificate has expired")
    return raw.assign(made=1)

@ps.step
def above(aged: pd.DataFrame) -> pd.DataFrame:
    return aged.assign(over=aged["x"] - aged["x"].mean())

@ps.train
def model(steady: pd.DataFrame) -> dict[str, float]:
    return {"when": float(int(time.time() / 86_400)), "mean": float(steady["x"].mean())}
"""


def test_a_pipeline_whose_steps_ask_their_process_and_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.py").write_text(PIPELINE.replace("REAL", str(datetime.now().year)))
    report = ps.Pipeline.load("p.py").check(only=["rerun", "as-of"])
    found = {one.step: one for one in report.findings if one.check == "rerun"}
    worlds = {step: one.world.rpartition(" with ")[2] for step, one in found.items()}
    process = dict.fromkeys(["coded", "hashed", "of_process", "loaded"], "another hash seed")
    clock = dict.fromkeys(["aged", "stamped", "timed", "dated", "model"], "the clock 403 days later")
    assert worlds == {**process, **clock, "drawn": "other seeds of the global generators"}
    assert {one.verdict for one in found.values()} == {"PROVEN"}
    said = {(one.check, one.step): one for one in report.checks}
    assert said["rerun", "steady"].verdict == said["rerun", "late"].verdict == "CLEAN"
    assert "a new process with another hash seed and a later clock" in said["rerun", "steady"].reason
    assert "not the same twice" in said["as-of", "aged"].reason
    for step in ("coded", "aged", "drawn", "model"):
        again = replay("p.py", found[step].id)
        assert again["moved"], step
        assert again["before"] != again["after"]
    mended = (
        (tmp_path / "p.py").read_text().replace('enumerate(set(raw["zone"]))', 'enumerate(sorted(set(raw["zone"])))')
    )
    (tmp_path / "p.py").write_text(mended)
    again = replay("p.py", found["coded"].id)
    assert not again["moved"]
    assert again["reason"] == "it does not move now"


def test_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.app.scripts import check_script

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(
        "import numpy as np\nimport pandas as pd\nfrom datetime import datetime\n\n"
        "def features(trips):\n    return trips.assign(code=[hash(one) % 1009 for one in trips['zone']], age=datetime.now().year - trips['born'])\n\n"
        "features(pd.DataFrame({'id': range(40), 'zone': list('abcd') * 10, 'born': np.arange(40) + 1950}))\n"
    )
    document = check_script("a.py", only=["rerun"])
    found = {one["column"]: one for one in document["findings"]}
    assert set(found) == {"code", "age"}
    assert replay("a.py", found["code"]["id"])["moved"]
    assert replay("a.py", found["age"]["id"])["moved"]


def double(n: int) -> int:
    return n * 2


def test_what_fails_hangs_or_cant_be_carried_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def waiting(n: int) -> None:
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(600)

    def failing(n: int) -> None:
        raise ValueError("never")

    def leaving(n: int) -> None:
        os._exit(3)

    functions: dict[str, Any] = {"double": double, "failing": failing, "waiting": waiting, "leaving": leaving}
    errands = [
        Errand("double", {"n": 4}, 0),
        Errand("failing", {"n": 4}, 0),
        Errand("double2", {"n": (x for x in "a")}, 0),
    ]
    done = elsewhere(functions)([*errands, Errand("waiting", {"n": 4}, 0)], 6.0)
    assert done["double"].made == {"moved": {"double": 8}, "still": {"double": 8}}
    assert isinstance(done["failing"].made["still"], Failed)
    assert set(done) == {"double", "failing"}
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert elsewhere(functions)([Errand("leaving", {"n": 1}, 0)], 60.0) == {}
    assert elsewhere({"open": (x for x in "a").__next__})([errands[0]], 60.0) == {}
    assert [one.name for one in tmp_path.iterdir()] == ["pid"]


def test_the_same_where_a_hash_seed_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def hashed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(code=[hash(one) for one in frame["zone"]])

    errand = Errand("hashed", {"frame": pd.DataFrame({"zone": list("abcdef")})}, 0)
    told = []
    for seed in ("", "20130704", "1"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        told.append(elsewhere({"hashed": hashed})([errand], 60.0)["hashed"].made["still"]["hashed"]["code"].to_numpy())  # type: ignore[index]
    assert (told[0] == told[2]).all()
    assert (told[0] != told[1]).any()
    assert np.unique(told[0]).size == 6
