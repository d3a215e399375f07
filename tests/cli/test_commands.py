"""The list of commands: complete, quick to show, and forgiving of misspelling."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Done, valid

import penstock
from penstock.cli.commands import COMMANDS, commands

Call = Callable[..., Done]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_of_itself_what_the_list_says(name: str) -> None:
    command = commands()[name]
    assert command.name == name
    first = (command.help or "").split("\n\n")[0]
    assert " ".join(first.split()) == COMMANDS[name][2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_speak_json_and_explains_its_options(name: str) -> None:
    command = commands()[name]
    for each in command.commands.values() if isinstance(command, click.Group) else [command]:
        options = {text for one in each.params for text in one.opts}
        assert "--json" in options
        assert all(getattr(one, "help", "") for one in each.params if one.param_type_name == "option")


def test_help_lists_every_command(call: Call) -> None:
    done = call("--help")
    assert done.code == 0
    for name, (_, section, words) in COMMANDS.items():
        assert f"{section}:" in done.out
        assert name in done.out
        assert words in done.out
    assert call("run", "-h").code == 0


def test_help_imports_no_pipeline_machinery() -> None:
    code = (
        "import sys\nfrom penstock.cli.commands import penstock\n"
        "try: penstock.main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('penstock.app.pipeline', 'penstock.cli.run', 'sqlite3', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("module", ["penstock", "penstock.cli"])
@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(flag: str, module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, flag], capture_output=True, text=True, check=True)
    assert done.stdout == f"penstock {penstock.__version__}\n"


def test_an_old_python_is_told_so() -> None:
    code = "import sys; sys.version_info = (3, 10, 1); import penstock"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Penstock needs Python 3.11 or newer" in done.stderr


def test_version_comes_through_the_group_as_well(call: Call) -> None:
    assert call("--version").out == f"penstock {penstock.__version__}\n"


def test_no_command_shows_the_help(call: Call) -> None:
    done = call()
    assert "Usage: penstock" in done.out + done.err


def test_a_misspelt_command(call: Call) -> None:
    done = call("rnu")
    assert done.code == 2
    assert done.out == ""
    assert done.err == "error: there is no command `rnu`\n  Did you mean `run`?\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [("help", "`penstock --help`"), ("version", "`penstock --version`"), ("ls", "`penstock runs`"), ("dag", "plan")],
)
def test_what_other_tools_call_it(call: Call, name: str, words: str) -> None:
    done = call(name)
    assert done.code == 2
    assert words in done.err


def test_an_option_without_its_value_names_the_command_s_help(call: Call) -> None:
    assert "See `penstock show --help`." in call("show", "--step").err


def test_json_without_a_command(process: Call) -> None:
    done = process("--json")
    assert done.code == 2
    assert done.json["error"]["kind"] == "UsageError"


def test_a_misspelt_command_in_json(call: Call) -> None:
    done = call("dcotor", "--json")
    assert done.code == 2
    assert valid(done, "error") == {
        "error": {
            "kind": "UsageError",
            "message": "there is no command `dcotor`",
            "where": "",
            "hint": "Did you mean `doctor`?",
        }
    }


def test_a_command_like_no_other(call: Call) -> None:
    assert "Known: " in call("xyzzy").err


def test_reading_commands_never_import_the_pipeline(
    project: Path, call: Call, edit: Callable[[str, str], None]
) -> None:
    assert call("run").code == 0
    edit("import penstock as ps\n", "import penstock as ps\nraise SystemError('imported')\n")
    for command in (["runs"], ["show"], ["show", "--step", "model"], ["logs", "last", "rows"], ["verify"], ["gc"]):
        assert call(*command).code == 0, command
    assert call("plan").code == 2
    assert "imported" in call("plan").err


def test_a_command_that_holds_others_explains_itself(call: Callable[..., Done]) -> None:
    done = call("contract")
    assert (done.code, done.err) == (0, "")
    assert "Usage: penstock contract" in done.out
    assert call("image").err.startswith("error: missing argument 'build'\n")
