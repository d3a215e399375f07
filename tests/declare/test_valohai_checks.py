"""The verdicts of the valohai-yaml package, each with its place."""

import re
from pathlib import Path

import pytest
from tests.declare.valohai_files import FILES, REFUSED
from valohai_yaml.lint import lint

from penstock.declare.valohai_checks import NO_EFFECT, verdicts
from penstock.declare.valohai_tree import Tree


def judged(folder: Path, text: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    path = folder / "valohai.yaml"
    path.write_bytes(text.encode())
    found, _ = verdicts(Tree(path))
    items = [one for each in found.items.values() for one in each]
    listed = ([*found.broken, *items, *found.errors], found.warnings, found.notes)
    errors, warnings, notes = [[(one.what, one.where) for one in part] for part in listed]
    return errors, warnings, notes


@pytest.mark.parametrize("name", [*FILES, *[one for one in REFUSED if one not in ("no yaml", "nothing")]])
def test_they_are_the_packages_own(tmp_path: Path, name: str) -> None:
    text = FILES.get(name) or REFUSED[name][0]
    errors, warnings, _ = judged(tmp_path, text)
    try:
        own = lint(text.removeprefix("\ufeff"))
    except Exception:  # it raises what a task's type raises
        assert errors
        return
    assert len(errors) == own.error_count
    assert len(warnings) == own.warning_count


def test_places_of_warnings_follow_each_other(tmp_path: Path) -> None:
    text = (
        FILES["a pipeline of two nodes"]
        .replace(
            "type: execution, step: train}",
            "type: execution, step: train, actions: [{when: node-starting, then: require-approval}]}",
        )
        .replace(
            "type: execution, step: preprocess}",
            "type: execution, step: preprocess, actions: [{when: node-starting, then: require-approval}]}",
        )
    )
    _, warnings, _ = judged(tmp_path, text)
    places = [where for what, where in warnings if "require-approval" in what]
    assert len(set(places)) == 2


def test_what_has_no_effect_is_told(tmp_path: Path) -> None:
    _, _, notes = judged(tmp_path, FILES["cloud settings"])
    told = {what.split("`")[1] for what, _ in notes}
    assert told >= {"image", "environment", "upload-store", "mounts", "cache-volumes", "resources"}
    assert told <= {"image", *NO_EFFECT["step"]}


def test_every_setting_without_effect_is_told_where_it_stands(tmp_path: Path) -> None:
    text = """
- step:
    name: s
    image: x
    command: "true"
    icon: star
    category: c
    outputs: [{name: o}]
    autorestart: true
    environment: aws
    runtime-config-preset: r
    environment-variable-groups: [g]
    inputs: [{name: i, download: on-demand}, {name: j, download: always}]
- task: {name: t, step: s, type: bayesian_tpe, engine: optuna, reuse-children: true, optimization-target-metric: m, parameters: []}
- endpoint: {name: predict, image: x, wsgi: a:b, node-selector: a=b, tolerations: [], resources: {}}
- deployment: {name: d, defaults: {}}
- pipeline:
    name: p
    reuse-executions: true
    nodes:
      - name: n
        type: execution
        step: s
        override: {environment: gcp, image: y, mounts: [{source: /a, destination: /b}]}
      - {name: m, type: deployment, deployment: d, aliases: [production], endpoints: [predict]}
    edges:
      - {source: n.dependency.x, target: m.dependency.x, configuration: {a: 1}}
"""
    errors, _, notes = judged(tmp_path, text)
    assert errors == []
    lines = text.splitlines()
    told = {what.split("`")[1] for what, _ in notes}
    assert told == {
        "image", "icon", "category", "outputs", "autorestart", "environment", "runtime-config-preset",
        "environment-variable-groups", "download", "engine", "reuse-children", "node-selector", "tolerations", "resources",
        "defaults", "reuse-executions", "mounts", "aliases", "configuration",
    }  # fmt: skip
    for what, where in notes:
        line, column = [int(one) for one in where.split(":")[1:]]
        assert lines[line - 1][column - 1 :].startswith(what.split("`")[1]), (what, where)


def test_an_item_whose_form_is_wrong_leaves_the_others_alone(tmp_path: Path) -> None:
    errors, _, notes = judged(
        tmp_path,
        "- step: {name: a, image: x, command: z}\n- step: {name: b, imge: x, command: z}\n"
        "- pipeline: {name: p, edges: [], nodes: [{name: n, type: execution, step: b}]}\n"
        "- pipeline: {name: q, edges: [], nodes: [{name: n, type: execution, step: missing}]}\n",
    )
    assert [where for _, where in errors] == ["valohai.yaml:2:19", "valohai.yaml:2:3", "valohai.yaml:4:69"]
    assert notes


def test_truth_values_that_were_meant_as_text(tmp_path: Path) -> None:
    path = tmp_path / "valohai.yaml"
    path.write_text("- step: {name: x, image: y, command: z, parameters: [{name: on}]}\n")
    (error,) = verdicts(Tree(path))[0].items[0]
    assert "put it in quotes" in error.hint
    assert error.where == "valohai.yaml:1:55"


def test_alternatives_are_told_by_the_one_that_was_meant(tmp_path: Path) -> None:
    text = "- step: {name: x, image: y, command: z}\n- pipeline:\n    name: p\n    edges: []\n    nodes:\n"
    errors, _, _ = judged(tmp_path, text + "      - {name: a, type: execution, step: x, on-eror: retry}\n")
    assert errors == [("Additional properties are not allowed ('on-eror' was unexpected)", "valohai.yaml:6:45")]
    errors, _, _ = judged(tmp_path, text + "      - {name: a, type: exekution, step: x}\n")
    assert errors[0][1].startswith("valohai.yaml:6:")


def test_an_error_is_placed_in_the_item_that_it_speaks_of(tmp_path: Path) -> None:
    """Of two pipelines with one edge, the one that lacks a node."""
    (tmp_path / "valohai.yaml").write_text("""
- step: {name: x, image: a, command: "true", parameters: [{name: p, optional: true}]}
- pipeline:
    name: release
    nodes: [{name: load, type: execution, step: x}, {name: stream, type: execution, step: x}]
    edges:
      - [load.parameter.p, stream.parameter.p]
- pipeline:
    name: release-less
    nodes:
      - {name: load, type: execution, step: x}
    edges:
      - [load.parameter.p, stream.parameter.p]
""")
    found, _ = verdicts(Tree(tmp_path / "valohai.yaml"))
    assert [one.where for one in found.errors] == ["valohai.yaml:13:28"]


def test_a_short_name_is_found_by_what_it_is_of(tmp_path: Path) -> None:
    text = """
- step:
    name: d
    image: i
    command: echo
    parameters:
      - {name: b, type: integer, default: 1}
      - {name: a, type: integer, default: 15, max: 9}
"""
    _, warnings, _ = judged(tmp_path, text)
    assert [where.split(":")[-2] for _, where in warnings] == ["8"]


PLACED = """
- step: {name: made, image: i, command: echo}
- pipeline:
    name: p-q
    nodes:
      - name: first
        type: execution
        step: made
      - name: p-q
        type: execution
        step: lost
    edges:
      - [first.output.*, p-q.input.a]
      - [first.outputs.*, p-q.inputs.dataset]
      - {source: first.outputs.x, target: p-q.input.b}
"""


def test_a_pipelines_errors_are_placed_at_the_node_and_the_edge(tmp_path: Path) -> None:
    (tmp_path / "valohai.yaml").write_text(PLACED)
    found, _ = verdicts(Tree(tmp_path / "valohai.yaml"))
    assert {(one.where, re.sub(r"^Pipeline \S+ ", "", one.what)) for one in found.errors} == {
        ("valohai.yaml:11:9", 'node "p-q" step "lost" does not exist'),
        ("valohai.yaml:14:10", "source type outputs (between first and p-q) not valid"),
        ("valohai.yaml:14:27", "target type inputs (between first and p-q) not valid"),
        ("valohai.yaml:15:10", "source type outputs (between first and p-q) not valid"),
    }


def test_a_file_that_is_no_list_is_told_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "valohai.yaml").write_text("version: 1\nsteps: [" + "{name: a, image: i, command: echo}, " * 40 + "]\n")
    found, _ = verdicts(Tree(tmp_path / "valohai.yaml"))
    (told,) = found.broken
    assert told.what == "it is a mapping (`version`, `steps`, …), where a list of items is wanted"
    assert "`- step:`" in told.hint


def test_what_stands_twice_is_told(tmp_path: Path) -> None:
    text = """
- step:
    name: s
    image: i
    command: echo
    inputs: [{name: a}]
    parameters:
      - {name: p, type: integer, default: 1}
      - {name: q, type: integer, default: 1}
      - {name: p, type: integer, default: 2}
    inputs:
      - &one {name: b}
"""
    _, warnings, _ = judged(tmp_path, text)
    assert [where.split(":", 1)[1] for _, where in warnings] == ["11:5", "10:10"]
    assert "`inputs` stands twice here" in warnings[0][0]
    assert "parameter `p` of step `s` is there twice" in warnings[1][0]


def test_what_has_no_form_is_not_looked_through_for_names(tmp_path: Path) -> None:
    text = "- step: {name: s, image: i, command: echo, parameters: 3, inputs: [3]}\n- step: {name: t, image: i, command: echo}\n"
    errors, _, _ = judged(tmp_path, text)
    assert errors
    assert all(where.startswith("valohai.yaml:1:") for _, where in errors)
