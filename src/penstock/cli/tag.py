"""`penstock tag` and `penstock tags`."""

import click

from penstock.app.labels import label_run, mark, marks, unmark
from penstock.app.result import find_stored
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import note, show
from penstock.ports import Ledger
from penstock.report.history_documents import TagDocument, TaggedDocument, TagsDocument
from penstock.report.version_text import tag_lines, tags_lines, taken_name

__all__ = ["tag", "tags"]

_MANY = 1_000_000


@click.command()
@click.argument("run")
@click.argument("labels", metavar="[TAG]...", nargs=-1)
@click.option("--artifact", metavar="ARTIFACT", help="Tag the version of an artifact that the run has, not the run.")
@click.option("--name", metavar="NAME", help="Give the run this name; an empty one takes its name away.")
@click.option("--remove", is_flag=True, help="Take the tags away.")
@file_option
@json_option
def tag(
    run: str,
    labels: tuple[str, ...],
    artifact: str | None,
    name: str | None,
    remove: bool,
    file: str | None,
    as_json: bool,
) -> None:
    """Tag or name a run, or a version of an artifact.

    RUN is its id or the beginning of it, its name, a tag, or `last`. A tag of an artifact stands for one version, and
    moves when it is given again. What has a name or tags, `penstock gc` keeps.
    """
    if not labels and name is None:
        error = click.UsageError("neither a tag nor a name is given")
        error.hint = "Write `penstock tag RUN TAG`, or `penstock tag RUN --name NAME`."  # type: ignore[attr-defined]
        raise error
    if artifact is not None and name is not None:
        error = click.UsageError("an artifact has tags, and no name")
        error.hint = "Leave out --name; a tag stands for one version."  # type: ignore[attr-defined]
        raise error
    with reading(file) as (_, ledger):
        found = ledger.run(run)
        before = ""
        if artifact is None:
            before = label_run(
                ledger, found.id, name=name, added=() if remove else labels, removed=labels if remove else ()
            )  # fmt: skip
        elif remove:
            full, _ = find_stored(found.id, ledger.steps(found.id), artifact)
            unmark(ledger, found.pipeline, full, labels)
        else:
            mark(ledger, found.id, artifact, labels)
        document: TagDocument = {**_document(ledger, found.id, artifact), "taken_from": before}
    show(document, tag_lines(document), as_json=as_json)
    if before and name:
        note(taken_name(name, before))


def _document(ledger: Ledger, run: str, artifact: str | None) -> TagDocument:
    found = ledger.run(run)
    if artifact is None:
        return {
            "run": found.id,
            "name": found.name,
            "taken_from": "",
            "artifact": "",
            "digest": "",
            "tags": list(found.tags),
        }
    full, stored = find_stored(found.id, ledger.steps(found.id), artifact)
    tags = [
        one.tag
        for one in marks(ledger, found.pipeline)
        if one.artifact == full and one.digest == stored.digest
    ]  # fmt: skip
    return {"run": found.id, "name": "", "taken_from": "", "artifact": full, "digest": stored.digest, "tags": tags}


@click.command()
@file_option
@json_option
def tags(file: str | None, as_json: bool) -> None:
    """List names and tags, and what they stand for."""
    with reading(file) as (settings, ledger):
        pipeline = settings.pipeline if file else ""
        document: TagsDocument = {"tags": [*_of_runs(ledger, pipeline), *_of_artifacts(ledger, pipeline)]}
    show(document, tags_lines(document), as_json=as_json)


def _of_runs(ledger: Ledger, pipeline: str) -> list[TaggedDocument]:
    found: dict[tuple[str, str, str], TaggedDocument] = {}
    for row in ledger.runs(_MANY, pipeline):
        named = [("name", row["name"])] if row["name"] else []
        for kind, label in [*named, *[("run", one) for one in row["tags"] or ()]]:
            one = found.setdefault(
                (kind, row["pipeline"], label),
                {"kind": kind, "pipeline": row["pipeline"], "artifact": "", "tag": label, "digest": "", "runs": []},
            )
            one["runs"].append(row["run"])
    return sorted(found.values(), key=lambda one: (one["kind"], one["tag"]))


def _of_artifacts(ledger: Ledger, pipeline: str) -> list[TaggedDocument]:
    found: list[TaggedDocument] = []
    for one in marks(ledger, pipeline):
        runs = [
            done.run
            for done in ledger.executions(one.pipeline, one.artifact.partition(".")[0])
            if any(made.artifact == one.artifact and made.stored.digest == one.digest for made in done.outputs)
        ]
        found.append(
            {
                "kind": "artifact",
                "pipeline": one.pipeline,
                "artifact": one.artifact,
                "tag": one.tag,
                "digest": one.digest,
                "runs": runs[::-1],
            }
        )
    return found
