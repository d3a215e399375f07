from pathlib import Path
from typing import Any

import msgspec
import pytest

import penstock as ps
from penstock.app.benches import benching, declared_function
from penstock.declare.load import load
from penstock.errors import CodeChanged
from penstock.model.bench import Bench, BenchAnswer, BenchRequest, BenchStep, Pair
from penstock.model.step import Entry
from penstock.model.task import Setting, Task


def task(folder: Path, *steps: BenchStep) -> Task:
    asked = Bench(tuple(steps), BenchRequest((Pair("overlap", "sides"),)))
    return Task(
        "r/check/1", "r", "check", 1, "k", "", Entry("check", data=msgspec.msgpack.encode(asked)), root=str(folder)
    )


def step(name: str, **said: Any) -> BenchStep:
    return BenchStep(name, "step", Entry("file", name=name), **said)


def test_an_answer_is_plain_data(tmp_path: Path) -> None:
    sides = step("sides")
    found = benching(task(tmp_path, sides), lambda _: len, lambda _: None)()
    answer = msgspec.msgpack.decode(found["answer"], type=BenchAnswer)
    assert answer.results[0].verdict == "UNKNOWN"
    assert found["evidence"] == {}


def test_a_file_that_a_parameter_names_must_be_what_it_was(tmp_path: Path) -> None:
    setting = Setting("path", "path", "gone.csv", "blake3:00")
    with pytest.raises(CodeChanged, match=r"gone\.csv"):
        benching(task(tmp_path, step("read", settings=(setting,))), lambda _: len, lambda _: None)


def test_code_must_be_what_the_plan_saw(tmp_path: Path) -> None:
    file = tmp_path / "line.py"
    file.write_text("import penstock as ps\n@ps.step\ndef one():\n    return 1\n")
    loaded = load(file)
    code = loaded.step("one").code
    assert declared_function(loaded, step("one", code=code.digest))() == 1
    with pytest.raises(CodeChanged, match="step `one`"):
        declared_function(loaded, step("one", code="blake3:other"))
    assert ps.__version__
