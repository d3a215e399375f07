"""`penstock gc`: let go of what nothing needs.

First the ledger stops offering executions, then their blobs are removed: killed anywhere between, blobs are left that
nobody names, which the next time removes, and no execution is offered whose blob is gone.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from penstock.app.keeping import DAY, Keeping, keeping, makers
from penstock.model.holdings import Figure, Holdings
from penstock.ports import Ledger, Store
from penstock.work.room import abandoned

__all__ = ["Collected", "Pile", "collect"]

_LEFT = 3600.0  # seconds after which a leftover of a dead process is one
_PAUSE = 5.0  # seconds in which a run that planned before we looked has told what it reuses


class Pile(Struct, frozen=True):
    """Things of one sort that go, and their bytes. For blobs: of which pipeline and artifact ("" for blobs that no
    execution names: work that was never committed)."""

    count: int = 0
    bytes: int = 0
    pipeline: str = ""
    artifact: str = ""

    def plus(self, size: int) -> "Pile":
        """With one more."""
        return Pile(self.count + 1, self.bytes + size, self.pipeline, self.artifact)


class Collected(Struct, frozen=True):
    """What went, or would go: blobs by artifact, the largest first; executions that are no longer offered; folders of
    logs and checkpoints, files in quarantine, downloads, leftovers. `kept` and `young` are blobs that stay."""

    done: bool
    runs: int
    executions: int
    artifacts: tuple[Pile, ...]
    logs: Pile
    checkpoints: Pile
    quarantine: Pile
    downloads: Pile
    leftovers: Pile
    kept: Pile
    young: Pile

    @property
    def bytes(self) -> int:
        """All that was or would be freed."""
        piles = (*self.artifacts, self.logs, self.checkpoints, self.quarantine, self.downloads, self.leftovers)
        return sum([one.bytes for one in piles])


def collect(
    ledger: Ledger,
    store: Store,
    state: Path,
    *,
    days: float,
    remove: bool,
    pause: float = _PAUSE,
    ages: Mapping[str, float] | None = None,
    on_blob: Callable[[int], None] = lambda _: None,
) -> Collected:
    """Find what nothing needs, and with `remove` let go of it. `state` is the folder of logs and checkpoints; `on_blob`
    is told how many blobs were looked at; `ages` are other limits `young` and `settled` for `keeping`. Safe beside runs:
    `pause` seconds pass between forgetting and removing."""
    now = time.time()

    def ask(held: Holdings) -> Keeping:
        return keeping(held, now=now, days=days, **(ages or {}))

    held = ledger.holdings()
    plan = ask(held)
    needed = plan.blobs
    executions = len(plan.retired.executions)
    if remove:
        retired = ledger.retire(lambda found: ask(found).retired, "removed by `penstock gc`")
        executions = len(retired.executions)
        if retired.executions:
            time.sleep(pause)
        held = ledger.holdings()
        plan = ask(held)
        needed = plan.blobs | _counted_on(held)
    blobs = _Blobs(store, held, plan, needed)
    for place, digest in enumerate(store.digests(), 1):
        blobs.look(digest, remove=remove)
        on_blob(place)
    return Collected(
        remove,
        len(plan.runs),
        executions,
        tuple(sorted(blobs.gone.values(), key=lambda one: (-one.bytes, one.pipeline, one.artifact))),
        _clear(_old_logs(state / "logs", plan, held, now - days * DAY), remove=remove),
        _clear(_old_checkpoints(state / "checkpoints", plan, now - days * DAY), remove=remove),
        _clear(_old_quarantine(store, now - days * DAY), remove=remove),
        _clear(_old_downloads(state / "downloads", now, days), remove=remove),
        _leftovers(store, state, remove=remove),
        blobs.kept,
        blobs.young,
    )


def _counted_on(held: Holdings) -> set[str]:
    """The blobs of all that is offered: whatever a plan says, these stay."""
    found = {one.blob for one in held.figures}
    for one in held.executions.values():
        if one.state != "forgotten":
            found.update(one.blobs)
    return found


class _Blobs:
    """Looks at blobs one by one, and counts."""

    def __init__(self, store: Store, held: Holdings, plan: Keeping, needed: frozenset[str]) -> None:
        self._store, self._makers, self._plan, self._needed = store, makers(held), plan, needed
        self._pipelines = {one.id: one.pipeline for one in held.runs.values()}
        self.gone: dict[tuple[str, str], Pile] = {}
        self.kept = self.young = Pile()

    def look(self, digest: str, *, remove: bool) -> None:
        """Count a blob, and remove it if it is to go."""
        size = self._store.size(digest)
        if digest in self._needed:
            self.kept = self.kept.plus(size)
            return
        limit = self._plan.settled if digest in self._makers else self._plan.young
        if remove:
            freed = self._store.collect(digest, limit)
            stays = not freed and self._store.has(digest)
        else:
            stays = self._store.age(digest) < limit
        if stays:
            self.young = self.young.plus(size)
            return
        name = self._name(digest)
        self.gone[name] = self.gone.get(name, Pile(0, 0, *name)).plus(size)

    def _name(self, digest: str) -> tuple[str, str]:
        for maker, artifact in self._makers.get(digest, ()):
            if isinstance(maker, Figure):
                return self._pipelines.get(maker.run, ""), artifact
            return maker.pipeline, artifact
        return "", ""


def _old_logs(folder: Path, plan: Keeping, held: Holdings, since: float) -> Iterator[Path]:
    for path in _inside(folder):
        if path.name in held.runs:
            if path.name not in plan.sources:
                yield path
        elif _changed(path) < since:
            yield path


def _old_checkpoints(folder: Path, plan: Keeping, since: float) -> Iterator[Path]:
    going_on = {
        key[7:23] for key in plan.open
    }  # see work/task.py: a folder is named by its step and its key's beginning
    for path in _inside(folder):
        if path.name.rpartition("-")[2] not in going_on and _changed(path) < since:
            yield path


def _old_quarantine(store: Store, since: float) -> Iterator[Path]:
    for path in store.quarantined():
        try:
            if path.lstat().st_ctime < since:  # when it was moved there
                yield path
        except FileNotFoundError:
            continue


def _old_downloads(folder: Path, now: float, days: float) -> Iterator[Path]:
    """Files of remote inputs that no step has taken for so long, and what half-done downloads left; see work/remote.py."""
    for path in _inside(folder):
        since = now - (_LEFT if path.name.startswith(".") else max(days * DAY, _LEFT))  # a step may be about to copy it
        if _changed(path) < since:
            yield path


def _leftovers(store: Store, state: Path, *, remove: bool) -> Pile:
    found = store.leftovers(_LEFT)
    if remove:
        store.clean(_LEFT)
    rooms = _clear(iter(abandoned(state / "jobs")), remove=remove)
    return Pile(len(found) + rooms.count, sum([size for _, size in found]) + rooms.bytes)


def _clear(paths: Iterator[Path], *, remove: bool) -> Pile:
    pile = Pile()
    for path in paths:
        pile = pile.plus(_weigh(path))
        if remove and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif remove:
            path.unlink(missing_ok=True)
    return pile


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _parts(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir() and not path.is_symlink():
        yield from path.rglob("*")


def _changed(path: Path) -> float:
    """When a folder or anything in it was last written; now, where that can't be said."""
    try:
        return max([one.lstat().st_mtime for one in _parts(path)])
    except OSError:
        return time.time()


def _weigh(path: Path) -> int:
    total = 0
    for one in _parts(path):
        try:
            found = one.lstat()
        except OSError:
            continue
        total += 0 if one.is_dir() and not one.is_symlink() else found.st_size
    return total
