"""`penstock versions`."""

import time

import click

from penstock.app.settings import open_store
from penstock.app.versions import Version, find_versions, resolve
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import columns, show
from penstock.report.history_documents import VersionDocument, VersionsDocument
from penstock.report.units import iso
from penstock.report.version_text import versions_lines
from penstock.report.views import numbers_view

__all__ = ["versions"]


@click.command()
@click.argument("artifact")
@click.option("--tag", metavar="TAG", default="", help="Only the versions that bear this tag.")
@click.option(
    "--input", "inputs", metavar="INPUT=DIGEST", multiple=True, help="Only those made from this; may be given again."
)
@file_option
@json_option
def versions(artifact: str, tag: str, inputs: tuple[str, ...], file: str | None, as_json: bool) -> None:
    """List every version of an artifact, newest first.

    Says which run made it, from which inputs, and whether its bytes are still here. DIGEST may be the beginning of one.
    `ps.load` in Python takes the same words and gives the value.
    """
    wanted = {}
    for one in inputs:
        name, equals, digest = one.partition("=")
        if not equals or not name or not digest:
            error = click.UsageError(f"--input {one}: an input and a digest are wanted")
            error.hint = "Write `--input INPUT=DIGEST`, as in `--input train=blake3:0a1b`."  # type: ignore[attr-defined]
            raise error
        wanted[name] = digest
    base, at, mark = artifact.rpartition("@")
    if at and base and not tag:
        artifact, tag = base, mark
    with reading(file) as (settings, ledger):
        pipeline, name, _ = resolve(ledger, artifact, settings.pipeline)
        found = find_versions(ledger, open_store(settings), name, pipeline, tag=tag, inputs=wanted)
    document: VersionsDocument = {"artifact": name, "pipeline": pipeline, "versions": [_version(one) for one in found]}
    show(document, versions_lines(document, time.time(), columns()), as_json=as_json)


def _version(one: Version) -> VersionDocument:
    stored, done = one.stored, one.execution
    return {
        "artifact": one.artifact,
        "digest": stored.digest,
        "bytes": stored.size,
        "rows": stored.about.rows,
        "codec": stored.codec,
        "run": done.run,
        "started": iso(done.started),
        "step": done.step,
        "type": stored.about.type,
        "tags": list(one.tags),
        "inputs": {name: {"artifact": each.artifact, "digest": each.digest} for name, each in done.inputs.items()},
        "parameters": {name: shown for name, (shown, _) in done.settings.items()},
        "metrics": numbers_view(done.metrics),
        "kept": one.kept,
    }
