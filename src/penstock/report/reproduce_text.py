"""What came of doing a run again, as lines for people."""

from penstock.model.digest import short
from penstock.report.documents import WhyReason
from penstock.report.history_documents import ComparedDocument, PackageDocument, ReproduceDocument, StepChangesDocument
from penstock.report.moved_metrics import moved_words
from penstock.report.paint import Line, safe, table
from penstock.report.plan_text import diff_lines, reason_words
from penstock.report.summary import failure_lines
from penstock.report.units import duration, plural

__all__ = ["change_lines", "package_lines", "reproduce_lines"]

_LISTED = 30
_STATUS = {"equal": ("✓", "good"), "different": ("≠", "bad"), "failed": ("✗", "bad"), "nothing": ("⚠", "warn")}


def reproduce_lines(document: ReproduceDocument) -> list[Line]:
    """The verdict; what differs and why; what else is another than it was then."""
    blocks = [
        _verdict(document),
        _different(document["artifacts"]),
        _metrics(document),
        _figures(document),
        _failures(document),
        _taken(document),
        _moved(document),
        package_lines(document["environment"], "the environment is not that of the run"),
        change_lines(document["since"], _since(document)),
        [[("  kept in ", "dim"), (safe(document["folder"]), "code")]] if document["folder"] else [],
    ]
    lines: list[Line] = []
    for block in blocks:
        if block:
            lines += [[], *block] if lines else block
    return lines


def _verdict(document: ReproduceDocument) -> list[Line]:
    glyph, style = _STATUS[document["status"]]
    counts = dict.fromkeys(("equal", "different", "missing", "given"), 0)
    for one in document["artifacts"]:
        counts[one["verdict"]] += 1
    made = sum([counts[one] for one in ("equal", "different", "missing")])
    bytes_only = sum([one["bytes_differ"] for one in document["artifacts"]])
    equal = "came out equal, digest by digest"
    if bytes_only:  # what a library writes may be other bytes from run to run: then its fitted state was compared
        rest = made - bytes_only
        equal = (
            f"came out equal: {rest:,} digest by digest, {bytes_only:,} in state" if rest else "came out equal in state"
        )
    words = {
        "equal": equal,
        "different": "came out different",
        "failed": "failed when it was done again",
        "nothing": "was not compared: nothing of it was made again",
    }[document["status"]]
    line: Line = [(f"{glyph} ", style), (f"run {document['run']} ", "title"), (words, style)]
    facts = [f"{counts['equal']:,} of {plural(made, 'artifact')} equal"]
    if counts["given"]:
        facts.append(f"{counts['given']:,} from the store")
    if bytes_only:
        listed = ", ".join([f"`{safe(one['artifact'])}`" for one in document["artifacts"] if one["bytes_differ"]][:5])
        facts.append(f"equal in state, in other bytes: {listed}{', …' if bytes_only > 5 else ''}")
    facts.append(duration(document["seconds"]))
    return [line, [("  " + " · ".join(facts), "dim")]]


def _different(artifacts: list[ComparedDocument]) -> list[Line]:
    listed = [one for one in artifacts if one["verdict"] in ("different", "missing")]
    if not listed:
        return []
    rows: list[list[Line | str]] = [[[(word, "dim")] for word in ("  artifact", "then", "now", "why")]]
    for one in listed[:_LISTED]:
        first = one["reasons"][0] if one["reasons"] else None
        more = f" and {len(one['reasons']) - 1} more" if len(one["reasons"]) > 1 else ""
        rows.append(
            [
                [("≠ ", "bad"), (safe(one["artifact"]), "name")],
                short(one["before"], 12),
                short(one["after"], 12) if one["after"] else "—",
                [*reason_words(first), (more, "dim")] if first else "",
            ]
        )
    lines = table(rows, indent=0)
    if len(listed) > _LISTED:
        lines.append([(f"  and {plural(len(listed) - _LISTED, 'artifact')} more", "dim")])
    reasons: dict[tuple[str, str], WhyReason] = {}
    for each in [reason for one in listed for reason in one["reasons"] if reason["diff"]]:
        reasons.setdefault((each["what"], each["diff"]), each)
    for each in reasons.values():
        lines += [[("  ", ""), *reason_words(each)], *[[("      ", ""), *line] for line in diff_lines(each["diff"])]]
    return lines


def _metrics(document: ReproduceDocument) -> list[Line]:
    rows: list[list[Line | str]] = []
    for one in document["metrics"]:
        before, after, moved = moved_words(one)
        rows.append([safe(one["metric"]), [(before, "dim")], "→", [(after, "title")], moved])
    return [[("  metrics that moved", "dim")], *table(rows, right=[1, 3])] if rows else []


def _figures(document: ReproduceDocument) -> list[Line]:
    words = {"different": "was drawn otherwise", "missing": "was not drawn"}
    return [
        [
            ("⚠ ", "warn"),
            (safe(f"{one['step']}.{one['artifact']}"), "name"),
            (f"  this figure {words[one['verdict']]}", ""),
        ]
        for one in document["figures"]
        if one["verdict"] in words
    ]


def _failures(document: ReproduceDocument) -> list[Line]:
    lines: list[Line] = []
    for one in document["failures"]:
        if one["after"] is None:
            lines.append([("✓ ", "good"), (safe(one["step"]), "name"), ("  failed then, and did not fail now", "")])
        elif one["before"] is None:
            lines += failure_lines(one["step"], 1, one["after"])
        else:
            words = f"  failed then, and failed again: {one['after']['kind']}: {one['after']['message']}"
            lines.append([("✗ ", "warn"), (safe(one["step"]), "name"), (safe(words), "")])
    return lines


def _taken(document: ReproduceDocument) -> list[Line]:
    lines: list[Line] = []
    for one in document["files"]:
        state = "is gone" if one["gone"] else "has changed since"
        taken = one["step"] in document["given"]
        what = "its stored result was taken" if taken else "it was read as it is now, since nothing is stored of it"
        lines.append(
            [("⚠ ", "warn"), (safe(one["step"]), "name"), (f"  {what}: ", ""), (safe(one["path"]), "code"), (f" {state}", "")]
        )  # fmt: skip
    if document["left"]:
        names = ", ".join([safe(one) for one in document["left"]])
        lines.append([("  not done again, since it deploys: ", "dim"), (names, "")])
    return lines


def _moved(document: ReproduceDocument) -> list[Line]:
    return [
        [("⚠ ", "warn"), (safe(one), "code"), (" lies outside of the project and has changed since", "")]
        for one in document["moved"]
    ]


def _since(document: ReproduceDocument) -> str:
    then, now = document["commits"]
    commits = f" (commit {then[:10]} → {now[:10]})" if then and now and then != now else ""
    return f"since that run, the project's code has changed{commits}"


def package_lines(packages: list[PackageDocument], title: str) -> list[Line]:
    """What is installed otherwise; first what the steps import. What no step imports and was not there then is counted."""
    if not packages:
        return []
    telling = [one for one in packages if one["reached"] or one["before"]]
    rows: list[list[Line | str]] = []
    for one in sorted(telling, key=lambda one: (not one["reached"], not one["after"]))[:_LISTED]:
        style = "warn" if one["reached"] else "dim"
        rows.append(
            [
                [(safe(one["package"]), style)],
                safe(one["before"]) or "—",
                "→",
                safe(one["after"]) or "—",
                [("imported by steps" if one["reached"] else "", "dim")],
            ]
        )
    more: list[Line] = []
    for many, words in ((len(telling) - _LISTED, "more"), (len(packages) - len(telling), "that were not there before")):
        if many > 0:
            more.append([(f"    and {plural(many, 'package')} {words}", "dim")])
    return [[("⚠ ", "warn"), (title, "")], *table(rows, indent=4), *more]


def change_lines(steps: list[StepChangesDocument], title: str) -> list[Line]:
    """What of the code of steps differs, with diffs; steps that reach the same change share it."""
    if not steps:
        return []
    shared: dict[tuple[str, str, str], tuple[WhyReason, list[str]]] = {}
    for one in steps:
        for reason in one["reasons"]:
            key = (reason["what"], reason["where"], reason["diff"])
            shared.setdefault(key, (reason, []))[1].append(one["step"])
    lines: list[Line] = [[("  " + safe(title), "dim")]]
    for reason, names in shared.values():
        listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        head: Line = [("  • ", "dim"), (safe(listed), "name"), ("  " if listed else "", "")]
        lines.append([*head, *reason_words(reason)])
        lines += [[("      ", ""), *line] for line in diff_lines(reason["diff"])]
    return lines
