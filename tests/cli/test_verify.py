"""`penstock verify` says what was damaged, and the next run makes it again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


@pytest.fixture
def large(call: Call, edit: Callable[[str, str], None], project: Path) -> list[Path]:
    """A run whose blobs these are."""
    edit("return [int(one) for one in path.read_text().split()][:n]", "return list(range(30_000))")
    assert call("run").code == 0
    return sorted(path for path in (project / ".penstock" / "store" / "blobs").rglob("*") if path.is_file())


def test_all_is_good(call: Call, large: list[Path]) -> None:
    done = call("verify")
    assert done.code == 0
    assert "✓ ledger and 2 blobs" in done.out
    document = valid(call("verify", "--json"), "verify")
    assert document["ok"]
    assert document["blobs"]["count"] == 2


def test_damage_is_told_by_artifact_step_and_run(call: Call, large: list[Path]) -> None:
    large[0].chmod(0o600)
    large[0].write_bytes(b"damaged")
    large[1].unlink()
    run = call("runs", "--json").json["runs"][0]["run"]
    left = call("verify", "--no-repair")
    assert left.code == 1
    assert "Nothing was changed. Mend it with: penstock verify" in left.out
    assert large[0].exists()
    document = valid(call("verify", "--no-repair", "--json"), "verify")
    assert {one["state"] for one in document["damaged"]} == {"damaged", "missing"}
    done = call("verify")
    assert done.code == 1
    assert f"rows of run {run} (line)" in done.out
    assert f"doubled of run {run} (line)" in done.out
    assert "the next run makes it again" in done.out
    assert "The next penstock run makes again" in done.out
    assert call("verify").code == 0
    steps = {one["step"]: one["status"] for one in call("run", "--json").json["steps"]}
    assert steps["rows"] == steps["doubled"] == "succeeded"
    assert steps["model"] == "reused"


def test_nothing_has_run_yet(call: Call) -> None:
    done = call("verify", "--json")
    assert done.code == 2
    assert valid(done, "error")["error"]["kind"] == "NotFound"


def test_much_damage_is_not_told_one_by_one(call: Call, large: list[Path], project: Path) -> None:
    for number in range(60):
        name = f"{number:064x}"
        path = project / ".penstock" / "store" / "blobs" / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not this")
    text = call("verify", "--no-repair").out
    assert "and 20 more" in text
    assert "60 things damaged" in text
    assert len(valid(call("verify", "--json"), "verify")["damaged"]) == 60
