"""Versions of an artifact, and names and tags, as lines for people."""

from datetime import datetime

from penstock.model.digest import short
from penstock.report.history_documents import TagDocument, TagsDocument, VersionsDocument
from penstock.report.paint import Line, crop, safe, table
from penstock.report.units import ago, count, plural, size

__all__ = ["name_elsewhere", "tag_lines", "tags_lines", "taken_name", "versions_lines"]


def versions_lines(document: VersionsDocument, now: float, columns: int = 0) -> list[Line]:
    """A table of versions, cut to so many columns (0: not); `now` in seconds since 1970."""
    name = document["artifact"]
    if not document["versions"]:
        return [[("No version of ", ""), (safe(name), "name"), (" fits.", "")]]
    rows: list[list[Line | str]] = []
    for one in document["versions"]:
        amount = f"{count(one['rows'])} rows, " if one["rows"] is not None else ""
        made = ", ".join([f"{argument} {short(each['digest'], 8)}" for argument, each in one["inputs"].items()])
        started = datetime.fromisoformat(one["started"]).timestamp()
        rows.append(
            [
                [(short(one["digest"], 12), "name")],
                [(one["run"], "")],
                [(ago(started, now), "")],
                [(f"{amount}{size(one['bytes'])}" if one["kept"] else "gone", "" if one["kept"] else "warn")],
                [(" ".join([f"@{safe(tag)}" for tag in one["tags"]]), "code")],
                [(safe(made), "dim")],
                [
                    (
                        safe(
                            ", ".join(
                                [f"{key}={value}" for key, value in sorted(one["parameters"].items(), key=_seed_last)]
                            )
                        ),
                        "dim",
                    )
                ],
            ]
        )
    head: list[Line | str] = [
        [(word, "dim")] for word in ("  digest", "run", "made", "size", "", "from", "with")
    ]  # fmt: skip
    head[4] = "" if not any(one["tags"] for one in document["versions"]) else [("tags", "dim")]
    title: Line = [(safe(name), "title"), (f"  {plural(len(document['versions']), 'version')}, newest first", "dim")]
    lines = table([head, *rows])
    return [title, [], *[crop(line, columns) if columns else line for line in lines]]


def tags_lines(document: TagsDocument) -> list[Line]:
    """All names and tags, and what they stand for."""
    if not document["tags"]:
        return [[("No name or tag yet. Give one with ", ""), ("penstock tag RUN TAG", "code"), (".", "")]]
    rows: list[list[Line | str]] = []
    for one in document["tags"]:
        runs = one["runs"][:3]
        more = f" and {len(one['runs']) - 3} more" if len(one["runs"]) > 3 else ""
        if one["kind"] == "artifact":
            shown: Line = [(safe(f"{one['artifact']}@{one['tag']}"), "name")]
        else:
            shown = [(safe(one["tag"] if one["kind"] == "name" else f"#{one['tag']}"), "name")]
        words = {"name": "name", "run": "tag", "artifact": "version"}[one["kind"]]
        rows.append([shown, [(words, "dim")], short(one["digest"], 12), [(", ".join(runs) + more, "")]])
    return table(rows, indent=0)


def tag_lines(document: TagDocument) -> list[Line]:
    """What something bears now."""
    sign = "@" if document["artifact"] else "#"
    labels = " ".join([document["name"], *[f"{sign}{tag}" for tag in document["tags"]]]).strip()
    thing = f"{document['artifact']} {short(document['digest'], 12)}, " if document["artifact"] else ""
    return [
        [
            ("✓ ", "good"),
            (safe(f"{thing}run {document['run']}: "), ""),
            (safe(labels) if labels else "no name, no tags", "code" if labels else "dim"),
        ]
    ]


def name_elsewhere(name: str, bearer: str, run: str) -> str:
    """That a run that began later bears the name that this one was to have, and how it gets it.

    >>> name_elsewhere("best", "20261124-074513-ab2c", "20261124-074512-kk3p")
    '`best` is the name of run 20261124-074513-ab2c, which began later; give it to this one with: penstock tag 20261124-074512-kk3p --name best'
    """
    return f"`{name}` is the name of run {bearer}, which began later; give it to this one with: penstock tag {run} --name {name}"


def taken_name(name: str, before: str) -> str:
    """That a name was another run's, and how that one gets it back.

    >>> taken_name("best", "20261124-074513-ab2c")
    '`best` was the name of run 20261124-074513-ab2c; give it back with: penstock tag 20261124-074513-ab2c --name best'
    """
    return f"`{name}` was the name of run {before}; give it back with: penstock tag {before} --name {name}"


def _seed_last(one: tuple[str, str]) -> bool:
    return one[0] == "seed"
