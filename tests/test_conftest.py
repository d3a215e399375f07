"""Parts that a machine may lack: skipped with the reason, a failure where PENSTOCK_CI says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
TESTS = """
import pytest

@pytest.mark.needs("absent")
def test_absent(): assert False, "must not run"

@pytest.mark.needs("present")
def test_present(): pass

@pytest.mark.needs("optional")
def test_optional(): assert False, "must not run"
"""


def outcomes(folder: Path, tests: str, **environment: str) -> str:
    parts = 'PARTS.update(absent=lambda: "it is far away", present=lambda: "", optional=lambda: "it is slow")\n'
    (folder / "conftest.py").write_text(CONFTEST.read_text() + parts + 'OPTIONAL.add("optional")\n')
    (folder / "test_parts.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs(part): a part\n")
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-p", "no:xdist", str(folder)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PENSTOCK_", "PYTEST_"))}
    clean["PYTHONPATH"] = str(CONFTEST.parents[1])  # it takes parts of tests from there
    return subprocess.run(command, cwd=folder, env={**clean, **environment}, capture_output=True, text=True).stdout


def test_a_missing_part_is_a_skip_with_its_reason(tmp_path: Path) -> None:
    said = outcomes(tmp_path, TESTS)
    assert "1 passed, 2 skipped" in said
    assert "it is far away" in said


def test_a_missing_part_is_a_failure_in_ci(tmp_path: Path) -> None:
    said = outcomes(tmp_path, TESTS, PENSTOCK_CI="1")
    assert "1 passed, 1 skipped, 1 error" in said
    assert "absent is missing under PENSTOCK_CI: it is far away" in said


def test_an_unknown_part_is_a_failure(tmp_path: Path) -> None:
    said = outcomes(tmp_path, 'import pytest\n@pytest.mark.needs("typo")\ndef test_it(): pass\n')
    assert "1 error" in said
    assert "knows no such part" in said


@pytest.mark.needs("proc")
def test_settings_of_people_do_not_reach_tests(tmp_path: Path) -> None:
    test = "import os\ndef test_it(): assert not {'PENSTOCK_STATE', 'NO_COLOR'} & set(os.environ)\n"
    assert "1 passed" in outcomes(tmp_path, test, PENSTOCK_STATE="/nowhere", NO_COLOR="1")
