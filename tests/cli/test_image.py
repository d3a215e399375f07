"""`penstock image build`."""

from collections.abc import Callable

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


def test_without_an_engine(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.executors.engines.shutil.which", lambda *_, **__: None)
    done = call("image", "build")
    assert done.code == 2
    assert "podman" in done.err


@pytest.mark.needs("podman", "uv")
@pytest.mark.timeout(300)
def test_it_names_what_it_made(call: Call) -> None:
    first = call("image", "build")
    assert first.code == 0
    assert "localhost/penstock:" in first.out
    assert call("image", "build").out == first.out
    document = valid(call("image", "build", "--json"), "image")
    assert document["image"] in first.out
    assert any(one.startswith("msgspec==") for one in document["packages"])
