"""Environment variables that a step asks for by computed names."""

import os
from pathlib import Path

import pytest

from penstock.model.digest import digest_variable
from penstock.model.task import ABSENT
from penstock.work.watch import Watch, install

install()


def asking(folder: Path, code: str) -> dict[str, tuple[str, str]]:
    """What a watch notices while code of a user's file runs."""
    with Watch(str(folder)) as watch:
        exec(compile(code, str(folder / "flow.py"), "exec"), {"__name__": "flow", "os": os, "name": "AB" + "CD"})
    return watch.asked.found


@pytest.mark.parametrize(
    "code",
    [
        "os.environ[name]",
        "os.environ.get(name)",
        "os.getenv(name, 'x')",
        "name in os.environ",
        "os.environ.setdefault(name, 'x')",
        "[os.environ.get(one) for one in [name]]",
        "list(os.environ); os.environ[name]",
        "dict(os.environ); os.environ[name]",
    ],
)
def test_what_is_asked_for_is_noticed(tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABCD", "secret")
    assert asking(tmp_path, code)["$ABCD"] == ("flow.py:1", digest_variable("secret"))


def test_what_is_not_there_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABCD", raising=False)
    assert asking(tmp_path, "\nos.environ.get(name)") == {"$ABCD": ("flow.py:2", ABSENT)}
    with pytest.raises(KeyError):
        os.environ["ABCD"]


@pytest.mark.parametrize(
    "code",
    [
        "dict(os.environ)",
        "{**os.environ, 'A': 'b'}",
        "os.environ.copy()",
        "[(one, os.environ[one]) for one in os.environ]",
        "[two for one, two in os.environ.items()]",
        "os.environ['MADE'] = '1'; os.environ['MADE']",
        "os.environ.get('OMP_NUM_THREADS'), os.environ.get('PENSTOCK_STATE')",
        "import tempfile; tempfile.tempdir = None; tempfile.gettempdir()",
        "import os.path; os.path.expanduser('~')",
    ],
)
def test_what_is_gone_through_set_or_asked_by_libraries_is_not(
    tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABCD", "secret")
    monkeypatch.delenv("MADE", raising=False)
    assert asking(tmp_path, code) == {}


def test_nobody_is_told_outside_of_a_step(tmp_path: Path) -> None:
    with Watch(str(tmp_path)) as watch:
        pass
    os.environ.get("ABCD")
    assert watch.asked.found == {}
