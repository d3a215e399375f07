"""The schemas of history's documents are sound, and no name is taken twice."""

import json
from pathlib import Path

import jsonschema
import pytest

from penstock.report.documents import DOCUMENTS
from penstock.report.history_documents import HISTORY_DOCUMENTS

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


@pytest.mark.parametrize("name", HISTORY_DOCUMENTS)
def test_schema_is_sound_and_forbids_no_addition(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not any(one.get("additionalProperties") is False for one in schema["$defs"].values())


def test_no_name_is_taken_twice() -> None:
    assert not set(DOCUMENTS) & set(HISTORY_DOCUMENTS)
