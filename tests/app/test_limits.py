"""Settings made into a gate; and steps that ask for what there is not."""

import dataclasses

import msgspec
import pytest
from tests.strategies import make_step

import penstock as ps
from penstock.app.limits import check_limits, gated
from penstock.app.settings import Settings
from penstock.errors import SettingsError
from penstock.executors.gated import Gated
from penstock.ledger.sqlite import SqliteLedger
from penstock.run.leases import Leases


@dataclasses.dataclass
class Fake:
    name: str = "fake"
    workers: int = 4


def step(name="fit", **limits):
    made = make_step(name)
    return msgspec.structs.replace(made, options=msgspec.structs.replace(made.options, limits=limits), where="p.py:3")


@pytest.fixture
def leases(tmp_path):
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        yield Leases(ledger, "r")


def settings(tmp_path, **said):
    return Settings(tmp_path, None, tmp_path, "p", **said)


def test_every_limit_needs_a_total():
    check_limits([step(), step(gpu=1), step(gpu=2, db=1)], {"gpu": 2, "db": 1, "other": 0})
    with pytest.raises(SettingsError, match="step `fit` needs 1 of the limit `gpu`, and no setting") as error:
        check_limits([step(gpu=1)], {})
    assert "`gpu = 1` under [tool.penstock.limits]" in error.value.hint
    assert error.value.where == "p.py:3"
    with pytest.raises(SettingsError) as error:
        check_limits([step(gup=1)], {"gpu": 1})
    assert error.value.hint == "Did you mean `gpu`?"
    with pytest.raises(SettingsError, match="needs 2 of the limit `gpu`, and there are 1: it could never run"):
        check_limits([step(gpu=2)], {"gpu": 1})


def test_nothing_stands_before_an_executor_without_need(tmp_path, leases):
    executor = Fake()
    assert gated(executor, [step()], settings(tmp_path), leases, 0) is executor
    for steps, most in (([step()], 2), ([step(gpu=1)], 0)):
        made = gated(executor, steps, settings(tmp_path, limits={"gpu": 1}), leases, most)
        assert isinstance(made, Gated)
        assert (made.name, made.workers) == ("fake", 4)


@pytest.mark.parametrize(
    ("limits", "max_parallel", "most"),
    [({}, 9, 9), ({}, 1, 1), ({"gpu": 1}, 0, 4), ({"gpu": 1}, 9, 4), ({"gpu": 1}, 2, 2)],
)
def test_with_limits_no_more_is_handed_on_than_can_run(tmp_path, leases, limits, max_parallel, most):
    made = gated(Fake(), [step(**limits)], settings(tmp_path, limits={"gpu": 1}), leases, max_parallel)
    assert made._most == most


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_from_python(tmp_path, executor):
    """Runs behind a gate give what they give without one."""
    (tmp_path / "p.py").write_text(
        "import penstock as ps\n\ndef double(item):\n    return 2 * item\n\n"
        "@ps.step(limits={'gpu': 1})\ndef parts():\n    return ps.each([1, 2, 3], double)\n\n"
        "@ps.step(limits={'gpu': 2}, isolation='fresh')\ndef total(parts):\n    return sum(parts)\n"
    )
    pipeline = ps.Pipeline.load(tmp_path / "p.py", executor=executor, limits={"gpu": 2})
    run = pipeline.run(max_parallel=1, workers=2)
    run.raise_if_failed()
    assert run["total"] == 12
    with pytest.raises(SettingsError, match="no setting says how much"):
        ps.Pipeline.load(tmp_path / "p.py").run(force=["total"])
