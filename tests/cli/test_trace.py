"""`penstock trace`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Done, valid
from tests.trace.pipelines import FLIGHTS

Call = Callable[..., Done]


def pipeline(project: Path) -> None:
    (project / "line.py").write_text(FLIGHTS, encoding="utf-8")


def test_a_row(project: Path, call: Call) -> None:
    pipeline(project)
    assert call("run").code == 0
    found = valid(call("trace", "UA/45", "--json"), "trace")
    assert (found["key"], found["source"], found["side"], found["dropped_at"]) == ("UA/45", "flights", "test", "")
    assert found["prediction"]["label"] == 6.0
    assert found["prediction"]["model"].startswith("blake3:")
    assert found["asked"] == "2013-07-02T21:00:00"
    text = call("trace", "UA/45").out
    assert text.startswith("UA/45  a row of flights")
    assert valid(call("trace", "N3", "--source", "planes", "--json"), "error")["error"]["kind"] == "ContractError"


def test_the_pipeline_is_not_imported(project: Path, call: Call, process: Call) -> None:
    pipeline(project)
    assert call("run").code == 0
    (project / "line.py").write_text(FLIGHTS + "\nraise SystemExit(9)\n", encoding="utf-8")
    assert process("trace", "UA/45").code == 0
    assert process("dropped", "flights").code == 0


def test_an_earlier_run(project: Path, call: Call, edit: Callable[[str, str], None]) -> None:
    pipeline(project)
    first = call("run", "--json").json["run"]
    edit(">= 50", ">= 120")
    assert call("run").code == 0
    assert call("trace", "AA/10", "--json").json["dropped_at"] == "clean"
    assert call("trace", "AA/10", "--run", first, "--json").json["dropped_at"] == ""
    assert call("trace", "AA/10", "--run", "last~1", "--json").json["run"] == first


def test_a_page(project: Path, call: Call) -> None:
    pipeline(project)
    call("run")
    done = call("trace", "UA/15", "--html", "row.html")
    assert done.code == 0
    assert "written to row.html" in done.err
    assert "UA/15" in (project / "row.html").read_text(encoding="utf-8")


def test_candidates_and_close_matches(project: Path, call: Call) -> None:
    pipeline(project)
    call("run")
    part = call("trace", "UA/4", "--json")
    assert part.code == 2
    assert "UA/41" in valid(part, "error")["error"]["hint"]
    assert "Did you mean" in call("trace", "UA/4O").err


def test_nothing_has_run(project: Path, call: Call) -> None:
    assert call("trace", "UA/45").code == 2


def test_it_is_quick_to_import() -> None:
    import subprocess

    script = "import sys, penstock.cli.trace, penstock.cli.runs; print([m for m in ('numpy', 'pyarrow', 'pandas', 'polars') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert json.loads(done.stdout.replace("'", '"')) == []


def test_options_that_say_two_things_are_refused(project: Path, call: Call) -> None:
    """None of them is passed over in silence."""
    pipeline(project)
    call("run")
    for options, said in (
        (["--cell", "clean.delay", "--forward"], "ask for one of them"),
        (["--cell", "clean.delay", "--html", "page.html"], "--html is for the way of a row"),
        (["--forward", "--html", "page.html"], "leave out --forward"),
        (["--forward", "--all"], "--all is for the way of a row"),
        (["--budget", "3"], "it needs --cell"),
    ):
        done = call("trace", "UA/45", *options)
        assert done.code == 2 and said in done.err
        assert not (project / "page.html").exists()


def test_a_cell_that_is_none(project: Path, call: Call) -> None:
    pipeline(project)
    call("run")
    assert "`clean`" in call("trace", "UA/45", "--cell", "claen.m").err
    assert "The artifacts with rows are flights, planes, clean" in call("trace", "UA/45", "--cell", "brm.m").err
    assert "as in `clean.carrier`" in call("trace", "UA/45", "--cell", "clean").err
