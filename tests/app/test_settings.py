"""Finding a pipeline and its settings, and what is said when that fails."""

from pathlib import Path

import pytest

from penstock.app.settings import cache_folder, find_settings, open_ledger, reading_ledger, unbound_settings
from penstock.errors import NotFound, PipelineNotFound, SettingsError

PIPELINE = "import penstock as ps\n\n@ps.step\ndef a(): return 1\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("STATE", "EXECUTOR", "WORKERS", "SEED", "LIMITS", "MAX_PARALLEL"):
        monkeypatch.delenv(f"PENSTOCK_{name}", raising=False)


def test_a_folder_is_no_pipeline(tmp_path):
    (tmp_path / "sub").mkdir()
    with pytest.raises(PipelineNotFound, match="sub is a folder") as error:
        find_settings("sub", folder=tmp_path)
    assert error.value.hint == "It holds no pipeline."
    (tmp_path / "sub" / "flights.py").write_text(PIPELINE)
    with pytest.raises(PipelineNotFound) as error:
        find_settings("sub", folder=tmp_path)
    assert "-f sub/flights.py" in error.value.hint


def test_a_file_that_can_not_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "flights.py").mkdir()
    with pytest.raises(PipelineNotFound, match=r"flights\.py can't be read"):
        find_settings(folder=tmp_path)


def test_a_misspelt_variable_is_no_setting_that_nobody_sees(tmp_path, monkeypatch):
    (tmp_path / "flights.py").write_text(PIPELINE)
    monkeypatch.setenv("PENSTOCK_SOMETHING_ELSE", "1")
    find_settings()
    monkeypatch.setenv("PENSTOCK_WORKER", "1")
    with pytest.raises(SettingsError, match="PENSTOCK_WORKER ") as error:
        find_settings()
    assert "PENSTOCK_WORKERS" in error.value.hint


def test_the_state_folder_is_kept_out_of_version_control_and_to_oneself(tmp_path):
    (tmp_path / "flights.py").write_text(PIPELINE)
    settings = find_settings()
    assert cache_folder(settings).parent == settings.state
    assert (settings.state / ".gitignore").read_text() == "*\n"
    assert settings.state.stat().st_mode & 0o777 == 0o700


def test_a_look_needs_no_state(tmp_path):
    (tmp_path / "flights.py").write_text(PIPELINE)
    (tmp_path / ".penstock").write_text("in the way")
    with reading_ledger(find_settings()) as ledger:
        assert list(ledger.runs(10)) == []


def test_the_one_pipeline_in_this_folder(tmp_path):
    (tmp_path / "flights.py").write_text(PIPELINE)
    (tmp_path / "helpers.py").write_text("def f(): return 1\n")
    (tmp_path / "notebook_tools.py").write_text("import penstock as ps\nprint(ps.__version__)\n")
    found = find_settings()
    assert found.file == tmp_path / "flights.py"
    assert (found.pipeline, found.root, found.state) == ("flights", tmp_path, tmp_path / ".penstock")


@pytest.mark.parametrize(
    "source",
    [
        "import penstock as ps\n@ps.deploy\ndef a(): ...\n",
        "import numpy as np, penstock as ps\n@ps.step\ndef a(): ...\n",
        "import penstock\n@penstock.split\ndef a(): ...\n",
        "import penstock as pipes\n@pipes.step\ndef a(): ...\n",
        "import penstock as ps\nkind = ps.step\n",
        "from penstock import evaluate, metric\n@evaluate\ndef a(): ...\n",
        "from penstock import (\n    metric,\n    step as s,\n)\n@s\ndef a(): ...\n",
        "if True:\n    import penstock as ps\np = ps.Pipeline([])\n",
    ],
)
def test_however_penstock_is_imported(tmp_path, source):
    (tmp_path / "p.py").write_text(source)
    assert find_settings().file == tmp_path / "p.py"


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\n# import penstock as ps\n@ps.step\ndef a(): ...\n",
        "import penstock as ps\ndef log(x): ps.metric('x', x)\n",
        "from penstock import metric\nstep = 1\n",
        "import penstock_tools as ps\n@ps.step\ndef a(): ...\n",
    ],
)
def test_what_declares_nothing_is_no_pipeline(tmp_path, source):
    (tmp_path / "p.py").write_text(source)
    with pytest.raises(PipelineNotFound):
        find_settings()


def test_none_and_two_say_what_to_do(tmp_path):
    with pytest.raises(PipelineNotFound, match="no pipeline") as error:
        find_settings()
    assert "penstock init" in error.value.hint
    (tmp_path / "a.py").write_text(PIPELINE)
    (tmp_path / "b.py").write_text(PIPELINE)
    with pytest.raises(PipelineNotFound, match=r"2 pipelines here: a\.py, b\.py") as error:
        find_settings()
    assert "-f a.py" in error.value.hint


def test_a_misspelt_file_gets_close_matches(tmp_path):
    (tmp_path / "flights.py").write_text(PIPELINE)
    with pytest.raises(PipelineNotFound) as error:
        find_settings("fligths.py")
    assert "`flights.py`" in error.value.hint


def test_pyproject_names_the_pipeline_from_any_folder_below(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[tool.penstock]\npipeline = "pipelines/p.py"\nworkers = 3\n')
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/p.py").write_text(PIPELINE)
    (tmp_path / "deep/er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep/er")
    found = find_settings()
    assert found.file == tmp_path / "pipelines/p.py"
    assert found.state == tmp_path / "pipelines/.penstock"
    assert found.workers == 3


def test_keywords_beat_the_environment_beats_the_file(tmp_path, monkeypatch):
    (tmp_path / "p.py").write_text(PIPELINE)
    (tmp_path / "pyproject.toml").write_text('[tool.penstock]\nseed = 1\nworkers = 1\nexecutor = "inline"\n')
    monkeypatch.setenv("PENSTOCK_SEED", "2")
    monkeypatch.setenv("PENSTOCK_WORKERS", "2")
    found = find_settings("p.py", seed=3)
    assert (found.seed, found.workers, found.executor) == (3, 2, "inline")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('sede = "x"', "no setting `sede`"),
        ('seed = "x"', "seed = 'x'"),
        ("seed = ", "not valid TOML"),
        ("workers = -1", "fewer than none"),
        ("max_parallel = -1", "fewer than none"),
        ("workers = 1.9", "workers = 1.9 is not a whole number"),
        ("workers = inf", "workers = inf is not a whole number"),
        ("slow = -1", "fewer than none"),
        ("silent = nan", "fewer than none"),
        ("silent = 'x'", "silent = 'x' is not a number"),
        ("limits = 3", "names no limits"),
        ('limits = {gpu = "many"}', "gpu = 'many' is not a whole number"),
        ("limits = {gpu = true}", "not a whole number"),
        ("limits = {gpu = -1}", "not a whole number"),
        ('checks = "fll"', "checks='fll' is not known"),
        ('pipeline = "nowhere.py"', "which is not there"),
    ],
)
def test_malformed_settings_are_named(tmp_path, monkeypatch, said, words):
    monkeypatch.delenv("PENSTOCK_CHECKS", raising=False)  # it would come before the file's own
    (tmp_path / "p.py").write_text(PIPELINE)
    (tmp_path / "pyproject.toml").write_text(f"[tool.penstock]\n{said}\n")
    with pytest.raises((SettingsError, PipelineNotFound), match=words):
        find_settings(None if "pipeline" in said else "p.py")


def test_limits_are_said_as_a_table_or_as_text(tmp_path, monkeypatch):
    (tmp_path / "p.py").write_text(PIPELINE)
    assert find_settings("p.py").limits == {}
    (tmp_path / "pyproject.toml").write_text(
        "[tool.penstock]\nmax_parallel = 3\n[tool.penstock.limits]\ngpu = 2\ndb = 4\n"
    )
    found = find_settings("p.py")
    assert (found.max_parallel, found.limits) == (3, {"gpu": 2, "db": 4})
    monkeypatch.setenv("PENSTOCK_LIMITS", "gpu=1, licences = 7,")
    assert find_settings("p.py").limits == {"gpu": 1, "licences": 7}
    assert find_settings("p.py", limits={"gpu": 0}).limits == {"gpu": 0}
    monkeypatch.setenv("PENSTOCK_LIMITS", "gpu")
    with pytest.raises(SettingsError, match="PENSTOCK_LIMITS: gpu = ''"):
        find_settings("p.py")


def test_state_may_lie_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/p.py").write_text(PIPELINE)
    assert find_settings("sub/p.py").state == tmp_path / "sub/.penstock"
    monkeypatch.setenv("PENSTOCK_STATE", "elsewhere")
    assert find_settings("sub/p.py").state == tmp_path / "elsewhere"
    assert find_settings("sub/p.py", state=tmp_path / "x").state == tmp_path / "x"


def test_reading_before_anything_ran_says_so(tmp_path):
    (tmp_path / "p.py").write_text(PIPELINE)
    with pytest.raises(NotFound, match="nothing has run here yet"):
        open_ledger(find_settings())
    assert not (tmp_path / ".penstock").exists()


def test_a_composed_pipeline_keeps_its_state_here(tmp_path):
    found = unbound_settings("mine")
    assert (found.pipeline, found.file, found.state) == ("mine", None, Path.cwd() / ".penstock")


def test_a_pipeline_in_a_folder_near_is_named(tmp_path, monkeypatch):
    """People stand in the folder above, or below, more often than they have none."""
    (tmp_path / "jobs" / "deep").mkdir(parents=True)
    (tmp_path / "jobs" / "line.py").write_text("import penstock as ps\n@ps.step\ndef a(): return 1\n")
    for place, said in ((tmp_path, "jobs/line.py"), (tmp_path / "jobs" / "deep", "../line.py")):
        monkeypatch.chdir(place)
        with pytest.raises(PipelineNotFound) as caught:
            find_settings()
        assert f"write `-f {said}`" in caught.value.hint
    monkeypatch.chdir(tmp_path / "jobs")
    (tmp_path / "jobs" / "notes.md").write_text("# import penstock")
    with pytest.raises(PipelineNotFound, match=r"notes\.md is no pipeline") as caught:
        find_settings("notes.md")
    assert "a Python file, or a valohai.yaml" in caught.value.hint
