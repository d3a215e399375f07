from tests.report.leaks import document

from penstock.report.check_html import check_fragment, check_page


def test_the_page_draws_the_graph_and_the_counter_example() -> None:
    page = check_page(document(), edges=[("clean", "features")], kinds={"clean": "step", "features": "step"})
    assert "<svg" in page
    assert 'href="#finding-0123abcd"' in page
    assert 'id="finding-0123abcd"' in page
    assert "features.delay &lt;b&gt;" in page
    assert "<del>1</del>" in page and "<ins>2</ins>" in page
    assert "<del>1.5</del>" in page and "<ins>missing</ins>" in page
    assert "v-PROVEN" in page
    assert "Waived: " in page
    assert "Did you mean `as-of`?" in page
    assert "\x1b" not in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_a_fragment_for_notebooks() -> None:
    told = check_fragment(document())
    assert told.startswith("<div")
    assert "<html" not in told
    assert "penstock replay 0123abcd" in told


def test_where_nothing_was_found_there_are_no_empty_parts() -> None:
    page = check_page({"run": "r", "pipeline": "p", "verdict": "CLEAN", "findings": [], "checks": []})
    assert "Findings" not in page
    assert "Waivers" not in page


def test_a_script_says_what_is_known_of_its_rows() -> None:
    checked = document()
    said = {
        "function": "f",
        "table": "t",
        "option": "time",
        "value": "<i>",
        "how": "inferred",
        "why": "so",
        "sure": False,
    }
    function = {"function": "g", "where": "", "calls": 1, "rows": 2, "asked": False, "why": "it takes a model"}
    note = {"text": "cell 2 failed", "where": "a.ipynb cell 2:1", "hint": "Mend it.", "failed": True}
    checked["run"] = ""
    checked["script"] = {
        "file": "a.ipynb",
        "seconds": 1.0,
        "functions": [function],
        "said": [said],
        "notes": [note],
        "edges": [],
    }  # type: ignore[typeddict-item,list-item]
    page = check_page(checked)
    assert "time=&lt;i&gt;" in page and "not sure" in page
    assert "was not asked: it takes a model" in page
    assert "cell 2 failed" in page
    assert "run </span>" not in page
