"""The sources of a run, from the snapshot that it stored, in a folder of their own."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import msgspec

from penstock.errors import Corrupt, NotFound
from penstock.model.digest import digest_bytes
from penstock.model.run import Run
from penstock.ports import Ledger

__all__ = ["restore", "snapshot_of"]


def snapshot_of(run: Run, ledger: Ledger) -> dict[str, bytes]:
    """Each source file of a run, by its path relative to the project (absolute for those outside of it).

    Raises `NotFound` for a run that stored none, `Corrupt` where one is gone or damaged.
    """
    if not run.snapshot:
        raise NotFound(
            f"run {run.id} stored no sources: its pipeline was composed in Python or a notebook",
            hint="Only runs of a pipeline file can be done again from what was stored.",
        )
    listed = _kept(ledger, run.snapshot, "the list of its sources")
    digests = msgspec.json.decode(listed, type=dict[str, str])
    return {path: _kept(ledger, digest, f"its source {path}") for path, digest in digests.items()}


def restore(run: Run, ledger: Ledger, folder: Path) -> list[str]:
    """Write the sources of a run below a folder, as they were.

    Sources outside of the project are imported from where they are while they are as they were; a package of which some
    are not is put beside the project's own, where it is found first. Returns those that are others now and could not be
    put there. Raises like `snapshot_of`.
    """
    outside: dict[str, bytes] = {}
    for path, content in snapshot_of(run, ledger).items():
        pure = PurePosixPath(path)
        if pure.is_absolute():
            outside[path] = content
            continue
        if ".." in pure.parts:
            raise Corrupt(f"the snapshot of run {run.id} names a file outside of the project: {path}")
        _write(folder / pure, content)
    changed = [path for path, content in outside.items() if not _same(Path(path), content)]
    homes = {path: _home(path, outside) for path in outside}
    packages = {(homes[path], _top(path, homes[path])) for path in changed}
    taken = {top for _, top in packages if (folder / top).exists()}
    for path, content in outside.items():
        top = _top(path, homes[path])
        if (homes[path], top) in packages and top not in taken:
            _write(folder / PurePosixPath(path).relative_to(homes[path]), content)
    return [path for path in changed if _top(path, homes[path]) in taken]


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def _home(path: str, known: Mapping[str, bytes]) -> str:
    """The folder that a source outside of the project is imported from: that which holds its outermost package."""
    folder = PurePosixPath(path).parent
    while f"{folder}/__init__.py" in known or Path(folder, "__init__.py").exists():
        folder = folder.parent
    return str(folder)


def _top(path: str, home: str) -> str:
    return PurePosixPath(path).relative_to(home).parts[0]


def _kept(ledger: Ledger, digest: str, what: str) -> bytes:
    data = ledger.data(digest)
    if data is None:
        raise Corrupt(f"{what} is no longer in the ledger", hint="`penstock verify` tells what else is gone.")
    if digest_bytes(data) != digest:
        raise Corrupt(f"{what} is damaged", hint="`penstock verify` may restore it from the project.")
    return data


def _same(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False
