"""Doing a run again: equal where nothing that matters differs, and the reason named where something does."""

import random
import shutil
from pathlib import Path

import pytest

import penstock as ps
from penstock.app.reproducing import Reproduction, reproduce
from penstock.app.settings import find_settings, open_ledger, open_store
from penstock.errors import Corrupt, DeclarationError, NotFound, UnknownName

PIPELINE = """
from pathlib import Path
import random
import penstock as ps
from lib.words import clean

LIMIT = 100

@ps.source
def raw(path: Path = Path("data/raw.txt")) -> list[str]:
    return path.read_text().split()

@ps.source
def folder(path: Path = Path("data/more")) -> list[str]:
    return sorted(one.name for one in path.iterdir())

@ps.step
def words(raw: list, folder: list) -> list[str]:
    return [clean(one) for one in raw + folder][:LIMIT]

@ps.train
def model(words: list, seed: ps.Seed, rate: float = 0.5) -> dict[str, float]:
    return {one: rate * random.Random(f"{seed}{one}").random() for one in words}

@ps.evaluate
def scores(model: dict) -> dict[str, float]:
    return {"sum": sum(model.values())}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "data" / "more").mkdir(parents=True)
    (folder / "lib").mkdir()
    (folder / "line.py").write_text(PIPELINE)
    (folder / "lib" / "__init__.py").write_text("")
    (folder / "lib" / "words.py").write_text("def clean(word):\n    return word.lower()\n")
    (folder / "data" / "raw.txt").write_text("One TWO three " * 30)
    (folder / "data" / "more" / "four").write_text("")
    return folder


def run(project: Path, **options) -> ps.Pipeline:
    return ps.Pipeline.load(project / "line.py").run(executor="inline", **options)


def again(project: Path, which: str = "last", *targets: str, **options) -> Reproduction:
    settings = find_settings(project / "line.py")
    ledger = open_ledger(settings)
    try:
        return reproduce(settings, ledger, open_store(settings), which, targets, **options)
    finally:
        ledger.close()


def verdicts(made: Reproduction) -> dict[str, str]:
    return {one.artifact: one.verdict for one in made.artifacts}


def edit(project: Path, name: str, old: str, new: str) -> None:
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new))


ALL = ("raw", "folder", "words", "model", "scores")


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_equal_digest_by_digest(project: Path, executor: str) -> None:
    run(project)
    made = again(project, executor=executor)
    assert made.status == "equal"
    assert verdicts(made) == dict.fromkeys(ALL, "equal")
    assert (made.given, made.files, made.packages, made.code, made.metrics, made.folder) == ((), (), (), {}, {}, "")
    assert made.machine[0] == made.machine[1]


def test_nothing_of_the_project_changes(project: Path) -> None:
    run(project)
    settings = find_settings(project / "line.py")

    def state():
        ledger = open_ledger(settings)
        try:
            return [row["run"] for row in ledger.runs()], list(ledger.executions())
        finally:
            ledger.close()

    before = state(), sorted(path for path in project.rglob("*") if ".penstock" not in path.parts)
    again(project)
    assert before == (state(), sorted(path for path in project.rglob("*") if ".penstock" not in path.parts))


def test_what_no_step_reaches_does_not_matter(project: Path) -> None:
    run(project)
    edit(project, "line.py", "LIMIT = 100", "# a comment\nUNUSED = 3\n\n\nLIMIT = 100")
    (project / "lib" / "other.py").write_text("x = 1")
    made = again(project)
    assert made.status == "equal"
    assert made.code == {}


def test_the_snapshot_is_done_again_and_not_the_project_as_it_is_now(project: Path) -> None:
    run(project)
    edit(project, "lib/words.py", "lower", "upper")
    edit(project, "line.py", "LIMIT = 100", "LIMIT = 99")
    made = again(project)
    assert made.status == "equal"
    assert {step: {one.what for one in reasons} for step, reasons in made.code.items()} == {
        "words": {"helper `words.clean` changed", "`LIMIT` changed: LIMIT = 100 → LIMIT = 99"}
    }
    changed = next(one for one in made.code["words"] if "clean" in one.what)
    assert (changed.where, changed.kind) == ("lib/words.py:1", "code")
    assert "+    return word.upper()" in changed.diff


def test_sources_that_are_gone_or_broken_now(project: Path) -> None:
    run(project)
    (project / "lib" / "words.py").unlink()
    made = again(project)
    assert made.status == "equal"
    assert "can't be loaded" in made.code[""][0].what
    (project / "line.py").write_text("import penstock as ps\n@ps.step\ndef other():\n    return 1\n")
    assert made.status == "equal"
    assert {step: one[0].what for step, one in again(project).code.items()} == dict.fromkeys(
        ALL, "the step is no longer there"
    )


def test_a_raw_file_that_changed_is_taken_from_the_store(project: Path) -> None:
    run(project)
    (project / "data" / "raw.txt").write_text("other words")
    made = again(project)
    assert made.status == "equal"
    assert verdicts(made) == {**dict.fromkeys(ALL, "equal"), "raw": "given"}
    assert made.given == ("raw",)
    assert [(one.step, one.path, one.parameter, one.gone) for one in made.files] == [
        ("raw", str(project / "data" / "raw.txt"), "path", False)
    ]


def test_raw_files_that_are_gone(project: Path) -> None:
    run(project)
    shutil.rmtree(project / "data")
    made = again(project)
    assert made.status == "equal"
    assert made.given == ("raw", "folder")
    assert all(one.gone for one in made.files)


def test_a_raw_file_that_is_gone_and_what_was_made_of_it_as_well(project: Path) -> None:
    (project / "data" / "raw.txt").write_text(" ".join([str(random.random()) for _ in range(2000)]))
    run(project)
    settings = find_settings(project / "line.py")
    store = open_store(settings)
    for digest in list(store.digests()):
        store.remove(digest)
    (project / "data" / "raw.txt").unlink()
    with pytest.raises(Corrupt, match="is gone, and so is what the step made of it"):
        again(project)
    (project / "data" / "raw.txt").write_text("else")
    made = again(project)  # there is something to read: it says what differs
    assert made.status == "different"
    (raw,) = [one for one in made.artifacts if one.artifact == "raw"]
    assert [one.what for one in raw.reasons] == ["`path` has other content (data/raw.txt)"]


def test_files_that_import_reads_are_a_part_of_the_snapshot(project: Path) -> None:
    edit(project, "line.py", "LIMIT = 100", "LIMIT = int((Path(__file__).parent / 'conf' / 'limit.txt').read_text())")
    (project / "conf").mkdir()
    (project / "conf" / "limit.txt").write_text("7")
    run(project)
    assert again(project).status == "equal"
    (project / "conf" / "limit.txt").write_text("8")
    made = again(project)
    assert (made.status, made.given) == ("equal", ())
    assert list(made.code) == ["words"]
    shutil.rmtree(project / "conf")
    assert again(project).status == "equal"


def test_large_files_that_import_reads_are_read_where_they_lie(project: Path) -> None:
    edit(project, "line.py", "LIMIT = 100", "LIMIT = len((Path(__file__).parent / 'large.txt').read_text())")
    (project / "large.txt").write_text("x" * 1_000_001)
    run(project)
    assert again(project).status == "equal"
    (project / "large.txt").unlink()
    with pytest.raises(DeclarationError, match=r"large\.txt"):
        again(project)


def test_a_file_that_is_read_and_not_declared(project: Path) -> None:
    edit(
        project, "line.py", "    return [clean(one)", "    open(str(LIMIT * 0) + '.txt').read()\n    return [clean(one)"
    )
    (project / "0.txt").write_text("x")
    run(project)
    assert again(project).status == "equal"
    (project / "0.txt").write_text("y")
    made = again(project)
    assert made.status == "equal"
    assert (made.given, made.files[0].parameter) == (("words",), "")


def test_a_file_that_the_code_names(project: Path) -> None:
    edit(
        project,
        "line.py",
        "    return [clean(one)",
        "    limit = int(Path('limit.txt').read_text())\n    return [clean(one)",
    )
    (project / "limit.txt").write_text("7")
    run(project)
    assert verdicts(again(project)) == dict.fromkeys(ALL, "equal")
    (project / "limit.txt").write_text("8")
    made = again(project)
    assert made.given == ("words",)
    assert made.files[0].path.endswith("limit.txt")
    (project / "limit.txt").unlink()
    assert again(project).given == ("words",)


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_sources_outside_of_the_project_are_those_of_then(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    shared = tmp_path / "shared" / "company"
    shared.mkdir(parents=True)
    (shared / "__init__.py").write_text("")
    (shared / "tools.py").write_text("def tidy(word):\n    return word.lower()\n")
    monkeypatch.syspath_prepend(str(tmp_path / "shared"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shared"))
    edit(project, "line.py", "from lib.words import clean", "from company.tools import tidy as clean")
    run(project)
    (shared / "tools.py").write_text("def tidy(word):\n    return word.upper() + '!'\n")
    made = again(project, executor=executor)
    assert (made.status, made.moved) == ("equal", ())
    assert [one.what for one in made.code["words"]] == ["helper `tools.tidy` changed"]


def test_parameters_and_seed_are_those_of_the_run(project: Path) -> None:
    run(project, parameters={"model.rate": 0.25}, seed=7)
    run(project)
    assert again(project, "last~1").status == "equal"
    assert again(project, "last~1").run.seed == 7


def test_parameters_given_as_python_values(project: Path) -> None:
    edit(
        project,
        "line.py",
        "rate: float = 0.5)",
        "rate: float = 0.5, more: dict[str, list[int]] = {}, also: tuple[Path, ...] = ())",
    )
    run(project, parameters={"model.more": {"a": [1, 2]}, "model.also": (Path("data/raw.txt"),), "model.rate": 0.1})
    assert again(project).status == "equal"


def test_a_file_given_by_hand(project: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.txt").write_text("far away")
    run(project, parameters={"raw.path": "../elsewhere.txt"})
    assert again(project).status == "equal"


def test_files_named_among_other_things(project: Path) -> None:
    edit(
        project,
        "line.py",
        "    return sorted(one",
        "    print([one.read_text() for one in also])\n    return sorted(one",
    )
    edit(
        project, "line.py", 'Path("data/more"))', 'Path("data/more"), also: tuple[Path, ...] = (Path("data/raw.txt"),))'
    )
    (project / "data" / "x.txt").write_text("x")
    run(project, parameters={"folder.also": "data/raw.txt,data/x.txt"})
    made = again(project)
    assert made.files == ()
    assert (made.status, made.given) == ("equal", ())
    (project / "data" / "x.txt").write_text("y")
    made = again(project)
    assert (made.status, made.given) == ("equal", ("folder",))
    assert [(one.parameter, one.path) for one in made.files] == [("also", "data/raw.txt, data/x.txt")]
    (project / "data" / "x.txt").unlink()
    assert [(one.parameter, one.gone) for one in again(project).files] == [("also", True)]


def test_a_part_of_it(project: Path) -> None:
    run(project)
    assert set(verdicts(again(project, "last", "words"))) == {"raw", "folder", "words"}
    with pytest.raises(UnknownName, match="wrods"):
        again(project, "last", "wrods")
    run(project, targets=["raw"])
    assert set(verdicts(again(project))) == {"raw"}


def test_what_is_not_deterministic_is_said(project: Path) -> None:
    edit(project, "line.py", 'random.Random(f"{seed}{one}").random()', "random.SystemRandom().random()")
    run(project)
    made = again(project)
    assert made.status == "different"
    assert verdicts(made) == {**dict.fromkeys(ALL, "equal"), "model": "different", "scores": "different"}
    model, scores = made.artifacts[-2:]
    assert "not recorded" in model.reasons[0].what
    assert scores.reasons[0].what == "input `model` has other content"
    assert set(made.metrics) == {"scores.sum"}


def test_figures_are_held_against_each_other_and_decide_nothing(project: Path) -> None:
    edit(
        project,
        "line.py",
        '    return {"sum"',
        "    drawn = \"<svg xmlns='http://www.w3.org/2000/svg'><!-- %s --></svg>\"\n"
        '    ps.figure(drawn % 1, "same")\n    ps.figure(drawn % random.SystemRandom().random(), "other")\n    return {"sum"',
    )
    run(project)
    made = again(project)
    assert made.status == "equal"
    assert {one.artifact: (one.step, one.verdict) for one in made.figures} == {
        "same": ("scores", "equal"),
        "other": ("scores", "different"),
    }


def test_an_environment_that_differs_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(
        project,
        "line.py",
        "    return {one: rate",
        "    import os\n    rate = rate * len(os.environ['ANOTHER'])\n    return {one: rate",
    )
    monkeypatch.setenv("ANOTHER", "a")
    run(project)
    monkeypatch.setenv("ANOTHER", "bb")
    made = again(project)
    assert made.files == ()
    assert verdicts(made)["model"] == "different"
    (model,) = [one for one in made.artifacts if one.artifact == "model"]
    assert "`ANOTHER`" in model.reasons[0].what


def test_steps_that_fail(project: Path) -> None:
    edit(
        project,
        "line.py",
        '    return {"sum"',
        '    if not Path(".ok").exists(): raise ValueError("no")\n    return {"sum"',
    )
    run(project)
    made = again(project)
    assert made.status == "equal"  # it failed then, and failed again
    assert set(verdicts(made)) == set(ALL) - {"scores"}
    assert [one is not None for one in made.failures["scores"]] == [True, True]


def test_a_step_that_did_not_fail_then(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(project, "line.py", '    return {"sum"', '    import os\n    assert os.environ.get("FINE")\n    return {"sum"')
    monkeypatch.setenv("FINE", "1")
    run(project)
    monkeypatch.delenv("FINE")
    made = again(project)
    assert made.status == "failed"
    assert verdicts(made)["scores"] == "missing"
    assert made.failures["scores"][0] is None
    assert made.failures["scores"][1].kind == "AssertionError"


def test_nothing_is_deployed_a_second_time(project: Path, tmp_path: Path) -> None:
    mark = tmp_path / "deployed"
    text = (project / "line.py").read_text()
    text += f"\n@ps.deploy\ndef ship(model: dict) -> int:\n    with open({str(mark)!r}, 'a') as f:\n        f.write('x')\n    return 1\n"
    text += "\n@ps.step\ndef after(ship: int) -> int:\n    return ship\n"
    (project / "line.py").write_text(text)
    run(project)
    made = again(project)
    assert mark.read_text() == "x"
    assert (made.status, made.left) == ("equal", ("after", "ship"))


def test_a_step_that_grew(project: Path) -> None:
    text = (project / "line.py").read_text()
    text += "\ndef longer(word):\n    return word * 2\n\n@ps.step\ndef each(words: list) -> list:\n    return ps.each(words[:3], longer)\n"
    (project / "line.py").write_text(text)
    run(project)
    made = again(project)
    assert made.status == "equal"
    assert verdicts(made)["each"] == "equal"


def test_the_folder_can_be_kept(project: Path) -> None:
    run(project)
    made = again(project, keep=True)
    folder = Path(made.folder)
    assert (folder / "project" / "line.py").read_text() == PIPELINE
    shutil.rmtree(folder)


def test_what_can_not_be_done_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(project)
    with pytest.raises(NotFound):
        again(project, "lsat")
    monkeypatch.chdir(project)

    @ps.step
    def one() -> int:
        return 1

    ps.Pipeline([one], name="composed").run(executor="inline")
    with pytest.raises(NotFound, match="stored no sources"):
        again(project)
