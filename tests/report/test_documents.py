"""The documents are what docs/reference/schemas says, and those schemas are sound."""

import json
from pathlib import Path

import jsonschema
import pytest

from penstock.report.documents import DOCUMENTS

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schema_is_sound_and_forbids_no_addition(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not any(one.get("additionalProperties") is False for one in schema["$defs"].values())


def test_schema_refuses_what_lacks_a_field() -> None:
    schema = json.loads((SCHEMAS / "error.json").read_text(encoding="utf-8"))
    good = {"error": {"kind": "NotFound", "message": "no", "where": "", "hint": ""}}
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"error": {"kind": "NotFound", "message": "no", "where": ""}}, schema)


def test_every_field_of_a_run_that_was_promised_is_there() -> None:
    run, _ = DOCUMENTS["run"]
    promised = """run pipeline status started seconds steps metrics checks code environment parameters seeds""".split()
    assert set(promised) <= set(run.__annotations__)
    step = (
        """step kind status reasons key attempts seconds cpu_seconds peak_memory inputs outputs metrics error""".split()
    )
    schema = json.loads((SCHEMAS / "run.json").read_text(encoding="utf-8"))
    assert set(step) <= set(schema["$defs"]["StepDocument"]["required"])
