"""The process of a script: it tells how far it is, its answer, or what a person has to mend, one document a line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from penstock.app.scripts import Wanted

PROGRAM = "import sys; from penstock.app.script_worker import main; main(*sys.argv[1:])"


def told(wanted: Wanted) -> list[dict[str, object]]:
    reading, writing = os.pipe()
    lives, alive = os.pipe()
    arguments = [msgspec.json.encode(wanted).decode(), str(writing), str(lives)]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, pass_fds=(writing, lives), cwd=wanted.home, start_new_session=True) as process:
        os.close(writing)
        os.close(lives)
        with os.fdopen(reading) as lines:
            found = [json.loads(line) for line in lines]
    os.close(alive)
    assert process.returncode == 0
    return found


def test_an_answer(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import numpy as np\ndef f(x):\n    return x + 1\nf(np.arange(9.0))\nprint('out')\n")
    *says, last = told(Wanted("a.py", str(tmp_path), str(tmp_path / "kept")))
    assert "running a.py" in [one["say"] for one in says]
    assert "answer" in last


def test_an_error(tmp_path: Path) -> None:
    [last] = [one for one in told(Wanted("b.py", str(tmp_path), str(tmp_path / "kept"))) if "error" in one]
    assert isinstance(last["error"], list)
    assert last["error"][0] == "PipelineNotFound"
