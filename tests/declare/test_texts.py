"""Names and programs that texts speak of."""

import pytest

from penstock.declare.texts import named_in, programs_in, programs_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a > @LOW and a < @HIGH", ["?=a", "?=and", "?HIGH", "?LOW"]),
        ("y ~ log(x) + C(kind)", ["?=kind", "?=x", "?=y", "?C", "?log"]),
        ("", []),
        ("1 + 2", []),
    ],
)
def test_names_are_told_by_how_they_stand(text: str, names: list[str]) -> None:
    assert named_in([text]) == names


@pytest.mark.parametrize(
    ("text", "programs"),
    [
        ("scripts/plain.py", ["!run:scripts/plain.py"]),
        ("bash run.sh x.csv", ["!run:run.sh"]),
        ("python -m tools.clean", ["!run:-m tools.clean"]),
        ("python3 -u tools/x.py && sh y.sh", ["!run:tools/x.py", "!run:y.sh"]),
        ("edit pipeline.py, please", []),
        ("data/rows.csv", []),
        ("a" * 2000 + ".py", []),
        ("", []),
    ],
)
def test_programs_are_whole_paths_or_in_command_lines(text: str, programs: list[str]) -> None:
    assert programs_in(text) == programs


def test_a_module_follows_its_flag() -> None:
    assert programs_of(["python", "-m", "tools.clean", "-m", None]) == ["!run:-m tools.clean"]
    assert programs_of([]) == []
