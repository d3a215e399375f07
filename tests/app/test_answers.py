from pathlib import Path

from penstock.app.answers import Answers


def test_answers_are_found_by_all_of_their_question(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "rows")
    key = answers.key("accounts", "a", "bc")
    assert answers.get(key) is None
    answers.put(key, b"yes")
    assert Answers(tmp_path / "rows").get(key) == b"yes"
    assert answers.get(answers.key("accounts", "ab", "c")) is None
    answers.put(key, b"no")
    assert answers.get(key) == b"no"


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("a file")
    answers = Answers(tmp_path / "rows")
    answers.put(answers.key("q"), b"a")
    assert answers.get(answers.key("q")) is None
