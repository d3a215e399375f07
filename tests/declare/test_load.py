"""From files, namespaces and dictionaries to Steps."""

import pytest

import penstock as ps
from penstock.declare.closure import Closures
from penstock.declare.load import from_dict, load, namespace_steps
from penstock.errors import DeclarationError, DuplicateName, PipelineNotFound, UnknownName


def write(tmp_path, source, name="p.py"):
    path = tmp_path / name
    path.write_text("import penstock as ps\n" + source)
    return path


def test_a_file_is_its_steps(tmp_path):
    declared = load(write(tmp_path, "@ps.step\ndef a(): return 1\n@ps.train\ndef b(a, lr: float = 1): return a\n"))
    assert [(one.name, one.kind, one.where) for one in declared.steps] == [
        ("a", "step", "p.py:2"),
        ("b", "train", "p.py:4"),
    ]
    assert declared.step("b").entry.path == str(tmp_path / "p.py")
    assert declared.code("a").digest != declared.code("b").digest
    assert declared.changed() == []
    with pytest.raises(UnknownName, match="no step `bb`"):
        declared.step("bb")


def test_an_edit_is_seen(tmp_path):
    path = write(tmp_path, "@ps.step\ndef a(): return 1\n")
    declared = load(path)
    path.write_text(path.read_text().replace("1", "2"))
    assert declared.changed() == [path]


def test_steps_of_other_modules_count_where_they_are_imported(tmp_path):
    write(tmp_path, "@ps.step\ndef theirs(): return 1\n@ps.step\ndef unused(): return 1\n", "other.py")
    declared = load(write(tmp_path, "from other import theirs\n@ps.step\ndef mine(theirs): return 1\n"))
    assert sorted(one.name for one in declared.steps) == ["mine", "theirs"]
    assert declared.step("theirs").where == "other.py:2"


def test_what_only_each_calls_is_no_step(tmp_path):
    declared = load(write(tmp_path, "@ps.step(each=True)\ndef one(item): return 1\n@ps.step\ndef a(): ...\n"))
    assert [one.name for one in declared.steps] == ["a"]


def test_two_steps_of_one_name_are_named_with_both_places(tmp_path):
    with pytest.raises(DuplicateName, match=r"p\.py:2") as error:
        load(write(tmp_path, "@ps.step\ndef a(): ...\n@ps.step\ndef a(): ...\n"))
    assert error.value.where == "p.py:4"


def test_a_function_that_is_declared_twice(tmp_path):
    loop = "for k in (1, 2):\n    @ps.step\n    def a(k=k): ...\n"
    with pytest.raises(DuplicateName, match="both are this function") as error:
        load(write(tmp_path, loop))
    assert error.value.where == "p.py:3"
    assert "name" in error.value.hint


def test_a_file_without_steps_is_no_pipeline(tmp_path):
    with pytest.raises(DeclarationError, match=r"p\.py declares no steps") as error:
        load(write(tmp_path, "def a(): ...\n"))
    assert "@ps.step" in error.value.hint


def test_a_script_that_exits_is_told_how_to_be_loaded(tmp_path):
    with pytest.raises(DeclarationError, match=r"sys\.exit\(3\)") as error:
        load(write(tmp_path, "import sys\n@ps.step\ndef a(): ...\nsys.exit(3)\n"))
    assert error.value.where == "p.py:5"
    assert "__main__" in error.value.hint


def test_no_file(tmp_path):
    with pytest.raises(PipelineNotFound):
        load(tmp_path / "nothing.py")


def test_the_line_in_a_helper_is_named(tmp_path):
    write(tmp_path, "\n\nVALUE = {}['missing']\n", "helper.py")
    with pytest.raises(DeclarationError, match="KeyError") as error:
        load(write(tmp_path, "import helper\n"))
    assert error.value.where == "helper.py:4"


def test_a_cell_that_runs_again_replaces_its_step():
    namespace = {"ps": ps, "__name__": "__main__"}
    exec("@ps.step\ndef a(): return 1", namespace)
    exec("@ps.step\ndef a(): return 2", namespace)
    (step,) = namespace_steps(namespace, Closures(None))
    assert step.function() == 2


def test_the_dictionary_form_binds_by_name_else_in_order():
    def total(y, x):
        return x

    by_name = from_dict({"x": [], "y": [], "total": ["x", "y"]}, {"x": lambda: 1, "y": lambda: 2, "total": total})
    assert by_name[2].inputs == {"x": "x", "y": "y"}
    in_order = from_dict({"p": [], "q": [], "total": ["p", "q"]}, {"p": lambda: 1, "q": lambda: 2, "total": total})
    assert in_order[2].inputs == {"y": "p", "x": "q"}
    with pytest.raises(UnknownName, match="no place"):
        from_dict({"x": []}, {"x": lambda: 1, "z": lambda: 2})


@pytest.mark.parametrize(
    ("graph", "steps", "words"),
    [
        (["a"], {"a": len}, "the graph is no mapping"),
        ({"a": []}, [len], "steps are no mapping"),
        ({"a": "features"}, {"a": len}, "no list: 'features'"),
        ({"a": None}, {"a": len}, "no list: None"),
        ({"a": []}, {"a": 3}, "no function: 3"),
    ],
)
def test_a_dictionary_form_that_is_none(graph, steps, words):
    with pytest.raises(DeclarationError, match=words) as error:
        from_dict(graph, steps)
    assert "dictionary form is" in error.value.hint


def test_a_module_whose_getattr_fails_does_no_harm(tmp_path):
    write(tmp_path, "def __getattr__(name):\n    return {}[name]\n", "lazy.py")
    awkward = "class Proxy:\n    def __call__(self): ...\n    def __getattr__(self, name): raise KeyError(name)\n\n"
    text = f"import lazy\nimport penstock as ps\n\n{awkward}P = Proxy()\n\n@ps.step\ndef a():\n    return lazy, P\n"
    assert [one.name for one in load(write(tmp_path, text, "flow.py")).steps] == ["a"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ps.stpe", "`step`"),
        ("import json; json.lods('1')", "`loads`"),
        ("first = 1; print(frist)", "`first`"),
        ("from pathlib import Paht", "`Path`"),
    ],
)
def test_a_misspelt_name_gets_close_matches(tmp_path, line, words):
    with pytest.raises(DeclarationError) as error:
        load(write(tmp_path, f"{line}\n@ps.step\ndef a(): return 1\n"))
    assert error.value.where == "p.py:2"
    assert words in error.value.hint


def test_an_object_that_answers_badly_gets_no_matches(tmp_path):
    source = "class Odd:\n    def __dir__(self): raise RuntimeError\nOdd().x\n"
    with pytest.raises(DeclarationError, match="'Odd' object has no attribute 'x'"):
        load(write(tmp_path, source))
