"""The sources of a run, from the snapshot that it stored, in a folder of their own."""

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
    """Write the sources of a run below a folder, as they were; those that lie outside of the project and are another now.

    Files outside of the project are imported from where they are, as other projects do. Raises like `snapshot_of`.
    """
    moved = []
    for path, content in snapshot_of(run, ledger).items():
        pure = PurePosixPath(path)
        if pure.is_absolute():
            if not _same(Path(path), content):
                moved.append(path)
            continue
        if ".." in pure.parts:
            raise Corrupt(f"the snapshot of run {run.id} names a file outside of the project: {path}")
        place = folder / pure
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return moved


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
