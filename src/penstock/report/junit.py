"""What each check came to as JUnit XML, which build servers read: a suite for each check, a case for each step."""

from xml.etree import ElementTree

from penstock.report.check_documents import CheckDocument, CheckedDocument, FindingDocument
from penstock.report.check_text import finding_lines
from penstock.report.paint import plain

__all__ = ["junit"]


def junit(document: CheckedDocument) -> str:
    """The checks of a run. A case fails where something is PROVEN that was not waived; UNKNOWN is skipped, with the reason;
    SUSPECT passes and says so."""
    checks = document["checks"]
    found: dict[tuple[str, str], list[FindingDocument]] = {}
    for each in document["findings"]:
        found.setdefault((each["check"], each["step"]), []).append(each)
    known = {(one["check"], one["step"]) for one in checks}
    cases = [*checks, *[_case_of(pair) for pair in found if pair not in known]]
    root = ElementTree.Element("testsuites", name=_clean(document["pipeline"]))
    totals = {"tests": 0, "failures": 0, "skipped": 0}
    for check in dict.fromkeys([one["check"] for one in cases]):
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(check))
        counts = {"tests": 0, "failures": 0, "skipped": 0}
        for one in cases:
            if one["check"] == check:
                counts["tests"] += 1
                kind = _case(suite, one, found.get((check, one["step"]), []), document["pipeline"])
                if kind:
                    counts[kind] += 1
        seconds = sum([one["seconds"] for one in cases if one["check"] == check])
        _count(suite, counts, seconds)
        totals = {name: many + counts[name] for name, many in totals.items()}
    _count(root, totals, document.get("seconds", 0.0))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _count(node: ElementTree.Element, counts: dict[str, int], seconds: float) -> None:
    for name, many in {**counts, "errors": 0}.items():
        node.set(name, str(many))
    node.set("time", f"{seconds:.3f}")


def _case_of(pair: tuple[str, str]) -> CheckDocument:
    return {
        "check": pair[0], "step": pair[1], "verdict": "SUSPECT", "reason": "", "reruns": 0, "rows": 0, "seconds": 0.0,
    }  # fmt: skip


def _case(suite: ElementTree.Element, one: CheckDocument, findings: list[FindingDocument], pipeline: str) -> str:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=_clean(one["step"] or "pipeline"),
        classname=_clean(f"{pipeline}.{one['check']}"),
        time=f"{one['seconds']:.3f}",
    )
    proven = [each for each in findings if each["verdict"] == "PROVEN" and not each["waived"]]
    told = _clean("\n".join([plain(line).rstrip() for line in finding_lines(findings)]).strip())
    if proven:
        first = proven[0]
        place = ".".join([part for part in (first["artifact"] or first["step"], first["column"]) if part])
        failure = ElementTree.SubElement(
            case, "failure", type="PROVEN", message=_clean(f"{one['check']}: {place} moved ({first['where']})")
        )
        failure.text = told
        return "failures"
    if findings:
        ElementTree.SubElement(case, "system-out").text = told
    if one["verdict"] == "UNKNOWN":
        ElementTree.SubElement(case, "skipped", message=_clean(f"UNKNOWN: {one['reason']}"))
        return "skipped"
    return ""


def _clean(text: str) -> str:
    """What XML can hold."""
    return "".join(
        [one if one in "\t\n" or (one.isprintable() and one not in "\ufffe\uffff") else "\ufffd" for one in text]
    )
