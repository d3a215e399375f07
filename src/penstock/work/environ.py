"""Environment variables that a step asks for, noticed as they are asked for: many are named by computed text.

Only what the user's own code asks for counts, itself or through what reads settings for it. To go through all
variables, or to hand all of them to a program, is not to ask for each.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from penstock.model.digest import digest_variable
from penstock.model.task import ABSENT, PREPARED
from penstock.work.failures import is_user_file, relative

__all__ = ["Asked", "notice"]

# Through these the user's own code asks.
_BETWEEN = re.compile(
    r"^<frozen (os|_collections_abc)>|[/\\](os|_collections_abc)\.py$|"
    r"[/\\](environs|decouple|pydantic_settings|dotenv|dynaconf|omegaconf|configargparse|click)([/\\]|\.py$)"
)


class Asked:
    """The variables that one attempt asked for: by `$name`, the user's line and the digest of what it was told."""

    def __init__(self, root: str) -> None:
        self.found: dict[str, tuple[str, str]] = {}
        self._root = root
        self._own: set[str] = set()

    def took(self, name: str, value: str | None) -> None:
        """A variable was asked for, and had this value."""
        shown = f"${name}"
        if shown in self.found or name in self._own or name in PREPARED or name.startswith("PENSTOCK_"):
            return
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and _BETWEEN.search(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is not None and is_user_file(frame.f_code.co_filename):
            where = f"{relative(frame.f_code.co_filename, self._root)}:{frame.f_lineno}"
            self.found[shown] = (where, ABSENT if value is None else digest_variable(value))

    def gave(self, name: str) -> None:
        """The attempt sets a variable itself: what it reads of it then is its own."""
        self._own.add(name)


_asked: Callable[[], Asked | None] = lambda: None  # noqa: E731 - until `notice` says better


class _Walk:
    """How far a walk over all variables has come: it asks for each as it gets its name, or for all in the same order."""

    current = ""
    coming: Iterator[str] = iter(())
    following = ""


class _Environment(os._Environ[str]):
    def __getitem__(self, key: str) -> str:
        asked = _asked()
        if asked is None or key == _Walk.current:
            return super().__getitem__(key)
        if key == _Walk.following:
            _Walk.following = next(_Walk.coming, "")
            return super().__getitem__(key)
        try:
            value = super().__getitem__(key)
        except KeyError:
            asked.took(key, None)
            raise
        asked.took(key, value)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        asked = _asked()
        if asked is not None:
            asked.gave(key)
        super().__setitem__(key, value)

    def __iter__(self) -> Iterator[str]:
        names = list(super().__iter__())
        for key in names:
            _Walk.current = key
            yield key
        _Walk.current = ""
        _Walk.coming = iter(names)
        _Walk.following = next(_Walk.coming, "")


def notice(asked: Callable[[], Asked | None]) -> None:
    """From now on tell whom `asked` gives what this process asks of its environment."""
    global _asked  # noqa: PLW0603 - there is one environment in a process
    _asked = asked
    if type(os.environ) is os._Environ:
        os.environ.__class__ = _Environment
