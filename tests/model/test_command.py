"""Commands as data."""

import msgspec
import pytest

from penstock.model.command import Action, Command, CommandInput, FileRef, Files, Link, Sweep

COMMAND = Command(
    "train",
    role="task",
    lines=("python train.py {parameters}",),
    parameters=({"name": "lr", "type": "float"},),
    inputs=(CommandInput("data", keep="suffix"),),
    links=(Link("pre.outputs", "pre", "output", "*.csv", "input", "data"),),
    actions=(Action("node-starting", ("require-approval",), ("parameter.lr > 1",)),),
    sweep=Sweep("grid", ({"name": "lr", "style": "multiple", "rules": {"items": [1, 2]}},)),
    endpoints={"predict": {"model": "model.pkl"}},
)


def test_a_command_travels_whole() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(COMMAND), type=Command) == COMMAND


def test_files_travel_as_plain_values() -> None:
    files = Files(("a.csv",), (FileRef("a.csv", "a.csv", "data/a.csv", "a.csv", "/here/a.csv", "blake3:0"),))
    assert msgspec.convert(msgspec.to_builtins(files), Files) == files


def test_what_is_no_command_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode({"name": 1}), type=Command)
