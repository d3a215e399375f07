"""Steps of the contract: functions that travel by value, as tasks."""

import pickle
import subprocess
import sys
from pathlib import Path

from penstock.testing.steps import Steps


def test_tasks_have_names_of_their_own(tmp_path: Path) -> None:
    steps = Steps(tmp_path)
    first, second = steps.task("one"), steps.task("one", timeout=3)
    assert first.id != second.id
    assert first.log != second.log
    assert second.timeout == 3
    assert steps.task("increased", None, {"x": 1}).settings[0].name == "x"


def test_functions_travel_to_a_process_that_can_not_import_them(tmp_path: Path) -> None:
    data = Steps(tmp_path).task("increased").entry.data
    assert pickle.loads(data)(2, by=3) == 5
    file = tmp_path / "function"
    file.write_bytes(data)
    code = "import pickle, sys; print(pickle.loads(open(sys.argv[1], 'rb').read())(2), 'pytest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "False"]
