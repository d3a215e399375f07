"""The names that a session's folders offer to imports: a module that appears may hide another, or make a fallback needless."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Folders"]

_SOURCES = (".py", ".so", ".pyd")
# Nanoseconds within which two changes may bear one time: on file systems that count in seconds, and on all others.
_COARSE, _FINE = 2_000_000_000, 100_000_000


class Folders:
    """The folders that modules were imported from, with the modules and packages in each.

    Cheap to ask: a folder is listed again only after something was put there or taken away.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self._known = {folder: _listed(folder) for folder in dict.fromkeys(folders)}

    def changed(self) -> list[Path]:
        """The files and packages that appeared or went."""
        found: list[Path] = []
        for folder, (stamp, racy, names) in self._known.items():
            now = _stamp(folder)
            if now == stamp and not racy:
                continue
            fresh = _listed(folder)
            found.extend([Path(folder, one) for one in sorted(fresh[2] ^ names)])
            self._known[folder] = (fresh[0], fresh[1], names)
        return found


def _stamp(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - a text path, many times
    except OSError:
        return 0


def _listed(folder: str) -> tuple[int, bool, frozenset[str]]:
    """When something was last put into a folder, whether that is too fresh to go by, and its modules and packages."""
    before, stamp = time.time_ns(), _stamp(folder)
    names = []
    try:
        with os.scandir(folder) as entries:
            for one in entries:
                name = one.name
                package = "." not in name and os.access(f"{folder}/{name}/__init__.py", os.F_OK)
                if package or name.endswith(_SOURCES):
                    names.append(name)
    except OSError:
        pass
    grain = _FINE if stamp % 1_000_000_000 else _COARSE
    return stamp, stamp > before - grain, frozenset(names)
