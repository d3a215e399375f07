"""Programs that steps start, and plug-ins that they find."""

import sys
from pathlib import Path

import pytest

from penstock.declare.programs import plugins, plugins_digest, program_digest, program_files


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


FILES = {
    "tools/__init__.py": "",
    "tools/clean.py": "from .shared import word\nif __name__ == '__main__':\n    import late\n",
    "tools/shared.py": "import os\nimport tools.deep\n",
    "tools/deep/__init__.py": "from . import inner\n",
    "tools/deep/inner.py": "x = 1\n",
    "late.py": "y = 1\n",
    "other.py": "z = 1\n",
    "run.sh": "echo 1\n",
}


def test_all_that_a_program_imports_is_found(tmp_path: Path) -> None:
    put(tmp_path, FILES)
    found = [str(one.relative_to(tmp_path)) for one in program_files(tmp_path / "tools/clean.py", tmp_path)]
    assert found == sorted(set(FILES) - {"other.py", "run.sh"})
    assert program_files(tmp_path / "run.sh", tmp_path) == [tmp_path / "run.sh"]


@pytest.mark.parametrize(
    ("file", "text", "same"),
    [
        ("tools/shared.py", "import os  # of the system\n\n\nimport tools.deep\n", True),
        ("other.py", "z = 2\n", True),
        ("tools/deep/inner.py", "x = 2\n", False),
        ("late.py", "y = 2\n", False),
        ("late.py", "y = (", False),
    ],
)
def test_its_digest_is_that_of_all_of_it(tmp_path: Path, file: str, text: str, same: bool) -> None:
    put(tmp_path, FILES)
    before = program_digest(tmp_path / "tools/clean.py", tmp_path)
    put(tmp_path, {file: text})
    assert (program_digest(tmp_path / "tools/clean.py", tmp_path) == before) is same


def test_plugins_are_those_of_their_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    about = {"first-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: first\nVersion: 1.0\n"}
    put(tmp_path, {**about, "first-1.0.dist-info/entry_points.txt": "[shop.rules]\na = shop:rule\nb = shop\n"})
    assert [one[1:] for one in plugins("shop.rules")] == [
        ("a", "shop", "rule", "first 1.0"),
        ("b", "shop", "", "first 1.0"),
    ]
    assert len(plugins("")) > len(plugins("shop.rules"))
    before = plugins_digest("shop.rules")
    assert plugins_digest("shop.others") != before
    put(tmp_path, {"first-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: first\nVersion: 1.1\n"})
    assert plugins_digest("shop.rules") != before
