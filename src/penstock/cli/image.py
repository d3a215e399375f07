"""`penstock image build`."""

import click

from penstock.app.pipeline import Pipeline
from penstock.cli.options import file_option, json_option
from penstock.cli.output import note, show
from penstock.report.place_documents import ImageDocument
from penstock.report.units import plural

__all__ = ["image"]


@click.command()
@click.argument("action", metavar="build", type=click.Choice(["build"]))
@click.option("--tag", metavar="NAME", default="", help="What to call it (as containers look for it, if not given).")
@click.option(
    "--env", metavar="REQUIREMENT", multiple=True, help="A requirement of a step's `env`; may be given again."
)
@file_option
@json_option
def image(action: str, tag: str, env: tuple[str, ...], file: str | None, as_json: bool) -> None:  # noqa: ARG001
    """Make the image that containers are made of.

    It holds this Python and what the pipeline's files import, at the versions that are here. `--executor container` makes
    it by itself where it is not there yet.
    """
    name, packages = Pipeline.load(file).image(env, tag, note)
    document: ImageDocument = {"image": name, "packages": packages}
    show(document, [[("✓ ", "good"), (f"{name}  {plural(len(packages), 'package')}", "")]], as_json=as_json)
