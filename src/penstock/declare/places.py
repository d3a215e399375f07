"""Which folder a source file belongs to: the project, an installed distribution, the standard library, or Penstock."""

import sys
import sysconfig
from functools import lru_cache
from pathlib import Path

__all__ = ["Place", "inside", "owner_of", "place_of"]

Place = str
"""`project`, `installed`, `stdlib` or `penstock`."""

_SITE = ("/site-packages/", "/dist-packages/")
_OWN = str(Path(__file__).resolve().parent.parent)


def _folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    named = {paths.get("stdlib", ""), paths.get("platstdlib", "")}
    return tuple(sorted({folder for one in named if one for folder in (one, str(Path(one).resolve()))}))


_STDLIB = _folders()


def inside(path: str, folder: str) -> bool:
    """Whether a path lies in a folder (or is it); both absolute.

    >>> inside("/a/bc", "/a/b"), inside("/a/b/c", "/a/b")
    (False, True)
    """
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@lru_cache(maxsize=65536)
def place_of(path: str) -> Place:
    """Whose file an absolute path is. What is neither Penstock's, installed, nor Python's own is the project's.

    >>> import json
    >>> place_of(json.__file__)
    'stdlib'
    """
    if inside(path, _OWN):
        return "penstock"
    normal = path.replace("\\", "/")
    if any(folder in normal for folder in _SITE):
        return "installed"
    if path.startswith("<frozen"):
        return "stdlib"
    if any(inside(path, folder) for folder in _STDLIB):
        return "stdlib"
    return "project"


def owner_of(module: str) -> Place:
    """Whose a top-level module is, as far as its name or the loaded module can tell: `""` if it is not loaded.

    >>> owner_of("json")
    'stdlib'
    """
    if module == "penstock":
        return "penstock"
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    if file:
        return place_of(file)
    if module in sys.builtin_module_names:
        return "stdlib"
    if loaded is None:
        return ""
    folders = [str(one) for one in getattr(loaded, "__path__", ())]
    if folders:
        return place_of(folders[0] + "/")
    return "stdlib" if module in sys.stdlib_module_names else "project"
