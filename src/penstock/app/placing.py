"""Where steps run that ask for a place of their own: what that place is, as part of their closures."""

import sys
from collections.abc import Callable

from msgspec.structs import replace

from penstock.app import environments
from penstock.app.settings import Settings
from penstock.declare.load import Sourced
from penstock.errors import DeclarationError
from penstock.model.code import Code, Piece, placed
from penstock.model.digest import digest_bytes
from penstock.model.step import Step

__all__ = ["Placing"]

_OWN = [str(one) for one in sys.version_info[:2]]


class Placing:
    """Gives steps their places; each is worked out once in a plan. `say` is told what takes long."""

    def __init__(self, settings: Settings, loaded: Sourced | None, say: Callable[[str], None] = lambda _: None) -> None:
        self._settings = settings
        self._loaded = loaded
        self._say = say
        self._beside: list[str] | None = None
        self._sources: dict[str, Piece] | None = None

    def __call__(self, step: Step) -> Step:
        """The step with its place in its closure; as it is, if it has none. Raises `NotFound` or `MissingExtra`."""
        if not step.options.env or self._settings.executor == "inline":
            return step
        return self._in_environment(step)

    def _in_environment(self, step: Step) -> Step:
        if self._beside is None:
            sources = self._loaded.sources() if self._loaded is not None else {}
            self._beside = environments.imported(sources)
        found = environments.lock(step.options.env, self._beside, step.where)
        if step.entry.kind == "pickle" and found.python.split(".")[:2] != _OWN:
            raise DeclarationError(
                f"`{step.name}` is no function of a file, and can't go to Python {found.python}",
                where=step.where,
                hint="Put it into a pipeline file: another Python loads it from there.",
            )
        piece = Piece("environment", "env", found.digest, text=found.text)
        return replace(step, code=placed(step.code, piece, self._files(step.code)))

    def _files(self, code: Code) -> list[Piece]:
        """The files of a closure, byte for byte: what another Python makes of them can't be compared."""
        if self._sources is None:
            sources = self._loaded.sources() if self._loaded is not None else {}
            self._sources = {
                str(path): Piece("source", str(path), digest_bytes(data)) for path, data in sources.items()
            }
        known = self._sources
        if any(piece.kind == "project" for piece in code.pieces):
            return list(known.values())
        return [known[file] for file in sorted({piece.file for piece in code.pieces}) if file in known]
