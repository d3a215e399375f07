"""Which steps have places of their own, and what that does to their closures."""

from pathlib import Path

import pytest

import penstock as ps
from penstock.app import environments, placing
from penstock.app.environments import Lock
from penstock.app.placing import Placing
from penstock.errors import DeclarationError

TEXT = """
import penstock as ps
import helper

@ps.step
def plain(): return helper.one()

@ps.step(env=["iniconfig"])
def placed(): return helper.one()
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ps.Pipeline:
    (tmp_path / "p.py").write_text(TEXT)
    (tmp_path / "helper.py").write_text("def one(): return 1\n")
    (tmp_path / "other.py").write_text("def two(): return 2\n")
    monkeypatch.setattr(environments, "lock", lambda asked, beside, where: Lock("text", "blake3:aa", "3.99.1"))
    return ps.Pipeline.load(tmp_path / "p.py")


def test_a_step_without_a_place_is_as_it_was(own: ps.Pipeline) -> None:
    step = own.graph.steps["plain"]
    assert Placing(own.settings, own._loaded)(step) is step


def test_a_place_and_the_files_of_the_closure_are_in_it(own: ps.Pipeline) -> None:
    step = own.graph.steps["placed"]
    found = Placing(own.settings, own._loaded)(step)
    assert found.code.place == "blake3:aa"
    assert set(found.code.files) == {"p.py", "helper.py"}
    assert found.code.digest != step.code.digest


def test_in_this_process_there_are_no_other_places(own: ps.Pipeline) -> None:
    step = own.graph.steps["placed"]
    assert Placing(ps.Pipeline.load(own.settings.file, executor="inline").settings, own._loaded)(step) is step


def test_a_function_without_a_file_can_t_go_to_another_python(own: ps.Pipeline) -> None:
    @ps.step(env=["iniconfig"])
    def made(): ...

    step = ps.Pipeline([made]).graph.steps["made"]
    with pytest.raises(DeclarationError, match=r"can't go to Python 3\.99\.1"):
        placing.Placing(own.settings, None)(step)
