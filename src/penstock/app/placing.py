"""Where steps run that ask for a place of their own: what that place is, as part of their closures."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from penstock.app.settings import Settings
from penstock.declare.load import Sourced
from penstock.errors import DeclarationError
from penstock.model.code import Code, Piece, placed
from penstock.model.digest import digest_bytes
from penstock.model.step import Step

if TYPE_CHECKING:
    from penstock.app.environments import Lock
    from penstock.executors.engines import Engine

__all__ = ["Placing"]

_OWN = [str(one) for one in sys.version_info[:2]]


class Placing:
    """Gives steps their places; each is worked out once in a plan. `say` is told what takes long. Not `making`, images that
    would be made of environments are only told by their locks."""

    def __init__(
        self,
        settings: Settings,
        loaded: Sourced | None,
        say: Callable[[str], None] = lambda _: None,
        *,
        making: bool = True,
    ) -> None:
        self._settings = settings
        self._loaded = loaded
        self._say = say
        self._making = making
        self._beside: list[str] | None = None
        self._locks: dict[tuple[str, ...], Lock] = {}
        self._engine: Engine | None = None
        self._sources: dict[str, Piece] | None = None

    def __call__(self, step: Step) -> Step:
        """The step with its place in its closure; as it is, if it has none. Raises `NotFound` or `MissingExtra`."""
        options, executor = step.options, self._settings.executor
        if executor == "inline" or options.isolation == "inline":
            return step
        # A valohai.yaml names an image for every step; it is used where containers are asked for.
        if executor == "container" or options.isolation == "container" or (options.image and not step.entry.commands):
            return self._in_container(step)
        return self._in_environment(step) if options.env else step

    def _in_container(self, step: Step) -> Step:
        from penstock.app import images
        from penstock.executors.engines import find_engine

        name = step.options.image or self._settings.image
        if name and step.options.env:
            raise DeclarationError(
                f"`{step.name}` has an `image` and an `env`",
                where=step.where,
                hint="An image brings its own packages: keep one of the two. With `env` alone, an image is made of it.",
            )
        if self._engine is None:
            self._engine = find_engine(step.where)
        if not name and not self._making:
            piece = images.piece_of(self._lock(step))
        elif not name:
            piece = images.made_of(self._engine, self._lock(step), step.where, say=self._say)
        elif images.is_file(name, self._settings.root):
            root, state = self._settings.root, self._settings.state
            piece = images.from_file(self._engine, name, root, step.where, self._say, state)
        else:
            piece = images.look(self._engine, name, step.where)
        options = replace(step.options, isolation="container")
        return replace(step, options=options, code=placed(step.code, piece, self._files(step.code)))

    def image(self, env: Sequence[str] = (), tag: str = "") -> tuple[str, list[str]]:
        """Make the image of an environment, if it is not there; its name, and the packages in it."""
        from penstock.app import images
        from penstock.executors.engines import find_engine

        engine = find_engine()
        piece = images.made_of(engine, self._locked(tuple(env), ""), tag=tag, say=self._say)
        return images.find(piece.digest).name, [one for one in piece.text.splitlines() if "==" in one]

    def _lock(self, step: Step) -> "Lock":
        return self._locked(step.options.env, step.where)

    def _locked(self, env: tuple[str, ...], where: str) -> "Lock":
        from penstock.app import environments

        if self._beside is None:
            self._beside = environments.imported(self._loaded.sources() if self._loaded is not None else {})
        known = self._locks.get(env)
        if known is None:
            known = self._locks[env] = environments.lock(env, self._beside, where)
        return known

    def _in_environment(self, step: Step) -> Step:
        found = self._lock(step)
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
