import json
from pathlib import Path

import pytest

from penstock.web import starting


def test_it_says_where_the_page_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    allowed = []

    def serve(settings, host, port, token, ready, allow_run):  # type: ignore[no-untyped-def]
        allowed.append(allow_run)
        ready(f"http://localhost/?token={token}", 1)

    monkeypatch.setattr(starting, "serve", serve)
    starting.main(["--json"])
    assert json.loads(capsys.readouterr().out)["port"] == 1
    starting.main([])
    said = capsys.readouterr().out
    assert said.startswith("line is shown at") or "is shown at" in said
    assert "?token=" in said and "go on" not in said
    starting.main(["--allow-run"])
    assert "runs that were started from it go on" in capsys.readouterr().out
    assert allowed == [False, False, True]


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
