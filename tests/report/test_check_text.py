from penstock.model.verdict import Finding
from penstock.report.check_text import finding_lines
from penstock.report.check_views import finding_view
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
