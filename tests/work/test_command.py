"""Command steps, performed: what a command sees, and what is kept of it."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.errors import ParameterError, StepFailed
from penstock.model.code import Code
from penstock.model.command import Action, Command, CommandInput, FileRef, Files, Link
from penstock.model.event import Measured
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.work.command import Execution, Gate, command_lines, parameter_values, variable_values
from penstock.work.context import Changed, Context, Hold, Skip, active
from penstock.work.inputs import chosen
from penstock.work.remote import Downloads
from penstock.work.room import Room

Do = Callable[..., dict[str, Any]]


@pytest.fixture
def events() -> list[Any]:
    return []


@pytest.fixture
def do(tmp_path: Path, events: list[Any]) -> Do:
    """Perform a command in a context of its own."""

    def do(command: Command, approved: bool = False, outputs: tuple[str, ...] = (), **arguments: Any) -> dict[str, Any]:
        task = Task("r/s/1", "r", "s", 1, "k", "", Entry("command"), approved=approved, outputs=outputs)
        done = Execution(command, Code("c"), Room(tmp_path / "jobs"), Downloads(tmp_path / "downloads"))
        do.execution = done  # type: ignore[attr-defined]
        do.context = Context(task, events.append)  # type: ignore[attr-defined]
        with active(do.context):  # type: ignore[attr-defined]
            return done(**arguments)

    return do


def script(*lines: str, **fields: Any) -> Command:
    return Command("s", step="s", lines=lines, **fields)


def test_outputs_metadata_and_settings(do: Do, events: list[Any]) -> None:
    made = do(
        script(
            "echo data > $VH_OUTPUTS_DIR/a.txt",
            """echo '{"loss": 2, "name": "x"}'""",
            """echo '{"loss": 1.5, "list": [1]}'""",
            "echo '{not json}' && echo '[1]' && echo '{}'",
            parameters=({"name": "lr", "type": "float"},),
            variables=("MODE",),
        ),
        lr=0.5,
        **{"environment-variable.MODE": "fast"},
    )
    assert (Path(made["outputs"]) / "a.txt").read_text() == "data\n"
    assert made["metadata"] == {"loss": 1.5, "name": "x", "list": [1]}
    assert made["settings"] == {"parameters": {"lr": 0.5}, "environment-variables": {"MODE": "fast"}}
    assert [(one.name, one.value, one.index) for one in events if isinstance(one, Measured)] == [
        ("loss", 2.0, 0),
        ("loss", 1.5, 1),
    ]


def test_a_failure_tells_what_was_printed_last(do: Do) -> None:
    with pytest.raises(StepFailed, match="exit code 3") as told:
        do(script("echo before; echo problem >&2; exit 3"))
    assert "problem" in told.value.traceback
    with pytest.raises(StepFailed, match="no such command"):
        do(script("no-such-command-here"))


def test_outputs_that_cannot_be_kept_are_left_out(do: Do, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "cd $VH_OUTPUTS_DIR; mkdir d; echo x > a; ln -s a good; ln -s nothing d/gone; ln -s gone2 loop; mkfifo pipe"
    made = do(script(lines))
    assert sorted(str(one.relative_to(made["outputs"])) for one in Path(made["outputs"]).rglob("*")) == [
        "a",
        "d",
        "good",
    ]
    said = capsys.readouterr().out
    assert all(f"output `{name}` is no file that can be kept" in said for name in ("d/gone", "loop", "pipe"))


def test_a_lenient_failure_is_kept_and_not_reused(do: Do) -> None:
    made = do(script("echo x > $VH_OUTPUTS_DIR/a; exit 3", lenient=True))
    assert (Path(made["outputs"]) / "a").exists()
    assert do.context.failure.message == "the command ended with exit code 3"  # type: ignore[attr-defined]


def test_inputs_of_files_and_of_edges(do: Do, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("own")
    (tmp_path / "made" / "deep").mkdir(parents=True)
    (tmp_path / "made" / "deep" / "m.pkl").write_text("made")
    own = Files(("own.csv",), (FileRef("own.csv", "own.csv", "own.csv", "own.csv", str(tmp_path / "own.csv")),))
    link = Link("pre.outputs", "pre", "output", "*.pkl", "input", "b")
    command = script(
        "cd $VH_INPUTS_DIR && find . -type f | sort > $VH_OUTPUTS_DIR/list",
        inputs=(CommandInput("a"), CommandInput("b", keep="full")),
        links=(link,),
    )
    arguments = {"input.a": own, "input.b": own, "pre.outputs": tmp_path / "made"}
    made = do(command, **arguments)
    assert (Path(made["outputs"]) / "list").read_text().split() == ["./a/own.csv", "./b/deep/m.pkl"]
    added = Command(**{**{name: getattr(command, name) for name in command.__struct_fields__}, "append": True})
    made = do(added, **arguments)
    assert (Path(made["outputs"]) / "list").read_text().split() == ["./a/own.csv", "./b/deep/m.pkl", "./b/own.csv"]


def test_an_edited_input_is_not_run_on(do: Do, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("now")
    ref = FileRef("own.csv", "own.csv", "own.csv", "own.csv", str(tmp_path / "own.csv"), "blake3:other")
    with pytest.raises(Changed, match=r"own\.csv was edited"):
        do(script("true", inputs=(CommandInput("a"),)), **{"input.a": Files(("own.csv",), (ref,))})


def test_a_stop_condition_ends_it_well(do: Do) -> None:
    made = do(script("""for i in 3 2 1; do echo "{\\"loss\\": $i}"; done; sleep 300; exit 9""", stop="loss < 2"))
    assert made["metadata"] == {"loss": 1}


def test_its_inputs_can_be_passed_on(do: Do) -> None:
    made = do(script("true", inputs=(CommandInput("a"),)), outputs=("outputs", "metadata", "settings", "inputs"))
    assert (Path(made["inputs"]) / "a").is_dir()


PARAMETERS = (
    {"name": "text"},
    {"name": "repeated", "multiple": "repeat"},
    {"name": "joined", "multiple": "separate", "multiple-separator": "\x1f"},
    {"name": "number", "type": "float"},
    {"name": "flag", "type": "flag"},
)
words = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\x1f"), max_size=12)


@given(
    text=words,
    repeated=st.lists(words, max_size=3),
    joined=st.lists(words, max_size=3),
    number=st.floats(allow_nan=False, allow_infinity=False),
    flag=st.booleans(),
)
def test_values_survive_the_command_line(
    text: str, repeated: list[str], joined: list[str], number: float, flag: bool
) -> None:
    command = script("run {parameters}", parameters=PARAMETERS)
    given_ = {"text": text, "repeated": repeated, "joined": joined, "number": number, "flag": flag}
    (line,) = command_lines(command, given_)
    expected = [f"--text={text}", *[f"--repeated={one}" for one in repeated]]
    expected += [f"--joined={chr(31).join(joined)}"] if joined else []
    expected += [f"--number={number}", *(["--flag"] if flag else [])]
    assert shlex.split(line)[1:] == expected


def test_values_reach_the_program_as_they_are(do: Do) -> None:
    values = [
        "plain",
        "two words",
        "it's",
        'a "quote"',
        "ä 漢",
        "line\nbreak",
        "",
        "$HOME",
        "`id`",
        "*",
        "back\\slash",
        "{parameters}",
    ]
    line = "import json,sys; json.dump(sys.argv[1:], open(sys.argv[0], 'w')) if 0 else print(json.dumps({'got': sys.argv[1:]}))"
    command = script(
        f'python -c "{line}" {{parameters}}', parameters=({"name": "v", "multiple": "repeat", "pass-as": "{v}"},)
    )
    assert do(command, v=values)["metadata"]["got"] == values


def test_fixed_folders_in_values(do: Do) -> None:
    """A program that reads its parameters from the configuration finds the same folders as one that is told them."""
    parameters = ({"name": "project"}, {"name": "many", "multiple": "separate"})
    made = do(
        script("cp $VH_CONFIG_DIR/parameters.json $VH_OUTPUTS_DIR/", parameters=parameters),
        project="/valohai/outputs/",
        many=["/valohai/inputs/a", "b"],
    )
    room = do.execution.room  # type: ignore[attr-defined]
    told = json.loads((Path(made["outputs"]) / "parameters.json").read_text())
    assert told == {"project": f"{room.outputs}/", "many": [f"{room.inputs}/a", "b"]}
    assert made["settings"]["parameters"]["project"] == "/valohai/outputs/"


def test_values_that_do_not_fit() -> None:
    with pytest.raises(ParameterError, match="`lr` takes one value and got 2"):
        command_lines(script("x {parameters}", parameters=({"name": "lr"},)), {"lr": [1, 2]})
    with pytest.raises(ParameterError, match="can't be put into the command"):
        command_lines(script("x {parameters}", parameters=({"name": "lr", "pass-as": "--{nope}"},)), {"lr": 1})


def test_edges_into_parameters() -> None:
    command = script(
        "true",
        parameters=({"name": "lr"}, {"name": "many", "multiple": "repeat"}),
        links=(
            Link("pre.metadata", "pre", "metadata", "best", "parameter", "lr"),
            Link("pre.settings", "pre", "parameter", "n", "parameter", "many"),
        ),
    )
    brought = {"pre.metadata": {"best": 0.5}, "pre.settings": {"parameters": {"n": 3}, "environment-variables": {}}}
    assert parameter_values(command, {"lr": 1, "many": None, **brought}) == {"lr": "0.5", "many": ["3"]}
    silent = {**brought, "pre.metadata": {}}
    assert parameter_values(command, {"lr": 1, "many": None, **silent})["lr"] == 1
    with pytest.raises(ParameterError, match="printed no metadata `best`") as told:
        parameter_values(command, {**brought, "pre.metadata": {"bset": 1}})
    assert "`bset`" in told.value.hint


def test_edges_into_variables() -> None:
    link = Link("p", "pre", "environment-variable", "MODE", "environment-variable", "WAY")
    command = script("true", variables=("WAY", "OTHER"), links=(link,))
    settings = {"parameters": {}, "environment-variables": {"MODE": "fast"}}
    assert variable_values(command, {"p": settings}) == {"WAY": "fast", "OTHER": None}


def test_actions(do: Do) -> None:
    ask = Action("node-starting", ("require-approval",), ("parameter.lr > 1",))
    command = script("echo ran > $VH_OUTPUTS_DIR/a", parameters=({"name": "lr"},), actions=(ask,))
    with pytest.raises(Hold, match="`s` is about to start"):
        do(command, lr=2)
    assert (Path(do(command, lr=2, approved=True)["outputs"]) / "a").exists()
    assert (Path(do(command, lr=0)["outputs"]) / "a").exists()


def test_gates() -> None:
    def gate(then: str, *conditions: str) -> Gate:
        return Gate(Command("g", "gate", "g", actions=(Action("node-complete", (then,), conditions),)), Code("c"))

    facts = {"metadata": {"acc": 0.5}, "settings": {"parameters": {"lr": 1}}}
    assert gate("stop-pipeline", "metadata.acc > 0.9")(**facts) is True
    with pytest.raises(Skip, match=r"acc < 0\.9") as told:
        gate("stop-pipeline", "metadata.acc < 0.9", "parameter.lr == 1")(**facts)
    assert told.value.everything
    with pytest.raises(StepFailed, match="ends the pipeline in error"):
        gate("error-pipeline")(**facts)
    assert gate("noop")(**facts) is True


paths = st.lists(
    st.lists(
        st.text(st.sampled_from("ab.x -ä"), min_size=1, max_size=3).filter(lambda part: part.strip(". ")),
        min_size=1,
        max_size=3,
    ).map("/".join),
    max_size=5,
    unique=True,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths, st.sampled_from(["none", "full", "suffix"]))
def test_an_input_holds_what_the_format_promises(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], keep: Any
) -> None:
    base = tmp_path_factory.mktemp("made")
    made: dict[str, str] = {}
    for name in names:
        target = base / "made" / "deep" / name
        if any(name.startswith(f"{one}/") or one.startswith(f"{name}/") for one in made) or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(name)
        made[name] = name
    (base / "made").mkdir(exist_ok=True)
    command = script(
        "true", inputs=(CommandInput("i", keep=keep),), links=(Link("p", "p", "output", "deep/*", "input", "i"),)
    )
    room = Room(base / "jobs")
    Execution(command, Code("c"), room, Downloads(base / "downloads"))(p=base / "made")
    found = {
        str(one.relative_to(room.inputs / "i")): one.read_text()
        for one in (room.inputs / "i").rglob("*")
        if one.is_file()
    }
    told = json.loads((room.config / "inputs.json").read_text(encoding="utf-8"))["i"]["files"]
    assert sorted(found.values()) == sorted(made)
    assert {one["name"] for one in told} == set(found)
    assert all(one["size"] == len(found[one["name"]].encode()) for one in told)
    if keep == "full":
        assert found == {f"deep/{name}": name for name in made}
    elif keep == "suffix":
        assert found == {name: name for name in made}
    else:
        assert all("/" not in name for name in found)


@pytest.mark.needs("tmpfs")
def test_folders_under_valohai(do: Do) -> None:
    place = Path("/valohai")
    before = place.exists()
    lines = ("cd /valoh''ai/outputs && echo here > x", "ls .. > list")  # written so, it is not replaced
    made = do(script(*lines, mounted=True))
    if not before:
        place.rmdir()
    assert (Path(made["outputs"]) / "x").read_text() == "here\n"
    assert (Path(made["outputs"]) / "list").read_text().split() == [
        "command",
        "config",
        "inputs",
        "outputs",
        "repository",
    ]


def test_valohai_utils_works_unmodified(do: Do, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("own")
    own = Files(("own.csv",), (FileRef("own.csv", "own.csv", "own.csv", "own.csv", str(tmp_path / "own.csv")),))
    code = """
import json, valohai
with valohai.logger() as logger:
    logger.log("accuracy", 0.75)
path = valohai.inputs("data").path()
open(valohai.outputs().path("sub/model.txt"), "w").write(open(path).read())
values = [valohai.parameters(one).value for one in ("lr", "tag", "many", "sure")]
with valohai.output_properties() as properties:
    properties.add(file="sub/model.txt", properties={"stage": "prod"})
print(json.dumps({"values": values, "title": valohai.execution().config.title}))
"""
    (tmp_path / "use.py").write_text(code)
    command = script(
        f"python {tmp_path}/use.py {{parameters}}",
        inputs=(CommandInput("data"),),
        parameters=(
            {"name": "lr", "type": "float"},
            {"name": "tag"},
            {"name": "many", "multiple": "separate"},
            {"name": "sure", "type": "flag"},
        ),
    )
    made = do(command, lr=0.5, tag="it's", many=["a", "b c"], sure=True, **{"input.data": own})
    assert made["metadata"] == {"accuracy": 0.75, "values": [0.5, "it's", ["a", "b c"], True], "title": "s"}
    assert (Path(made["outputs"]) / "sub" / "model.txt").read_text() == "own"
    ((_, _, notes),) = chosen(made["outputs"], Link("s.outputs", "s", "output", "sub/*", "input", "x"))
    assert notes == [{"stage": "prod"}]
