"""Findings as SARIF 2.1.0 (OASIS, 2020), which code scanning reads: a rule for each check, a result for each finding."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from penstock.report.check_documents import CheckedDocument, FindingDocument
from penstock.report.units import change

__all__ = ["sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"PROVEN": "error", "SUSPECT": "warning", "UNKNOWN": "note", "CLEAN": "none"}
_FINDS: dict[str, str] = {
    "rerun": "A step comes out another way when it is done again",
    "test-blind": "What is trained on depends on rows that go to test",
    "as-of": "A feature uses what was not known yet",
    "own-label": "A feature holds the label of its own row",
    "test-label": "A model or a setting was chosen by the labels of test rows",
    "alone": "A row alone comes out another way than in the batch",
    "overlap": "Rows or groups are on both sides of a split",
    "order": "Rows are trained on that are later than rows of the test side",
    "rows": "Rows are lost or multiplied",
    "power": "One feature alone tells the label",
    "schema": "Rows are not what the frozen contract says",
    "wiring": "The graph itself leads a test side into what is fitted",
}


def sarif(document: CheckedDocument, version: str) -> str:
    """The findings of a run as one SARIF log, written by a `version` of Penstock. What was waived is there as suppressed; CLEAN and UNKNOWN are no results."""
    rules = list(dict.fromkeys([one["check"] for one in (*document["checks"], *document["findings"])]))
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Penstock",
                        "semanticVersion": version,
                        "rules": [_rule(one) for one in rules],
                    }
                },
                "automationDetails": {"id": f"{document['pipeline']}/{document['run']}"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"PROJECT": {"description": {"text": "The folder of the pipeline file."}}},
                "results": [_result(one, rules) for one in document["findings"]],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(check: str) -> dict[str, Any]:
    text = _FINDS.get(check, f"The check {check} found something")
    return {"id": check, "name": check.replace("-", " ").title().replace(" ", ""), "shortDescription": {"text": text}}


def _result(one: FindingDocument, rules: list[str]) -> Mapping[str, Any]:
    place = ".".join([part for part in (one["artifact"] or one["step"], one["column"]) if part])
    found: dict[str, Any] = {
        "ruleId": one["check"],
        "ruleIndex": rules.index(one["check"]),
        "level": _LEVELS[one["verdict"]],
        "message": {"text": _message(one, place)},
        "locations": [_location(one, place)],
        "partialFingerprints": {"penstockFinding/v1": one["id"] or f"{one['check']}/{one['step']}/{place}"},
        "properties": {"verdict": one["verdict"], "replay": one["replay"]},
    }
    if one["waived"]:
        found["suppressions"] = [{"kind": "inSource", "justification": one["waived"]}]
    return found


def _message(one: FindingDocument, place: str) -> str:
    said = [f"{one['verdict']} {one['check']}: {place}"]
    if one["before"] is not None or one["after"] is not None:
        of = f" of {one['row']}" if one["row"] else ""
        before, after = change(one["before"], one["after"])
        said.append(f"the cell{of} moved: {before} → {after}")
    said += [part for part in (one["world"], one["hint"]) if part]
    return ". ".join([part.rstrip(".") for part in said]) + "."


def _location(one: FindingDocument, place: str) -> dict[str, Any]:
    file, _, line = one["where"].rpartition(":")
    logical = {"name": one["step"], "fullyQualifiedName": place, "kind": "function"}
    if not file or not line.isdigit():
        return {"logicalLocations": [logical]}
    file, cell, _ = file.partition(".ipynb cell ")  # lines of a cell are no lines of its file
    file += ".ipynb" if cell else ""
    where: dict[str, Any] = {"uri": quote(file)}
    if not file.startswith("/"):
        where["uriBaseId"] = "PROJECT"
    else:
        where["uri"] = f"file://{quote(file)}"
    first = 1 if cell else max(int(line), 1)  # code scanning shows nothing that has no line
    physical = {"artifactLocation": where, "region": {"startLine": first}}
    return {"physicalLocation": physical, "logicalLocations": [logical]}
