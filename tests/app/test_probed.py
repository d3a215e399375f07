"""A report as a notebook shows it: escaped, self-contained, and styling nothing but itself."""

import re

import pandas as pd

import penstock as ps
from penstock.app.probed import ProbeReport

ROWS = pd.DataFrame(
    {"id": [f"<script>{n}</script>" for n in range(60)], "at": range(60), "x": [n * n % 7 for n in range(60)]}
)


def ahead(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{"<b>next</b>": rows["x"].shift(-1)})


def test_a_report_shows_itself() -> None:
    report = ps.probe(ahead, {"rows": ROWS}, key="id", time="at")
    assert isinstance(report, ProbeReport)
    page = report._repr_html_()
    assert "PROVEN" in page
    assert "&lt;b&gt;next&lt;/b&gt;" in page
    assert "<script" not in page
    assert "<b>next" not in page
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?!#)", page)
    style = page[page.index("<style>") : page.index("</style>")]
    assert style.partition(">")[2].startswith(".penstock-check {")
    assert ":root" not in style
