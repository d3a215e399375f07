"""From a file, through a run, to what a command sees: its words, its configuration and its folders."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from penstock.app.pipeline import Pipeline
from penstock.errors import ParameterError

SEEN = """import json, os, sys
from pathlib import Path
config = Path(os.environ["VH_CONFIG_DIR"])
inputs = Path(os.environ["VH_INPUTS_DIR"])
import yaml
seen = {
    "argv": sys.argv[1:],
    "json": json.loads((config / "parameters.json").read_text(encoding="utf-8")),
    "yaml": yaml.safe_load((config / "parameters.yaml").read_text(encoding="utf-8")),
    "files": {one.relative_to(inputs).as_posix(): one.read_text() for one in inputs.rglob("*") if one.is_file()},
    "told": json.loads((config / "inputs.json").read_text(encoding="utf-8")),
    "variable": os.environ.get("V"),
}
Path(os.environ["VH_OUTPUTS_DIR"], "seen.json").write_text(json.dumps(seen))
"""
SLOW = {"suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow], "deadline": None}

words = st.text(st.characters(blacklist_categories=("Cs", "Cc"), whitelist_characters="\n\t"), max_size=12)
texts = words | st.sampled_from(
    [
        "",
        " ",
        "a b",
        "it's",
        '"',
        "\\",
        "$HOME",
        "`id`",
        "*",
        "-v",
        "--x=1",
        "true",
        "null",
        "1",
        "1.0",
        "~",
        "é漢🦄",
        "\n",
        "{parameters}",
        "a,b",
    ]
)


def seen(folder: Path, step: dict[str, Any], given: dict[str, Any] | None = None) -> dict[str, Any]:
    (folder / "seen.py").write_text(SEEN)
    whole = {"name": "s", "image": "i", "command": "python seen.py {parameters}", **step}
    text = yaml.safe_dump([{"step": whole}], allow_unicode=True, sort_keys=False)
    (folder / "valohai.yaml").write_text(text, encoding="utf-8")
    run = Pipeline.load(folder / "valohai.yaml", executor="inline", step="s").run(parameters=given or {})
    run.raise_if_failed()
    found: dict[str, Any] = json.loads((run["s.outputs"] / "seen.json").read_text())
    return found


@settings(max_examples=25, **SLOW)  # type: ignore[arg-type]
@given(
    text=texts,
    repeated=st.lists(texts, max_size=3),
    number=st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    flag=st.booleans(),
    by_hand=st.booleans(),
)
@example(text="", repeated=[], number=-0.0, flag=False, by_hand=True)
@example(text="a\nb", repeated=["", "\n"], number=1e-7, flag=True, by_hand=False)
def test_values_arrive_as_they_are_written(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    repeated: list[str],
    number: float,
    flag: bool,
    by_hand: bool,
) -> None:
    values = {"text": text, "repeated": repeated, "number": number, "flag": flag}
    parameters = [
        {"name": "text", "type": "string"},
        {"name": "repeated", "type": "string", "multiple": "repeat"},
        {"name": "number", "type": "float"},
        {"name": "flag", "type": "flag"},
    ]
    if not by_hand:
        parameters = [{**one, "default": values[str(one["name"])]} for one in parameters]
    written = {"text": text, "repeated": json.dumps(repeated), "number": repr(number), "flag": str(flag)}
    found = seen(tmp_path_factory.mktemp("any"), {"parameters": parameters}, written if by_hand else None)
    assert found["json"] == found["yaml"] == values
    expected = [f"--text={text}", *[f"--repeated={one}" for one in repeated], f"--number={found['json']['number']}"]
    assert found["argv"] == [*expected, *(["--flag"] if flag else [])]


names = st.sampled_from(["a.csv", "b.csv", "c d.csv", "é.csv", "x/a.csv", "x/b.txt", "x/y/a.csv", "z/a.csv"])


@settings(max_examples=25, **SLOW)  # type: ignore[arg-type]
@given(
    files=st.lists(names, max_size=5, unique=True),
    pattern=st.sampled_from(["data/*.csv", "data/**/*.csv", "data/*", "data/", "data/x/*"]),
    keep=st.sampled_from([None, True, False, "none", "full", "suffix"]),
    filename=st.sampled_from([None, "named.csv", "in/named.csv"]),
)
def test_default_inputs_lie_where_the_format_says(
    tmp_path_factory: pytest.TempPathFactory, files: list[str], pattern: str, keep: Any, filename: str | None
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for one in ["other/z.csv", *[f"data/{name}" for name in files]]:
        (folder / one).parent.mkdir(parents=True, exist_ok=True)
        (folder / one).write_text(one)
    about: dict[str, Any] = {"name": "i", "default": pattern, "optional": True}
    about |= {} if keep is None else {"keep-directories": keep}
    about |= {} if filename is None else {"filename": filename}
    met = {one for one in folder.glob(pattern.rstrip("/")) if not one.is_dir() or "*" not in pattern}
    wanted = {each.relative_to(folder).as_posix() for one in met for each in (one, *one.rglob("*")) if each.is_file()}
    step = {"inputs": [about], "command": "python seen.py"}
    if not wanted:
        with pytest.raises(ParameterError, match=r"names no file|is empty|holds no file"):
            seen(folder, step)
        return
    found = seen(folder, step)
    assert all(one.startswith("i/") for one in found["files"])
    laid = {name.removeprefix("i/"): content for name, content in found["files"].items()}
    told = {one["name"]: one for one in found["told"]["i"]["files"]} if found["told"].get("i") else {}
    assert set(told) == set(laid)
    assert all(one["size"] == len(laid[name].encode()) for name, one in told.items())
    assert sorted(laid.values()) == sorted(wanted), "each file once"
    if filename and len(laid) == 1:
        assert list(laid) == [filename]
    elif keep in (None, False, "none"):
        assert all("/" not in name for name in laid)
    elif keep in (True, "full"):
        assert all(name == content for name, content in laid.items())
    else:
        assert all(content.endswith(f"/{name}") for name, content in laid.items())
