import json
from pathlib import Path

import pytest

from penstock.web import starting


def test_it_says_where_the_page_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        starting, "serve", lambda settings, host, port, token, ready: ready(f"http://localhost/?token={token}", 1)
    )
    starting.main(["--json"])
    assert json.loads(capsys.readouterr().out)["port"] == 1
    starting.main([])
    said = capsys.readouterr().out
    assert said.startswith("line is shown at") or "is shown at" in said
    assert "?token=" in said


def test_what_can_t_be_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        starting.main(["--json", "--host", "0.0.0.0"])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["kind"] == "SettingsError"
    assert said.err.startswith("error: ")
