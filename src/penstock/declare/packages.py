"""Which installed distribution an imported name comes from, and its version.

`importlib.metadata` reads and parses hundreds of files for this. Here the folders' listings do: a distribution's folder
is named by its name and version; only where the import name differs are `top_level.txt` and `RECORD` read, and what they say
is kept beside the listing that it was true for.
"""

import contextlib
import os
import sys
from pathlib import Path

import msgspec
from blake3 import blake3

__all__ = ["Packages"]

# Import names that differ from the distribution's; each is verified against what is installed.
_KNOWN = {
    "sklearn": ("scikit_learn",),
    "yaml": ("pyyaml",),
    "PIL": ("pillow",),
    "cv2": ("opencv_python", "opencv_python_headless", "opencv_contrib_python"),
    "dateutil": ("python_dateutil",),
    "bs4": ("beautifulsoup4",),
    "dotenv": ("python_dotenv",),
    "skimage": ("scikit_image",),
    "attr": ("attrs",),
    "xgboost": ("xgboost", "xgboost_cpu"),
    "polars": ("polars", "polars_lts_cpu", "polars_u64_idx"),
}


class Packages:
    """Installed distributions, listed once and named by what is imported from them."""

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._listed: dict[str, tuple[str, str, str]] | None = None  # normal name -> (name, version, folder)
        self._found: dict[str, tuple[tuple[str, str], ...]] = {}
        self._tops: dict[str, list[str]] | None = None

    def of(self, top: str) -> tuple[tuple[str, str], ...]:
        """Name and version of each distribution that provides a top-level module; empty where none does."""
        found = self._found.get(top)
        if found is None:
            found = self._found[top] = self._look(top)
        return found

    def _look(self, top: str) -> tuple[tuple[str, str], ...]:
        listed = self._list()
        plain = _normal(top)
        candidates = [name for name in _KNOWN.get(top, (plain,)) if name in listed]
        if not candidates:
            candidates = [name for name in self._providers().get(top, ()) if name in listed]
        return tuple([(listed[name][0], _version(listed[name])) for name in candidates])

    def beside(self, top: str, folder: str) -> tuple[tuple[str, str], ...]:
        """The distributions of a module whose metadata lies in the same folder as the module."""
        listed = self._list()
        found = [listed[name] for name in _KNOWN.get(top, (_normal(top),)) if name in listed]
        return tuple([(one[0], _version(one)) for one in found if one[2].rpartition("/")[0] == folder])

    def _list(self) -> dict[str, tuple[str, str, str]]:
        if self._listed is None:
            self._listed = {}
            for folder in sys.path:
                with contextlib.suppress(OSError):
                    for name in sorted(os.listdir(folder or ".")):  # noqa: PTH208 - names alone, of large folders
                        if name.endswith((".dist-info", ".egg-info")):
                            stem = name.rpartition(".")[0]
                            title, _, version = stem.partition("-")
                            version = version.partition("-py")[0]
                            self._listed.setdefault(
                                _normal(title), (title.replace("_", "-"), version, f"{folder}/{name}")
                            )
        return self._listed

    def _providers(self) -> dict[str, list[str]]:
        """Top-level module → distributions, from what each distribution says of itself."""
        if self._tops is None:
            listed = self._list()
            mark = blake3("\n".join(sorted(one[2] for one in listed.values())).encode()).hexdigest()
            kept = self._cache / f"packages-{mark[:24]}" if self._cache is not None else None
            if kept is not None:
                with contextlib.suppress(OSError, msgspec.MsgspecError):
                    self._tops = msgspec.json.decode(kept.read_bytes(), type=dict[str, list[str]])
                    return self._tops
            self._tops = {}
            for name, (_, _, folder) in listed.items():
                for top in _provided(Path(folder)):
                    self._tops.setdefault(top, []).append(name)
            if kept is not None:
                beside = kept.with_name(f".{kept.name}.{os.getpid()}")
                with contextlib.suppress(OSError):
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    beside.write_bytes(msgspec.json.encode(self._tops))
                    beside.replace(kept)
        return self._tops


def _version(listed: tuple[str, str, str]) -> str:
    """The version as the metadata says it; the folder's name says the same, unless somebody altered it by hand."""
    for name in ("METADATA", "PKG-INFO"):
        with contextlib.suppress(OSError), open(f"{listed[2]}/{name}", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            for line in file:
                if line[:8].lower() == "version:":
                    return line[8:].strip()
                if not line.strip():
                    break
    return listed[1]


def _provided(folder: Path) -> set[str]:
    found: set[str] = set()
    with contextlib.suppress(OSError, ValueError):
        found |= set((folder / "top_level.txt").read_text("utf-8").split())
        if found:
            return found
    with contextlib.suppress(OSError, ValueError):
        for line in (folder / "RECORD").read_text("utf-8").splitlines():
            path = line.partition(",")[0]
            top, slash, _ = path.partition("/")
            if slash and not top.endswith((".dist-info", ".data")) and top not in ("..", "__pycache__"):
                found.add(top)
            elif not slash and path.endswith((".py", ".so", ".pyd")):
                found.add(path.partition(".")[0])
    return found


def _normal(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")
