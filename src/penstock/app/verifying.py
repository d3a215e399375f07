"""`penstock verify`: check every byte, mend what can be, and say what was lost."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from penstock.app.keeping import makers
from penstock.errors import Corrupt, LedgerError, StoreError
from penstock.model.digest import PREFIX
from penstock.model.holdings import Faults, Figure, Holding, Holdings, Retired
from penstock.ports import Ledger, Store
from penstock.stores.disk import hash_file

__all__ = ["Damage", "User", "Verified", "verify"]

_LEFT = 3600.0  # seconds after which a leftover of a dead process is one
_LOST = "its stored output was found lost or damaged by `penstock verify`"

_What = Literal["blob", "small value", "record", "source"]
_State = Literal["damaged", "missing", "unreadable"]
_Outcome = Literal["restored", "forgotten", "lost", "put aside", "left"]


class User(Struct, frozen=True):
    """Whose something is: an artifact of a step, made in a run ("" for what is not known)."""

    pipeline: str
    artifact: str
    step: str
    run: str


class Damage(Struct, frozen=True):
    """Something that is not as it was written.

    `outcome`: restored from another copy; forgotten, so that the next run makes it again; lost, where nothing can make
    it again; put aside, where nothing needs it; left as it is, where nothing was to be repaired or could be.
    """

    what: _What
    name: str
    state: _State
    outcome: _Outcome
    users: tuple[User, ...] = ()


class Verified(Struct, frozen=True):
    """What was looked at and found: problems of the ledger in words, damage, blobs with their bytes, files put aside
    earlier, leftovers of dead processes with their bytes."""

    problems: tuple[str, ...]
    damaged: tuple[Damage, ...]
    blobs: int
    bytes: int
    quarantined: int
    leftovers: int
    leftover_bytes: int

    @property
    def good(self) -> bool:
        """Whether nothing was damaged."""
        return not self.problems and not self.damaged


def verify(
    ledger: Ledger, store: Store, *, repair: bool, on_blob: Callable[[int, int], None] = lambda _blobs, _bytes: None
) -> Verified:
    """Check ledger and store; with `repair`, mend them. `on_blob` is told how many blobs and bytes were hashed.

    Safe beside runs: what they commit, forget or remove meanwhile is no damage. Raises `LedgerError` where the ledger
    is good and can't be written."""
    problems = ledger.check()
    states, blobs, total = _scan(store, on_blob)
    aside = len(store.quarantined())
    damaged: list[Damage] = []
    try:
        damaged = _Repair(ledger, store, states, repair=repair).all()
    except LedgerError as error:
        if repair and not problems and _readable(ledger, store, states):
            raise  # what failed is the mending
        problems = problems or [error.what]
    left = store.leftovers(_LEFT)
    if repair:
        store.clean(_LEFT)
    return Verified(tuple(problems), tuple(damaged), blobs, total, aside, len(left), sum([size for _, size in left]))


def _readable(ledger: Ledger, store: Store, states: Mapping[str, _State]) -> bool:
    try:
        _Repair(ledger, store, states, repair=False).all()
    except LedgerError:
        return False
    return True


def _scan(store: Store, on_blob: Callable[[int, int], None]) -> tuple[dict[str, _State], int, int]:
    """Hash every blob: those that are not good, how many there are, and their bytes."""
    states: dict[str, _State] = {}
    count = total = 0
    for digest in store.digests():
        count += 1
        total += store.size(digest)
        try:
            if store.inspect(digest) == "damaged":
                states[digest] = "damaged"
        except StoreError:
            states[digest] = "unreadable"
        on_blob(count, total)
    return states, count, total


class _Repair:
    """Follows damage to whose it is, and mends it if it may."""

    def __init__(self, ledger: Ledger, store: Store, states: Mapping[str, _State], *, repair: bool) -> None:
        self._ledger, self._store, self._repair = ledger, store, repair
        self._faults: Faults = ledger.faults()
        self._held = ledger.holdings()
        self._states = {**states, **_missing(self._held, store)}
        self._makers = makers(self._held)

    def all(self) -> list[Damage]:
        """Mend, and say what was found."""
        restored = {digest for digest in self._states if self._repair and self._restored(digest)}
        smalls = {digest for digest in self._faults.smalls if self._repair and self._small_restored(digest)}
        sources = {digest for digest in self._faults.sources if self._repair and self._small_restored(digest)}
        lost = {digest for digest, state in self._states.items() if digest not in restored and state != "unreadable"}
        broken = {digest for digest in self._faults.smalls if digest not in smalls}
        gone = {digest for digest in self._faults.sources if digest not in sources}
        retired = self._retire(lost, broken, gone) if self._repair else Retired()
        return [
            *self._blobs(restored, retired),
            *self._smalls(smalls, retired),
            *self._records(retired),
            *self._sources(sources),
        ]

    # mending

    def _restored(self, digest: str) -> bool:
        """Put a blob's bytes back from another copy: the ledger's, or a file that was put aside and is good."""
        if self._states[digest] == "unreadable":
            return False
        if self._states[digest] == "damaged" and self._store.verify(digest):  # moves it away
            return True  # somebody was faster
        kept = self._ledger.data(digest)
        aside = [
            path
            for path in self._store.quarantined()
            if path.name.startswith(digest.removeprefix(PREFIX)) and _is(path, digest)
        ]
        try:
            if kept is not None:
                with self._store.writer() as writer:
                    writer.write(kept)
                    writer.finish()
            elif aside:
                self._store.adopt(aside[0])
            self._store.sync()
        except StoreError:
            return False
        return kept is not None or bool(aside)

    def _small_restored(self, digest: str) -> bool:
        """Put a small value back into the ledger: from the store, or from the file that it was."""
        try:
            self._ledger.put(bytes(self._store.data(digest)))
            return True
        except (Corrupt, StoreError):
            pass
        lost = self._faults.sources.get(digest)
        for run in lost.runs if lost is not None and lost.path else ():
            path = Path(self._held.runs[run].root, lost.path) if lost and run in self._held.runs else None
            if path is not None and _is(path, digest):
                self._ledger.put(path.read_bytes())
                return self._ledger.data(digest) is not None  # unless the file changed while it was read
        return False

    def _retire(self, lost: set[str], broken: set[str], sources: set[str]) -> Retired:
        records = self._faults.executions | {one for digest in broken for one in self._faults.smalls[digest]}
        snapshots = [self._faults.sources[digest] for digest in sources]
        forgone = {Figure(run, "snapshot", one.snapshot) for one in snapshots for run in one.runs}

        def choose(held: Holdings) -> Retired:
            gone = {digest for digest in lost if not self._store.has(digest)}
            executions = [
                number
                for number, one in held.executions.items()
                if one.state != "forgotten" and (number in records or not gone.isdisjoint(one.blobs))
            ]
            figures = forgone.union([one for one in held.figures if one.blob in gone])
            return Retired(frozenset(executions), frozenset(figures), frozenset(broken))

        return self._ledger.retire(choose, _LOST)

    # telling

    def _blobs(self, restored: set[str], retired: Retired) -> Iterator[Damage]:
        for digest, state in sorted(self._states.items()):
            users = self._makers.get(digest, [])
            outcome: _Outcome = "put aside" if state == "damaged" else "lost"
            if not self._repair or state == "unreadable":
                outcome = "left"
            elif digest in restored:
                outcome = "restored"
            elif any(isinstance(one, Holding) and one.sequence in retired.executions for one, _ in users):
                outcome = "forgotten"
            elif users:
                outcome = "lost"
            yield Damage("blob", digest, state, outcome, tuple([self._user(*one) for one in users]))

    def _smalls(self, restored: set[str], retired: Retired) -> Iterator[Damage]:
        for digest, numbers in self._faults.smalls.items():
            if digest in self._faults.sources:
                continue
            outcome: _Outcome = "forgotten" if retired.executions.intersection(numbers) else "lost"
            if digest in restored or not self._repair:
                outcome = "restored" if digest in restored else "left"
            state: _State = "missing" if digest in self._faults.missing else "damaged"
            yield Damage("small value", digest, state, outcome, self._of(numbers))

    def _records(self, retired: Retired) -> Iterator[Damage]:
        for number in sorted(self._faults.executions):
            outcome: _Outcome = "forgotten" if number in retired.executions else "left"
            yield Damage("record", self._held.executions[number].key, "damaged", outcome, self._of([number]))

    def _sources(self, restored: set[str]) -> Iterator[Damage]:
        for digest, lost in sorted(self._faults.sources.items()):
            outcome: _Outcome = "restored" if digest in restored else "lost" if self._repair else "left"
            pipelines = [self._held.runs[run].pipeline if run in self._held.runs else "" for run in lost.runs]
            users = tuple([User(name, "", "", run) for name, run in zip(pipelines, lost.runs, strict=True)])
            yield Damage("source", lost.path or digest, "missing", outcome, users)

    def _of(self, numbers: Iterable[int]) -> tuple[User, ...]:
        found = [self._held.executions[one] for one in numbers if one in self._held.executions]
        return tuple([User(one.pipeline, "", one.step, one.run) for one in found])

    def _user(self, maker: Holding | Figure, artifact: str) -> User:
        if isinstance(maker, Holding):
            return User(maker.pipeline, artifact, maker.step, maker.run)
        run = self._held.runs.get(maker.run)
        return User(run.pipeline if run else "", artifact, "", maker.run)


def _missing(held: Holdings, store: Store) -> dict[str, _State]:
    """The blobs that something counts on and that are not there."""
    wanted = {one.blob for one in held.figures}
    for one in held.executions.values():
        if one.state != "forgotten":
            wanted.update(one.blobs)
    return {digest: "missing" for digest in sorted(wanted) if not store.has(digest)}


def _is(path: Path, digest: str) -> bool:
    """Whether a file has the content of this digest."""
    try:
        with path.open("rb") as file:
            return PREFIX + hash_file(file.fileno(), os.fstat(file.fileno()).st_size) == digest
    except (OSError, ValueError):
        return False
