"""A ledger in tables of SQL, whatever database keeps them: what is written in which transaction, and what is asked.

Commits are durable when they return; leases and progress may be lost to a power cut (and only to one), which costs
nothing but doing work again. See docs/explanation/storage.md.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

from penstock.errors import LeaseLost, LedgerError, NotFound
from penstock.ledger import codes, executions, health, history, keeping, leases
from penstock.ledger.session import Session, Transactions, in_doubt
from penstock.ledger.writing import append, appended, commit_once, committed_before
from penstock.model.code import Code
from penstock.model.event import (
    Begun,
    Committed,
    Event,
    Expected,
    Measured,
    Produced,
    Progressed,
    Queued,
    Record,
    RunStarted,
    Sampled,
)
from penstock.model.holdings import Faults, Holdings, Retired
from penstock.model.run import Execution, Run
from penstock.ports import Clock, Lease

__all__ = ["SqlLedger"]

_GRACE = 60.0  # seconds that a new run is believed to live before its runner has claimed `run:<id>`
_PASSING = (Queued, Begun, Expected, Progressed, Sampled, Measured, Produced)  # what a power cut may make forgotten
_PAGE = 500  # executions read at once
_STAT = (
    "INSERT INTO stats VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
    "size = excluded.size, mtime = excluded.mtime, inode = excluded.inode, digest = excluded.digest"
)
_NAME = (
    "INSERT INTO names VALUES (?, ?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET "
    "target = excluded.target, time = excluded.time"
)


T = TypeVar("T")


class SqlLedger:
    """The append-only memory of events in the tables of a database that `transactions` are done in.

    `clock` tells when things happened; `boot` names the start of the clock that leases run on, and `_moment` asks it.
    """

    location: str

    def __init__(self, transactions: Transactions, clock: Clock, boot: str) -> None:
        self._connections = transactions
        self._clock = clock
        self._boot = boot
        self._known_codes: set[str] = set()
        self._known: history.Known = {}
        self._awaited: set[str] = set()  # keys that others held when they were last asked for
        self._runs: dict[str, tuple[str, int]] = {}  # owner and fence of the runs that this object claimed

    def writing(self, work: Callable[[Session], T]) -> T:
        """What `work` gives, within one durable transaction that nobody else writes beside. It may be called twice."""
        return self._connections.writing(work)

    def reading(self, work: Callable[[Session], T]) -> T:
        """What `work` gives, within one transaction that reads."""
        return self._connections.reading(work)

    def _moment(self, session: Session) -> float:
        """Now, on the clock of leases."""
        raise NotImplementedError

    # writing

    def record(self, run: str, events: Sequence[Event]) -> None:
        """Append events of a run and bring the derived tables up to date. The first is `RunStarted`.

        Durable, unless all of them only tell of work under way. Raises `LeaseLost` if another process has taken the
        run over, `NotFound` if there is no such run.
        """
        if not events:
            return
        passing = all(type(event) in _PASSING for event in events)
        now = self._clock.now()

        def work(session: Session) -> bool:
            if in_doubt(session) and appended(session, run, events, now):
                return True
            self._check_run(session, run)
            if any(type(event) is RunStarted for event in events):
                self._expect_runner(session, run)
            return append(session, run, events, now, {})

        if not self._connections.writing(work, durable=not passing):
            raise NotFound(f"there is no run `{run}`", hint="The first event of a run is RunStarted.")

    def commit(
        self,
        run: str,
        executions: Sequence[Execution],
        fences: Mapping[str, int],
        events: Sequence[Event] = (),
        replace: Iterable[str] = (),
    ) -> tuple[str, ...]:
        """Commit executions once each, release their leases and append `events` (and a `Committed` for each), in one
        durable transaction. Returns the keys refused, whose executions are not written: those whose fence is not that
        of a lease held now. (The events are.) (Claim such a key again: if it is granted and still not found, its work may be committed
        under the new fence.) Keys without a fence are not guarded.

        A key that another run has committed keeps that execution, except those in `replace` (work that people asked
        to do again). Doing it again is harmless. Without a record of the run only the executions are kept.
        """
        now, again_wanted = self._clock.now(), set(replace)

        def work(session: Session) -> set[str]:
            self._check_run(session, run)
            refused = leases.stale(session, fences, self._moment(session), self._boot)
            refused -= committed_before(session, [one for one in executions if one.key in refused])
            kept = [one for one in executions if one.key not in refused]
            numbers, again = commit_once(session, kept, again_wanted - refused)
            new = [one for one in kept if one.key not in again]
            told = [*events, *map(Committed, new)]
            # Else this very commit was done before, with its events.
            if (new or not again) and not (in_doubt(session) and appended(session, run, told, now)):
                append(session, run, told, now, numbers)
            session.executemany(
                "DELETE FROM leases WHERE key = ? AND fence = ?",
                [(one.key, fences[one.key]) for one in kept if one.key in fences],
            )
            return refused

        refused = self._connections.writing(work)
        return tuple([one.key for one in executions if one.key in refused])

    def save_codes(self, closures: Iterable[Code]) -> None:
        """Keep closures; those already known are passed over cheaply."""
        wanted = {code.digest: code for code in closures if code.digest not in self._known_codes}
        if not wanted:
            return
        new = self._connections.reading(lambda session: codes.unknown(session, wanted), moment=False)
        if new:
            listed = [wanted[digest] for digest in sorted(new)]
            self._connections.writing(lambda session: codes.save(session, listed))
        self._known_codes.update(wanted)

    def put(self, data: bytes) -> str:
        """Keep a small value outside an execution; its digest."""
        return self._connections.writing(lambda session: executions.keep(session, data))

    # asking

    def find(self, keys: Iterable[str]) -> dict[str, Execution]:
        """The committed executions of these keys; those that were forgotten, and those of steps that are never
        reused, are not among them. One whose record is damaged is forgotten."""
        wanted = list(keys)
        found, damaged = self._connections.reading(lambda session: executions.find(session, wanted), moment=False)
        if damaged:  # not offered, and not in the way of doing the work again
            self._connections.writing(lambda session: executions.give_up(session, damaged))
        return found

    def recent(self, pipeline: str) -> dict[str, Execution]:
        """The newest execution of each step of a pipeline, by step, forgotten ones included (for reasons)."""
        return self._connections.reading(lambda session: executions.recent(session, pipeline))

    def forget(self, keys: Iterable[str], reason: str) -> None:
        """Stop offering executions for reuse (their outputs were lost); history keeps them."""
        listed = list(keys)
        self._connections.writing(lambda session: executions.forget(session, listed, reason))

    def code(self, digest: str) -> Code | None:
        """A closure, whole."""
        return self._connections.reading(lambda session: codes.load(session, digest), moment=False)

    def data(self, digest: str) -> bytes | None:
        """A small value that the ledger itself keeps (an output's `Stored.data`, or from `put`)."""
        return self._connections.reading(lambda session: executions.small(session, digest), moment=False)

    # leases

    def claim(self, keys: Sequence[str], owner: str, seconds: float) -> dict[str, Lease]:
        """Claim each key that nobody else holds; for the others, the lease of the one who does. Own leases are kept,
        and prolonged. A run's own key is `run:<id>`: once it is claimed here, no other process may add to the run
        unnoticed."""
        return self._claim(keys, owner, seconds, finding=False)[0]

    def claim_undone(
        self, keys: Sequence[str], owner: str, seconds: float
    ) -> tuple[dict[str, Lease], dict[str, Execution]]:
        """`claim` and `find` at one moment: the leases of these keys, and the executions that are offered for them."""
        return self._claim(keys, owner, seconds, finding=True)

    def _claim(
        self, keys: Sequence[str], owner: str, seconds: float, *, finding: bool
    ) -> tuple[dict[str, Lease], dict[str, Execution]]:
        if not keys:
            return {}, {}
        if not owner:
            raise LedgerError("A lease needs an owner", hint="Give a text that no other process gives.")
        if not self._awaited.isdisjoint(keys):  # who waits asks often, and need not write each time
            others = self._connections.reading(
                lambda session: leases.taken(session, keys, owner, self._moment(session), self._boot), moment=False
            )
            if others is not None:
                return others, self.find(keys) if finding else {}

        def work(session: Session) -> tuple[dict[str, Lease], dict[str, Execution]]:
            found = leases.claim(session, keys, owner, seconds, self._moment(session), self._boot)
            if not finding:
                return found, {}
            done, damaged = executions.find(session, keys)
            if damaged:
                executions.give_up(session, damaged)
            return found, done

        found, done = self._connections.writing(work, durable=False)
        for key, lease in found.items():
            if lease.owner != owner:
                self._awaited.add(key)
                continue
            self._awaited.discard(key)
            if key.startswith("run:"):
                self._runs[key[4:]] = (owner, lease.fence)
        return found, done

    def renew(self, owner: str, seconds: float) -> int:
        """Prolong all leases of an owner; how many it still holds. One that ran out is lost, even if nobody took it."""
        return self._connections.writing(
            lambda session: leases.renew(session, owner, seconds, self._moment(session), self._boot), durable=False
        )

    def release(self, owner: str, keys: Iterable[str] | None = None) -> None:
        """Give leases back (all of them if no keys are named)."""
        listed = None if keys is None else list(keys)
        for run, (holder, _) in list(self._runs.items()):
            if holder == owner and (listed is None or f"run:{run}" in listed):
                del self._runs[run]
        self._connections.writing(lambda session: leases.release(session, owner, listed), durable=False)

    def owner(self, key: str) -> str:
        """Who holds a key now; "" if nobody does. A run is driven by whoever holds `run:<id>`."""
        return self._connections.reading(
            lambda session: leases.owner(session, key, self._moment(session), self._boot), moment=False
        )

    # history

    def runs(self, limit: int = 50, pipeline: str = "") -> list[dict[str, Any]]:
        """Newest first: `{"run", "pipeline", "status", "started", "seconds", "metrics", "name", "tags", "tolerated"}`; `metrics`
        maps `step.name` to its value, `tolerated` counts the steps that failed and were tolerated."""
        return self._connections.reading(
            lambda session: history.runs(session, limit, pipeline, self._alive(session), self._known)
        )

    def run(self, prefix: str) -> Run:
        """The run of an id, of a unique prefix of one, of a name or tag, of `last`, or of `last~N`. Raises `NotFound`
        with close matches."""
        return self._connections.reading(lambda session: history.run(session, prefix))

    def status(self, run: str) -> str:
        """The status of a run; one whose process died reads `failed` once its leases expired."""
        return self._connections.reading(lambda session: history.status(session, run, self._alive(session)))

    def steps(self, run: str) -> list[dict[str, Any]]:
        """Each step of a run, in the order of the graph (children after the step that grew them): `{"step", "kind",
        "status", "reasons", "key", "attempts", "started", "ended", "seconds", "cpu_seconds", "peak_memory", "metrics",
        "error", "log", "execution", "question", "by", "reason"}`."""
        return self._connections.reading(lambda session: history.steps(session, run, self._alive(session)))

    def timings(self, pipeline: str, step: str, limit: int = 20) -> list[float]:
        """The seconds that the last attempts at a step took which succeeded, newest first; for a part of a step that grew
        (`fit[3]`), those of all its parts. Runs long ago are not looked at."""
        return self._connections.reading(lambda session: history.timings(session, pipeline, step, limit))

    def events(self, run: str, after: int = 0, kinds: Collection[type] = ()) -> list[Record]:
        """The events of a run with a number above `after`, in order; only those of these classes, where any are given."""
        names = [one.__name__ for one in kinds]
        return self._connections.reading(lambda session: history.events(session, run, after, names))

    def executions(self, pipeline: str = "", step: str = "") -> Iterator[Execution]:
        """Executions, oldest first, whatever became of them."""
        after = 0
        while True:
            found = self._connections.reading(
                lambda session, after=after: executions.page(session, pipeline, step, after, _PAGE)  # type: ignore[misc]
            )
            if not found:
                return
            yield from found.values()
            after = max(found)

    # files whose content was hashed

    def stats(self) -> dict[str, tuple[int, int, int, str]]:
        """For each absolute path known: (size, mtime in ns, inode, digest), to re-check cheaply."""
        rows = self._connections.reading(
            lambda session: session.execute("SELECT path, size, mtime, inode, digest FROM stats").fetchall(),
            moment=False,
        )
        return {row[0]: row[1:] for row in rows}

    def save_stats(self, stats: Mapping[str, tuple[int, int, int, str]]) -> None:
        """Remember what was hashed. (A path that is no valid text is not remembered, and hashed again each time.)"""
        rows = [(path, *found) for path, found in stats.items() if _storable(path)]
        if rows:
            self._connections.writing(lambda session: session.executemany(_STAT, rows), durable=False)

    # keeping house

    def tag(self, kind: str, target: str, name: str) -> None:
        """Give something (`kind` is `run`, `artifact` …) a name of its own; an older thing of that name loses it."""
        row = (kind, name, target, self._clock.now())
        self._connections.writing(lambda session: session.execute(_NAME, row))

    def untag(self, kind: str, name: str) -> bool:
        """Take a name away; whether it was there."""
        untag = "DELETE FROM names WHERE kind = ? AND name = ?"
        count: int = self._connections.writing(lambda session: session.execute(untag, (kind, name)).rowcount)
        return count > 0

    def tagged(self, kind: str) -> dict[str, str]:
        """The names of a kind, and what they stand for."""
        ask = "SELECT name, target FROM names WHERE kind = ? ORDER BY name"
        return dict(self._connections.reading(lambda session: session.execute(ask, (kind,)).fetchall()))

    def blobs_in_use(self) -> dict[str, str]:
        """Each blob that lies in the store and that an offered execution, or a run (its snapshot and figures), needs;
        with the name of one artifact that it belongs to."""
        ask = (
            "SELECT blob, name FROM artifacts LEFT JOIN executions USING (sequence) "
            "WHERE stored = 1 AND (artifacts.sequence = 0 OR state <> ?)"
        )
        return dict(self._connections.reading(lambda session: session.execute(ask, (executions.FORGOTTEN,)).fetchall()))

    def users(self, blob: str) -> list[Execution]:
        """The executions that made a blob, oldest first, whatever became of them."""
        ask = "SELECT DISTINCT sequence FROM artifacts WHERE blob = ? AND sequence > 0"

        def work(session: Session) -> dict[int, Execution]:
            return executions.numbered(session, [row[0] for row in session.execute(ask, (blob,)).fetchall()])

        found = self._connections.reading(work)
        return [found[number] for number in sorted(found)]

    def holdings(self) -> Holdings:
        """All executions, runs and figures, with the blobs that they have in the store, as they are at one moment."""
        return self._connections.reading(lambda session: keeping.holdings(session, self._alive(session)))

    def retire(self, choose: Callable[[Holdings], Retired], reason: str) -> Retired:
        """Stop offering the executions, and counting on the figures, that `choose` picks from what is held now; what
        it picked. Nobody can add to the ledger between its look and the change; history keeps both."""

        def work(session: Session) -> Retired:
            retired = choose(keeping.holdings(session, self._alive(session)))
            keeping.retire(session, retired, reason)
            return retired

        return self._connections.writing(work)

    def faults(self) -> Faults:
        """Which executions, small values and source snapshots are damaged, so that each can be mended."""
        return self._connections.reading(keeping.faults)

    def check(self) -> list[str]:
        """What is wrong with the ledger, in words; nothing if it is sound."""
        return self._connections.reading(health.problems)

    def close(self) -> None:
        """Let go of files and connections. May be called twice."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _alive(self, session: Session) -> history.Alive:
        now: list[float] = []

        def alive(expires: float, length: float, boot: str) -> bool:
            if not now:
                now.append(self._moment(session))
            return leases.live(expires, length, boot, now[0], self._boot)

        return alive

    def _check_run(self, session: Session, run: str) -> None:
        """That nobody has taken over a run which this object claimed."""
        claimed = self._runs.get(run)
        if claimed is None:
            return
        row = session.execute("SELECT fence FROM leases WHERE key = ?", (f"run:{run}",)).fetchone()
        if row is not None and row[0] != claimed[1]:
            raise LeaseLost(f"another process has taken over the run `{run}`")

    def _expect_runner(self, session: Session, run: str) -> None:
        """Give a run that begins a lease which its runner will take over: there is no moment without one."""
        key, now = f"run:{run}", self._moment(session)
        row = session.execute("SELECT expires, length, boot FROM leases WHERE key = ?", (key,)).fetchone()
        if row is None or not leases.live(row[0], row[1], row[2], now, self._boot):
            leases.sweep(session, now, self._boot)
            leases.give(session, [key], "", _GRACE, now, self._boot)


def _storable(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
