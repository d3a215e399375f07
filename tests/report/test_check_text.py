from tests.report.leaks import CHECKED, document

from penstock.model.verdict import Finding
from penstock.report.check_text import brief_lines, checked_lines, cost_line, finding_lines, replay_lines, waiver_lines
from penstock.report.check_views import checked_view, checks_view, finding_view
from penstock.report.paint import plain


def test_a_finding_in_lines() -> None:
    proven = Finding(
        "rows", "PROVEN", "joined", world="2 rows\x1b[31m became several", where="line.py:7", hint="Make them unique.",
        replay="penstock trace k --run r",
    )  # fmt: skip
    said = [plain(line).rstrip() for line in finding_lines([finding_view(proven)])]
    assert said == [
        "",
        "  PROVEN rows  joined  2 rows\\x1b[31m became several",
        "    line.py:7",
        "    Make them unique.",
        "    penstock trace k --run r",
    ]


def test_what_is_not_there_takes_no_line() -> None:
    assert len(finding_lines([finding_view(Finding("order", "SUSPECT", "sides", world="x"))])) == 2
    assert finding_lines([]) == []


def text(lines) -> str:
    return "\n".join([plain(line).rstrip() for line in lines])


def test_all_that_was_checked() -> None:
    said = text(checked_lines(document(), "flights"))
    assert said.startswith("✗ flights  1 PROVEN · 1 clean · 2 unknown\n")
    assert "    when rows.y of UA/4  1 → 2\n    then features.delay <b> of UA/3  1.5 → missing\n" in said
    assert "    waived: twins" in said
    assert "            as-of  alone  overlap\n  features  ✗      ?" in said
    assert "  ? alone  clean: declare key=" in said
    assert "  waiver as-off  clean  unknown: why  line.py:3\n    Did you mean `as-of`?" in said
    assert said.endswith("  quick checks took 1.2 s of 2.0 s, 1 of 5 known before; 1 check left: penstock check")
    assert "\x1b" not in said


def test_a_narrow_screen_has_a_line_for_each_check() -> None:
    said = text(checked_lines(document(), "flights", 24))
    assert "  as-of       ✗ features ✓ clean" in said


def test_closing_words_on_a_run() -> None:
    said = text(brief_lines(checked_view(CHECKED), [("publish", "blocked by finding 0123abcd")]))
    assert "PROVEN as-of  features" in said
    assert "⊘ publish  not begun: blocked by finding 0123abcd" in said
    assert "waiver as-off" in said
    assert "waiver overlap" not in said
    assert said.endswith("  checks  1 clean · 2 unknown  quick, 1.2 s, 1 left for penstock check")
    assert brief_lines(checks_view([], [])) == []
    assert cost_line(checks_view([], [])) == []
    assert waiver_lines([]) == []


def test_nothing_to_check() -> None:
    assert "no source declares key=, time= or label=" in text(checked_lines(checks_view([], []), "flights"))


def test_a_finding_that_was_done_again() -> None:
    finding = document()["findings"][0]
    still = {"finding": finding, "run": "r", "moved": True, "before": 1.5, "after": 2.5, "reason": ""}
    assert "as-of  features  it still moves" in text(replay_lines(still))
    mended = text(replay_lines({**still, "moved": False}))
    assert "it no longer moves" in mended
    assert "Use closed" not in mended
    assert "it no longer moves: gone" in text(replay_lines({**still, "moved": False, "reason": "gone"}))
