from html.parser import HTMLParser
from pathlib import Path

from penstock.app.pipeline import Pipeline
from penstock.report.notebook_html import graph_fragment

LINE = """
import penstock as ps

@ps.source(key="id")
def rows() -> list[dict]:
    return [{"id": 1}]

@ps.train
def model(rows, rate: float = 0.5):
    if rate < 0:
        raise ValueError("<b>no</b>")
    return rate

@ps.evaluate
def scores(model) -> dict[str, float]:
    return {"mae": model}
"""


class Whole(HTMLParser):
    """Every tag is closed, nothing runs, and nothing is fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "object", "base")
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "href") or (value or "").startswith(("#", "data:")), value
        if tag not in ("br", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_pipeline_and_its_runs(tmp_path: Path) -> None:
    (tmp_path / "line.py").write_text(LINE)
    pipeline = Pipeline.load(tmp_path / "line.py", executor="inline", checks="off")
    said = pipeline._repr_html_()
    Whole(said)
    assert "<svg" in said and ">scores<" in said and "k-source" in said
    run = pipeline.run(name="best")
    said = run._repr_html_()
    Whole(said)
    assert "succeeded" in said and "scores.mae" in said and "s-succeeded" in said and "best" in said
    failed = pipeline.run(parameters={"model.rate": "-1"})
    said = failed._repr_html_()
    Whole(said)
    assert "&lt;b&gt;no&lt;/b&gt;" in said and "<b>no</b>" not in said
    run.close()
    failed.close()


def test_the_style_reaches_nothing_else() -> None:
    said = graph_fragment("p", {}, [])
    style = said.partition("<style>")[2].partition("</style>")[0]
    assert style.startswith(".penstock-shown {") and style.rstrip().endswith("}")
    assert "body" not in style and ":root" not in style
    assert "no steps" in said


def test_a_large_graph_is_not_drawn() -> None:
    said = graph_fragment("p", {f"s{at}": {"kind": "step"} for at in range(500)}, [])
    assert "<svg" not in said and "500 steps" in said and "penstock ui" in said
