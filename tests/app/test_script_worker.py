"""The process of a script: it tells how far it is, its answer, or what a person has to mend, one document a line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from penstock.app.scripts import Wanted

PROGRAM = "import sys; from penstock.app.script_worker import main; main(sys.argv[1], sys.argv[2])"


def told(wanted: Wanted) -> list[dict[str, object]]:
    reading, writing = os.pipe()
    arguments = [msgspec.json.encode(wanted).decode(), str(writing)]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], pass_fds=(writing,), cwd=wanted.home) as process:
        os.close(writing)
        with os.fdopen(reading) as lines:
            found = [json.loads(line) for line in lines]
    assert process.returncode == 0
    return found


def test_an_answer(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import numpy as np\ndef f(x):\n    return x + 1\nf(np.arange(9.0))\nprint('out')\n")
    *says, last = told(Wanted("a.py", str(tmp_path), str(tmp_path / "kept")))
    assert {"say": "running a.py"} in says
    assert "answer" in last


def test_an_error(tmp_path: Path) -> None:
    [last] = [one for one in told(Wanted("b.py", str(tmp_path), str(tmp_path / "kept"))) if "error" in one]
    assert isinstance(last["error"], list)
    assert last["error"][0] == "PipelineNotFound"
