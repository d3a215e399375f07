"""The ledger in an SQLite file: safe for many processes of one machine at once.

Commits are durable when they return; leases and progress may be lost to a power cut (and only to one), which costs
nothing but doing work again. See docs/explanation/storage.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.errors import LeaseLost, LedgerError, NotFound
from penstock.ledger import codes, executions, health, history, keeping, leases
from penstock.ledger.clock import SystemClock, boot_identity
from penstock.ledger.connection import Connections
from penstock.ledger.schema import MIGRATIONS
from penstock.ledger.writing import append, commit_once, committed_before
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

__all__ = ["SqliteLedger"]

_GRACE = 60.0  # seconds that a new run is believed to live before its runner has claimed `run:<id>`
_PASSING = (Queued, Begun, Expected, Progressed, Sampled, Measured, Produced)  # what a power cut may make forgotten
_PAGE = 500  # executions read at once


class SqliteLedger:
    """The append-only memory of events in an SQLite file, which is made if it is not there.

    One object serves all threads of a process, and after a fork the child as well; any number of processes may use
    the file. `clock` is the machine's own if none is given. `patience` is how many seconds to wait for a transaction
    of another process. Raises `LedgerError` where the file is damaged, can't be opened or lies on a network file
    system, and `SchemaMismatch` where a newer version wrote it.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Clock | None = None,
        patience: float = 60.0,
        migrations: Sequence[str] = MIGRATIONS,
    ) -> None:
        self.path = Path(path).absolute()
        self.location = str(self.path)
        self._clock: Clock = clock or SystemClock()
        self._boot = boot_identity() if clock is None else "given clock"
        self._connections = Connections(self.path, migrations, patience)
        self._known_codes: set[str] = set()
        self._awaited: set[str] = set()  # keys that others held when they were last asked for
        self._runs: dict[str, tuple[str, int]] = {}  # owner and fence of the runs that this object claimed

    # writing

    def record(self, run: str, events: Sequence[Event]) -> None:
        """Append events of a run and bring the derived tables up to date. The first is `RunStarted`.

        Durable, unless all of them only tell of work under way. Raises `LeaseLost` if another process has taken the
        run over, `NotFound` if there is no such run.
        """
        if not events:
            return
        passing = all(type(event) in _PASSING for event in events)
        with self._connections.write(durable=not passing) as connection:
            self._check_run(connection, run)
            if any(type(event) is RunStarted for event in events):
                self._expect_runner(connection, run)
            if not append(connection, run, events, self._clock.now(), {}):
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
        with self._connections.write() as connection:
            self._check_run(connection, run)
            refused = leases.stale(connection, fences, self._clock.monotonic(), self._boot)
            refused -= committed_before(connection, [one for one in executions if one.key in refused])
            kept = [one for one in executions if one.key not in refused]
            numbers, again = commit_once(connection, kept, set(replace) - refused)
            new = [one for one in kept if one.key not in again]
            if new or not again:  # else this very commit was done before, with its events
                append(connection, run, [*events, *map(Committed, new)], self._clock.now(), numbers)
            connection.executemany(
                "DELETE FROM leases WHERE key = ? AND fence = ?",
                [(one.key, fences[one.key]) for one in kept if one.key in fences],
            )
        return tuple([one.key for one in executions if one.key in refused])

    def save_codes(self, closures: Iterable[Code]) -> None:
        """Keep closures; those already known are passed over cheaply."""
        wanted = {code.digest: code for code in closures if code.digest not in self._known_codes}
        if not wanted:
            return
        with self._connections.read() as connection:
            new = codes.unknown(connection, wanted)
        if new:
            with self._connections.write() as connection:
                codes.save(connection, [wanted[digest] for digest in sorted(new)])
        self._known_codes.update(wanted)

    def put(self, data: bytes) -> str:
        """Keep a small value outside an execution; its digest."""
        with self._connections.write() as connection:
            return executions.keep(connection, data)

    # asking

    def find(self, keys: Iterable[str]) -> dict[str, Execution]:
        """The committed executions of these keys; those that were forgotten, and those of steps that are never
        reused, are not among them. One whose record is damaged is forgotten."""
        with self._connections.read() as connection:
            found, damaged = executions.find(connection, keys)
        if damaged:  # not offered, and not in the way of doing the work again
            with self._connections.write() as connection:
                executions.give_up(connection, damaged)
        return found

    def recent(self, pipeline: str) -> dict[str, Execution]:
        """The newest execution of each step of a pipeline, by step, forgotten ones included (for reasons)."""
        with self._connections.read() as connection:
            return executions.recent(connection, pipeline)

    def forget(self, keys: Iterable[str], reason: str) -> None:
        """Stop offering executions for reuse (their outputs were lost); history keeps them."""
        with self._connections.write() as connection:
            executions.forget(connection, keys, reason)

    def code(self, digest: str) -> Code | None:
        """A closure, whole."""
        with self._connections.read() as connection:
            return codes.load(connection, digest)

    def data(self, digest: str) -> bytes | None:
        """A small value that the ledger itself keeps (an output's `Stored.data`, or from `put`)."""
        with self._connections.read() as connection:
            return executions.small(connection, digest)

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
            with self._connections.read() as connection:
                others = leases.taken(connection, keys, owner, self._clock.monotonic(), self._boot)
            if others is not None:
                return others, self.find(keys) if finding else {}
        done: dict[str, Execution] = {}
        with self._connections.write(durable=False) as connection:
            found = leases.claim(connection, keys, owner, seconds, self._clock.monotonic(), self._boot)
            if finding:
                done, damaged = executions.find(connection, keys)
                if damaged:
                    executions.give_up(connection, damaged)
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
        with self._connections.write(durable=False) as connection:
            return leases.renew(connection, owner, seconds, self._clock.monotonic(), self._boot)

    def release(self, owner: str, keys: Iterable[str] | None = None) -> None:
        """Give leases back (all of them if no keys are named)."""
        listed = None if keys is None else list(keys)
        for run, (holder, _) in list(self._runs.items()):
            if holder == owner and (listed is None or f"run:{run}" in listed):
                del self._runs[run]
        with self._connections.write(durable=False) as connection:
            leases.release(connection, owner, listed)

    # history

    def runs(self, limit: int = 50, pipeline: str = "") -> list[dict[str, Any]]:
        """Newest first: `{"run", "pipeline", "status", "started", "seconds", "metrics", "name", "tags"}`; `metrics`
        maps `step.name` to its value."""
        with self._connections.read() as connection:
            return history.runs(connection, limit, pipeline, self._alive)

    def run(self, prefix: str) -> Run:
        """The run of an id, of a unique prefix of one, of a name or tag, of `last`, or of `last~N`. Raises `NotFound`
        with close matches."""
        with self._connections.read() as connection:
            return history.run(connection, prefix)

    def status(self, run: str) -> str:
        """The status of a run; one whose process died reads `failed` once its leases expired."""
        with self._connections.read() as connection:
            return history.status(connection, run, self._alive)

    def steps(self, run: str) -> list[dict[str, Any]]:
        """Each step of a run, in the order of the graph (children after the step that grew them): `{"step", "kind",
        "status", "reasons", "key", "attempts", "started", "ended", "seconds", "cpu_seconds", "peak_memory", "metrics",
        "error", "log", "execution", "question", "by", "reason"}`."""
        with self._connections.read() as connection:
            return history.steps(connection, run, self._alive)

    def timings(self, pipeline: str, step: str, limit: int = 20) -> list[float]:
        """The seconds that the last attempts at a step took which succeeded, newest first; for a part of a step that grew
        (`fit[3]`), those of all its parts. Runs long ago are not looked at."""
        with self._connections.read() as connection:
            return history.timings(connection, pipeline, step, limit)

    def events(self, run: str, after: int = 0) -> list[Record]:
        """The events of a run with a number above `after`, in order."""
        with self._connections.read() as connection:
            return history.events(connection, run, after)

    def executions(self, pipeline: str = "", step: str = "") -> Iterator[Execution]:
        """Executions, oldest first, whatever became of them."""
        after = 0
        while True:
            with self._connections.read() as connection:
                found = executions.page(connection, pipeline, step, after, _PAGE)
            if not found:
                return
            yield from found.values()
            after = max(found)

    # files whose content was hashed

    def stats(self) -> dict[str, tuple[int, int, int, str]]:
        """For each absolute path known: (size, mtime in ns, inode, digest), to re-check cheaply."""
        with self._connections.read() as connection:
            rows = connection.execute("SELECT path, size, mtime, inode, digest FROM stats").fetchall()
        return {row[0]: row[1:] for row in rows}

    def save_stats(self, stats: Mapping[str, tuple[int, int, int, str]]) -> None:
        """Remember what was hashed. (A path that is no valid text is not remembered, and hashed again each time.)"""
        rows = [(path, *found) for path, found in stats.items() if _storable(path)]
        if rows:
            with self._connections.write(durable=False) as connection:
                connection.executemany("INSERT OR REPLACE INTO stats VALUES (?, ?, ?, ?, ?)", rows)

    # keeping house

    def tag(self, kind: str, target: str, name: str) -> None:
        """Give something (`kind` is `run`, `artifact` …) a name of its own; an older thing of that name loses it."""
        with self._connections.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?)", (kind, name, target, self._clock.now())
            )

    def untag(self, kind: str, name: str) -> bool:
        """Take a name away; whether it was there."""
        with self._connections.write() as connection:
            return connection.execute("DELETE FROM names WHERE kind = ? AND name = ?", (kind, name)).rowcount > 0

    def tagged(self, kind: str) -> dict[str, str]:
        """The names of a kind, and what they stand for."""
        with self._connections.read() as connection:
            rows = connection.execute("SELECT name, target FROM names WHERE kind = ? ORDER BY name", (kind,))
            return dict(rows.fetchall())

    def blobs_in_use(self) -> dict[str, str]:
        """Each blob that lies in the store and that an offered execution, or a run (its snapshot and figures), needs;
        with the name of one artifact that it belongs to."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT blob, name FROM artifacts LEFT JOIN executions USING (sequence) "
                "WHERE stored = 1 AND (artifacts.sequence = 0 OR state <> ?)",
                (executions.FORGOTTEN,),
            )
            return dict(rows.fetchall())

    def users(self, blob: str) -> list[Execution]:
        """The executions that made a blob, oldest first, whatever became of them."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT sequence FROM artifacts WHERE blob = ? AND sequence > 0", (blob,)
            )
            found = executions.numbered(connection, [row[0] for row in rows.fetchall()])
        return [found[number] for number in sorted(found)]

    def holdings(self) -> Holdings:
        """All executions, runs and figures, with the blobs that they have in the store, as they are at one moment."""
        with self._connections.read() as connection:
            return keeping.holdings(connection, self._alive)

    def retire(self, choose: Callable[[Holdings], Retired], reason: str) -> Retired:
        """Stop offering the executions, and counting on the figures, that `choose` picks from what is held now; what
        it picked. Nobody can add to the ledger between its look and the change; history keeps both."""
        with self._connections.write() as connection:
            retired = choose(keeping.holdings(connection, self._alive))
            keeping.retire(connection, retired, reason)
        return retired

    def faults(self) -> Faults:
        """Which executions, small values and source snapshots are damaged, so that each can be mended."""
        with self._connections.read() as connection:
            return keeping.faults(connection)

    def check(self) -> list[str]:
        """What is wrong with the ledger, in words; nothing if it is sound."""
        with self._connections.read() as connection:
            return health.problems(connection)

    def vacuum(self) -> None:
        """Give unused space back to the file system, and drop leases long gone."""
        with self._connections.write() as connection:
            leases.sweep(connection, self._clock.monotonic(), self._boot)
        with self._connections.alone() as connection:
            connection.execute("VACUUM")

    def close(self) -> None:
        """Let go of files and connections. May be called twice."""
        self._connections.close()

    def __enter__(self) -> "SqliteLedger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _alive(self, expires: float, length: float, boot: str) -> bool:
        return leases.live(expires, length, boot, self._clock.monotonic(), self._boot)

    def _check_run(self, connection: Any, run: str) -> None:
        """That nobody has taken over a run which this object claimed."""
        claimed = self._runs.get(run)
        if claimed is None:
            return
        row = connection.execute("SELECT fence FROM leases WHERE key = ?", (f"run:{run}",)).fetchone()
        if row is not None and row[0] != claimed[1]:
            raise LeaseLost(f"another process has taken over the run `{run}`")

    def _expect_runner(self, connection: Any, run: str) -> None:
        """Give a run that begins a lease which its runner will take over: there is no moment without one."""
        key, now = f"run:{run}", self._clock.monotonic()
        row = connection.execute("SELECT expires, length, boot FROM leases WHERE key = ?", (key,)).fetchone()
        if row is None or not self._alive(*row):
            leases.sweep(connection, now, self._boot)
            leases.give(connection, [key], "", _GRACE, now, self._boot)


def _storable(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
