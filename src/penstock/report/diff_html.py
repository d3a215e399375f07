"""Two runs held against each other as one HTML page, their figures side by side."""

from collections.abc import Mapping
from typing import Any

from penstock.report.diff_text import cell, cells, data_words, parts_more
from penstock.report.documents import RunLine
from penstock.report.history_documents import ArtifactChange, DataChange, DiffDocument, StepChange
from penstock.report.markup import Markup, element, joined, page
from penstock.report.moved_metrics import moved_words
from penstock.report.page_parts import PictureData, badge, facts, grid_table, picture, reason_item, section
from penstock.report.style import STYLE
from penstock.report.units import count, lasted, plural, size

__all__ = ["diff_page"]

_Pictures = Mapping[tuple[str, str], PictureData]


def diff_page(document: DiffDocument, before: _Pictures, after: _Pictures) -> str:
    """The differences as a page; the pictures of either run by (step, name)."""
    one, other = document["before"], document["after"]
    body = [
        element("h1", f"{one['run']} → {other['run']}"),
        element("div", _run("before", one, document["commits"][0]), _run("after", other, document["commits"][1]), class_="pair"),
        section("Metrics", _metrics(document)),
        section("Parameters", _parameters(document)),
        section("Code", *[_code(step) for step in document["steps"] if step["state"] != "equal"]),
        section("Environment", _environment(document)),
        section("Data", *[_artifact(one) for one in document["artifacts"] if one["state"] != "equal"], _equal(document)),
        section("Figures", *_figures(document, before, after)),
        section("Steps", _steps(document)),
        element("footer", f"Written by Penstock: penstock diff {one['run']} {other['run']} --html FILE"),
    ]  # fmt: skip
    return page(f"{one['run']} → {other['run']}", body, STYLE)


def _run(side: str, run: RunLine, commit: str) -> Markup:
    labels = [run["name"], *[f"#{one}" for one in run["tags"]]]
    return element(
        "div",
        element("span", side, class_="soft"),
        element("h3", run["run"], " ", badge(run["status"])),
        element("p", *[element("span", one, class_="label") for one in labels if one]) if any(labels) else None,
        facts([run["pipeline"], run["started"][:19].replace("T", " "), lasted(run["seconds"]), f"commit {commit[:10]}" if commit else ""]),
        class_="card",
    )  # fmt: skip


def _metrics(document: DiffDocument) -> Markup | None:
    rows = []
    for one in document["metrics"]:
        rows.append((one["metric"], *moved_words(one)))
    return grid_table(("", "before", "after", ""), rows, [1, 2])


def _parameters(document: DiffDocument) -> Markup | None:
    rows: list[tuple[object, ...]] = []
    if document["seeds"][0] != document["seeds"][1]:
        rows.append(("seed of the run", *_moved(*[str(one) for one in document["seeds"]])))
    for one in document["parameters"]:
        name = f"{one['step']}.{one['parameter']}"
        if one["content"]:
            rows.append((name, element("code", one["before"] or ""), "has other content"))
        else:
            rows.append((name, *_moved(one["before"], one["after"])))
    return grid_table(("", "before", "after"), rows)


def _moved(before: str | None, after: str | None) -> tuple[Markup, Markup]:
    one, other = (element("code", "—" if each is None else each) for each in (before, after))
    return element("span", one, class_="remove"), element("span", other, class_="add")


def _code(step: StepChange) -> Markup:
    words = {"added": "new", "gone": "no longer there"}.get(step["state"], "")
    return element(
        "div",
        element("h3", step["step"], element("span", f"  {words}", class_="soft") if words else None),
        element("ul", *[reason_item(one) for one in step["reasons"]]) if step["reasons"] else None,
        class_="card",
    )


def _environment(document: DiffDocument) -> Markup | None:
    rows = [
        (one["package"], *_moved(one["before"] or None, one["after"] or None), "imported by steps" if one["reached"] else "")
        for one in sorted(document["environment"], key=lambda one: not one["reached"])
    ]  # fmt: skip
    return grid_table(("", "before", "after", ""), rows)


def _artifact(one: ArtifactChange) -> Markup:
    sizes = [size(many) for many in one["bytes"]]
    words = {
        "added": f"new, {sizes[1]}",
        "gone": f"no longer made, {sizes[0]}",
        "changed": data_words(one["data"]) if one["data"] is not None else f"{sizes[0]} → {sizes[1]}",
    }[one["state"]]
    return element(
        "details",
        element("summary", element("b", one["artifact"]), element("span", words), element("span", one["why"], class_="soft")),
        *(_details(one["data"]) if one["data"] is not None else ()),
        facts([f"{one['before'] or '—'} → {one['after'] or '—'}"]),
        class_="card",
        open=one["state"] == "changed",
    )  # fmt: skip


def _details(data: DataChange) -> list[Markup | None]:
    by = "/".join(data["key"]) if data["by"] == "key" else "row"
    columns = [
        (
            element("b", one["column"]),
            count(one["count"]),
            " → ".join(one["types"]),
            grid_table((by, "before", "after"), [_cells(each) for each in one["examples"]]),
        )
        for one in data["columns"]
    ]
    return [
        element("p", "Columns added: ", element("code", ", ".join(data["columns_added"]))) if data["columns_added"] else None,
        element("p", "Columns gone: ", element("code", ", ".join(data["columns_gone"]))) if data["columns_gone"] else None,
        grid_table(("column", "rows changed", "type", "examples"), columns, [1]),
        _rows(f"{plural(data['added'], 'row')} added", data["added_examples"]),
        _rows(f"{plural(data['gone'], 'row')} gone", data["gone_examples"]),
        grid_table(("part", "before", "after"), [_part(one) for one in data["parts"]]),
        element("p", f"and {plural(more, 'part')} more", class_="soft") if (more := parts_more(data)) else None,
    ]  # fmt: skip


def _cells(one: Any) -> tuple[object, ...]:
    place = "/".join([cell(each) for each in one["row"]]) if isinstance(one["row"], list) else cell(one["row"])
    return (
        place,
        *_moved_cells(one),
    )


def _part(one: Any) -> tuple[object, ...]:
    return (one["part"], *_moved_cells(one))


def _moved_cells(one: Any) -> tuple[Markup, Markup]:
    before, after = cells(one["before"], one["after"])
    return element("span", before, class_="remove"), element("span", after, class_="add")


def _rows(title: str, examples: list[dict[str, Any]]) -> Markup | None:
    if not examples:
        return None
    names = list(dict.fromkeys([name for row in examples for name in row]))
    rows = [[cell(row.get(name)) for name in names] for row in examples]
    return joined([element("h3", f"{title}, for example"), grid_table(names, rows)])


def _equal(document: DiffDocument) -> Markup | None:
    names = [one["artifact"] for one in document["artifacts"] if one["state"] == "equal"]
    return element("p", f"{plural(len(names), 'artifact')} equal: {', '.join(names)}", class_="soft") if names else None


def _figures(document: DiffDocument, before: _Pictures, after: _Pictures) -> list[Markup]:
    found = []
    for one in document["figures"]:
        sides = [
            picture(drawn, one["step"], one["name"], words)
            if digest
            else element("p", f"Not drawn {words}.", class_="soft")
            for drawn, digest, words in ((before, one["before"], "before"), (after, one["after"], "after"))
        ]
        title = element("h3", f"{one['step']}.{one['name']} ", element("span", one["state"], class_="soft"))
        found += [title, element("div", *sides, class_="pair")]
    return found


def _steps(document: DiffDocument) -> Markup | None:
    rows = [
        (
            one["step"],
            badge(one["status"][0]) if one["status"][0] else "—",
            badge(one["status"][1]) if one["status"][1] else "—",
            lasted(one["seconds"][0]),
            lasted(one["seconds"][1]),
        )
        for one in document["steps"]
    ]
    return grid_table(("", "before", "after", "time before", "time after"), rows, [3, 4])
