import json

import jsonschema
from tests.report.leaks import document

from penstock.report.check_views import checks_view
from penstock.report.sarif import sarif

# What SARIF 2.1.0 (OASIS, sections 3.13 to 3.35) asks of the parts that are written here.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
    "properties": {
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "suppressions": {"type": "array", "items": {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["inSource", "external"]}}}},
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "physicalLocation": {
                        "type": "object",
                        "required": ["artifactLocation"],
                        "properties": {
                            "artifactLocation": {"type": "object", "required": ["uri"], "properties": {"uri": {"type": "string", "format": "uri-reference"}}},
                            "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}}},
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"type": "object", "required": ["tool"], "properties": {"results": {"type": "array", "items": RESULT}}}},
    },
}  # fmt: skip


def test_what_code_scanning_reads() -> None:
    log = json.loads(sarif(document(), "0.1.0"))
    jsonschema.validate(log, SARIF)
    proven, waived = log["runs"][0]["results"]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert (proven["ruleId"], rules[proven["ruleIndex"]]["id"], proven["level"]) == ("as-of", "as-of", "error")
    where = proven["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("line.py", 7)
    assert "the cell of UA/3 moved: 1.5 → missing" in proven["message"]["text"]
    assert proven["partialFingerprints"] == {"penstockFinding/v1": "0123abcd"}
    assert waived["suppressions"] == [{"kind": "inSource", "justification": "twins"}]
    assert "physicalLocation" not in waived["locations"][0]


def test_without_findings_there_are_no_results() -> None:
    log = json.loads(sarif({"run": "r", "pipeline": "p", **checks_view([], [])}, "0.1.0"))
    assert log["runs"][0]["results"] == []


def test_a_cell_of_a_notebook_is_found_in_its_file() -> None:
    checked = document()
    checked["findings"] = [{**checked["findings"][0], "where": "a b/n.ipynb cell 3:5"}]
    [found] = json.loads(sarif(checked, "1.0"))["runs"][0]["results"]
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a%20b/n.ipynb", "uriBaseId": "PROJECT"}
    assert place["region"] == {"startLine": 1}
