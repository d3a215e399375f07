"""The importer: what is in memory is what was hashed, and projects do not mix."""

import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from penstock.declare import project as project_module
from penstock.declare.closure import Closures
from penstock.declare.project import Project, session_of

PIPELINE = """
from helpers import go

def target():
    return go(1)
"""


def test_loads_once_and_again_after_an_edit(small):
    one = small({"pipeline.py": PIPELINE, "helpers.py": "def go(x):\n    return x + 1\n"})
    first = one.load()
    assert first.target() == 2
    assert one.load() is first
    assert one.project.changed() == []
    one.write({"helpers.py": "def go(x):\n    return x + 2\n"})
    assert one.project.changed() == [one.root / "helpers.py"]
    again = one.load()
    assert again is not first
    assert again.target() == 3


def test_an_edit_of_the_same_size_and_time_is_seen(small):
    one = small({"pipeline.py": PIPELINE, "helpers.py": "def go(x):\n    return x + 1\n"})
    one.load()
    place = one.root / "helpers.py"
    before = place.stat()
    place.write_text("def go(x):\n    return x + 2\n")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert one.load().target() == 3


def test_python_s_own_bytecode_is_neither_read_nor_written(small):
    one = small({"pipeline.py": PIPELINE, "helpers.py": "def go(x):\n    return x + 1\n"})
    one.load()
    assert not list(one.root.rglob("__pycache__"))


def test_a_touched_file_is_not_changed(small):
    one = small({"pipeline.py": PIPELINE, "helpers.py": "def go(x):\n    return x + 1\n"})
    first = one.load()
    (one.root / "helpers.py").touch()
    assert one.load() is first


def test_two_projects_with_the_same_names_do_not_mix(small):
    one = small({"pipeline.py": PIPELINE, "helpers.py": "def go(x):\n    return 'one'\n"})
    two = small({"pipeline.py": PIPELINE, "helpers.py": "def go(x):\n    return 'two'\n"})
    first, second = one.load(), two.load()
    assert (first.target(), second.target()) == ("one", "two")
    assert sys.modules["helpers"].go(1) == "two"
    assert one.load() is first
    assert sys.modules["helpers"].go(1) == "one"
    assert str(two.root) not in sys.path


def test_modules_are_ordinary_modules(small):
    one = small(
        {
            "pkg/__init__.py": "",
            "pkg/flow.py": "from . import near\nfrom .near import Thing\n\ndef target():\n    return Thing(near.K)\n",
            "pkg/near.py": "K = 3\n\nclass Thing:\n    def __init__(self, k):\n        self.k = k\n\n    def fail(self):\n        raise KeyError('x')\n",
        }
    )
    module = one.load("pkg/flow.py")
    assert module.__name__ == "pkg.flow"
    assert module.__file__ == str(one.root / "pkg/flow.py")
    assert module.__spec__.name == "pkg.flow"
    assert module.__package__ == "pkg"
    thing = pickle.loads(pickle.dumps(module.target()))
    assert type(thing) is module.Thing
    with pytest.raises(KeyError) as caught:
        thing.fail()
    assert "raise KeyError('x')" in "".join(traceback.format_exception(caught.value))


def test_layouts(small):
    one = small(
        {
            "src/lib/__init__.py": "A = 1\n",
            "space/inner.py": "B = 2\n",
            "flows/beside.py": "C = 3\n",
            "flows/pipeline.py": "import beside, lib, space.inner\ntarget = lambda: (lib.A, space.inner.B, beside.C)\n",
        }
    )
    assert one.load("flows/pipeline.py").target() == (1, 2, 3)


def test_a_name_that_is_no_identifier_or_is_taken(small):
    one = small({"my-flow.py": "target = lambda: 1\n", "json.py": "target = lambda: 2\n"})
    assert one.load("my-flow.py").__name__ == "my_flow"
    assert one.load("json.py").target() == 2
    assert sys.modules["json"].__name__ == "json" and hasattr(sys.modules["json"], "dumps")


def test_what_loading_raises_comes_through_and_leaves_nothing(small):
    one = small({"pipeline.py": "import helpers\nraise RuntimeError('no')\n", "helpers.py": "X = 1\n"})
    with pytest.raises(RuntimeError, match="no"):
        one.load()
    assert "helpers" not in sys.modules
    one.write({"pipeline.py": "def f(:\n"})
    with pytest.raises(SyntaxError):
        one.load()
    one.write({"pipeline.py": "import helpers\ntarget = lambda: helpers.X\n"})
    assert one.load().target() == 1


def test_sources_are_those_loaded_and_those_within_reach(small):
    one = small(
        {
            "pipeline.py": "import helpers\n\ndef target():\n    import late\n    return late.x\n",
            "helpers.py": "X = 1\n",
            "late.py": "from later import x\n",
            "later.py": "x = 1\n",
            "never.py": "x = 1\n",
        }
    )
    one.load()
    found = one.project.sources()
    assert set(found) == {Path(name) for name in ("pipeline.py", "helpers.py", "late.py", "later.py")}
    assert found[Path("later.py")] == b"x = 1\n"


def test_files_that_import_reads_are_sources_unless_they_are_large(small):
    one = small(
        {
            "pipeline.py": "from pathlib import Path\nHERE = Path(__file__).parent\n"
            "A = (HERE / 'a.json').read_text()\nB = (HERE / 'b.txt').read_text()\n"
            "def target():\n    return A, B, (HERE / 'never.txt').read_text()\n",
            "a.json": "{}",
            "b.txt": "x" * 1_000_001,
            "never.txt": "x",
        }
    )
    one.load()
    assert set(one.project.sources()) == {Path("pipeline.py"), Path("a.json")}
    one.write({"a.json": "[]"})  # what is there now is not what was read
    assert set(one.project.sources()) == {Path("pipeline.py")}


def test_a_module_known_by_its_text_alone_is_watched(small):
    one = small({"pipeline.py": "def target():\n    import late\n    return late.x\n", "late.py": "x = 1\n"})
    before = one.code().digest
    one.write({"late.py": "x = 2\n"})
    assert one.code().digest != before


def test_a_file_read_at_import_is_read_again(small):
    one = small(
        {
            "config.json": '{"rate": 1}',
            "pipeline.py": "import json\nfrom pathlib import Path\nC = json.loads((Path(__file__).parent / 'config.json').read_text())\n\ndef target():\n    return C\n",
        }
    )
    assert one.load().target() == {"rate": 1}
    one.write({"config.json": '{"rate": 2}'})
    assert one.load().target() == {"rate": 2}


def test_sessions_are_found_by_namespace(small):
    one = small({"pipeline.py": "X = 1\n"})
    module = one.load()
    found = session_of(vars(module))
    assert found is not None and found.main == "pipeline"
    assert session_of({"__name__": "pipeline"}) is None


def test_nothing_heavy_is_imported_when_facts_are_warm(tmp_path):
    (tmp_path / "pipeline.py").write_text("def target():\n    return 1\n")
    script = (
        "import sys, msgspec\nbefore = set(sys.modules)\n"
        "from pathlib import Path\nfrom penstock.declare.closure import Closures\nfrom penstock.declare.project import Project\n"
        f"p = Project(Path({str(tmp_path)!r}), Path({str(tmp_path / 'cache')!r}))\n"
        f"m = p.load(Path({str(tmp_path / 'pipeline.py')!r}))\nprint(Closures(p).code_of(m.target).digest)\n"
        "print([name for name in set(sys.modules) - before if name in ('ast', 'inspect', 'tokenize', 'dis', 'penstock.declare.reading', 'importlib.metadata')])"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in range(2)
    ]
    first, second = [run.stdout.splitlines() for run in runs]
    assert first[0] == second[0]
    assert "penstock.declare.reading" in first[1]
    assert second[1] == "[]"


def test_a_project_needs_no_cache(tmp_path):
    (tmp_path / "pipeline.py").write_text("def target():\n    return 1\n")
    project = Project(tmp_path, None)
    assert project.load(tmp_path / "pipeline.py").target() == 1
    assert project.changed() == []
    assert Project(tmp_path, None).sources() == {}


def test_the_path_that_python_had_already_finds_the_same_modules(tmp_path, monkeypatch):
    """`python -m penstock.cli` has the folder on `sys.path`, a worker has not: both must say the same of the code."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "one.py").write_text("def go(): return 1\n")
    text = "import importlib\n\ndef target(name):\n    return importlib.import_module('plugins.' + name)\n"
    (tmp_path / "pipeline.py").write_text(text)

    def digest() -> str:
        project = Project(tmp_path, None)
        module = project.load(tmp_path / "pipeline.py")
        return Closures(project).code_of(module.target).digest

    without = digest()
    project_module._sessions.pop((str(tmp_path), str(tmp_path / "pipeline.py"))).retire()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert digest() == without
    (tmp_path / "plugins" / "one.py").write_text("def go(): return 2\n")
    project_module._sessions.pop((str(tmp_path), str(tmp_path / "pipeline.py"))).retire()
    assert digest() != without
