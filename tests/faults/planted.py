"""Bugs to plant in Penstock: a suite of faults that finds none of them proves nothing.

Each is a change of the source, in a copy of it, and the test that must then fail (or never end).
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BUGS", "Bug", "caught", "plant"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Bug:
    """What goes wrong, the changes (file, old, new) that make it so, and the tests that must notice."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    tests: tuple[str, ...]
    trials: int = 12


_ORDER = ("tests/faults/test_commit.py", "-k", "order_of_durability")

BUGS = (
    Bug(
        "the bytes of a blob are not fsynced",
        (("stores/local.py", "self._disk.fsync(blob.fd)\n", "pass\n"),),
        _ORDER,
    ),
    Bug(
        "the folder of a blob is not fsynced",
        (("stores/local.py", "        for folder in sorted(folders):\n", "        for folder in ():\n"),),
        _ORDER,
    ),
    Bug(
        "a blob gets its name before its bytes are durable",
        (
            ("stores/local.py", "        failures = self._secure_all(new)\n", "        failures: list[OSError | StoreError] = []\n"),
            ("stores/local.py", "for blob in [one for one in new if one.synced]:", "for blob in new:"),
            (
                "stores/local.py",
                "            # What was there already is fsynced too",
                "            failures = self._secure_all(new)\n            # What was there already is fsynced too",
            ),
        ),
        _ORDER,
    ),
    Bug(
        "a commit is told before it is durable",
        (
            ("ledger/connection.py", 'execute("PRAGMA synchronous = FULL")', 'execute("PRAGMA synchronous = NORMAL")'),
            ("ledger/connection.py", "{'FULL' if durable else 'NORMAL'}", "NORMAL"),
        ),
        _ORDER,
    ),
    Bug(
        "what is read is not held against its digest",
        (("stores/local.py", "if trusted or _verified.get(digest) == identity:", "if True:"),),
        ("tests/faults/test_blobs.py", "-k", "every_damage"),
    ),
    Bug(
        "a damaged blob stays where it is found",
        (("stores/local.py", "        self._put_aside(path, found.st_ino)\n", ""),),
        ("tests/faults/test_blobs.py", "-k", "every_damage"),
    ),
    Bug(
        "what a task made is not made durable before it is told",
        (("work/perform.py", "        self._kit.store.sync()\n", "        pass\n"),),
        ("tests/faults/test_runs.py", "-k", "runner"),
    ),
    Bug(
        "a commit does not look whether its lease still holds",
        (("ledger/sql.py", "refused = leases.stale(session, fences, ", "refused = leases.stale(session, {}, "),),
        ("tests/faults/test_leases.py", "-k", "slept"),
    ),
    Bug(
        "a lease is a mark that never runs out",
        (
            (
                "ledger/leases.py",
                "return boot == here and now < expires <= now + length + _SLACK",
                "return boot == here",
            ),
        ),
        ("tests/faults/test_leases.py", "-k", "slept"),
    ),
    Bug(
        "everybody who asks for a key gets it",
        (("ledger/leases.py", "row is not None and live(row[2], row[3], row[4], now, here) and row[0]:", "False:"),),
        ("tests/faults/test_leases.py", "-k", "one_does_it"),
    ),
    Bug(
        "leases follow the wall clock",
        (
            ("ledger/sqlite.py", "        return self._clock.monotonic()\n", "        return self._clock.now()\n"),
        ),
        ("tests/faults/test_clock.py",),
    ),
    Bug(
        "what was committed is not found again",
        (("plan/memory.py", "return self.whole(self._known.get(key) or self._ledger.find((key,)).get(key))", "return None"),),
        ("tests/faults/test_runs.py", "-k", "runner"),
    ),
    Bug(
        "a step that ended with exit code 0 counts as done",
        (
            (
                "executors/deaths.py",
                "    where, traceback = crash_report(log, task.root)\n",
                "    if os.WIFEXITED(gone.status) and not os.WEXITSTATUS(gone.status):\n"
                '        return Ended(task.id, "succeeded", usage=usage, log=log)\n'
                "    where, traceback = crash_report(log, task.root)\n",
            ),
        ),
        ("tests/faults/test_hurtful_steps.py",),
    ),
    Bug(
        "workers outlive their runner",
        (
            ("executors/worker.py", "        os.killpg(0, signal.SIGKILL)\n", "        return\n"),
            (
                "executors/server.py",
                '        """The runner is gone, or wants us to go: leave nothing behind."""\n',
                "        os._exit(0)\n",
            ),
        ),
        ("tests/faults/test_runs.py", "-k", "runner"),
    ),
    Bug(
        "nobody hears of a worker's death",
        (
            (
                "executors/server.py",
                "            self._say(Gone(worker, status, killed and not starved, starved))\n",
                "",
            ),
        ),
        ("tests/faults/test_runs.py", "-k", "workers"),
        3,
    ),
    Bug(
        "what began on outputs that were lost is kept",
        (("run/engine.py", "        if early:\n            self._retract(node)\n", ""),),
        ("tests/faults/test_crash_points.py", "-k", "could_be_read"),
    ),
    Bug(
        "a migration is no transaction",
        (("ledger/schema.py", '    connection.execute("BEGIN IMMEDIATE")\n', '    connection.execute("BEGIN IMMEDIATE")\n    connection.execute("COMMIT")\n'),
         ("ledger/schema.py", '        connection.execute("COMMIT")\n    except', "        pass\n    except")),
        ("tests/ledger/test_schema.py", "-k", "killed_at_any_statement"),
    ),
    Bug(
        "gc removes values that the ledger still offers",
        (
            (
                "app/collecting.py",
                'retired = ledger.retire(lambda found: ask(found).retired, "removed by `penstock gc`")',
                "retired = plan.retired",
            ),
            ("app/collecting.py", "needed = plan.blobs | _counted_on(held)", "needed = plan.blobs"),
        ),
        ("tests/app/test_collecting.py",),
    ),
    Bug(
        "what comes from object storage is taken as it comes",
        (("stores/cache.py", "if found == digest and keep:", "if keep:"), ("stores/remote.py", "if found == digest:", "if found:"),
         ("stores/remote.py", "        if found != digest:\n            self._put_aside(digest)\n", "        if False:\n            self._put_aside(digest)\n")),
        ("tests/stores/test_remote.py", "-k", "damage_is_found"),
    ),
    Bug(
        "what is not found in a bucket that is not there counts as lost",
        (("stores/objects.py", "                self._look()\n", ""),),
        ("tests/stores/test_remote.py", "-k", "misspelt"),
    ),
    Bug(
        "a collector does not look at the mark of a writer",
        (("stores/remote.py", "        if self._marked(digest) > before:\n", "        if False:\n"),),
        ("tests/stores/test_remote.py", "-k", "writer_found"),
    ),
    Bug(
        "a commit whose answer was lost is taken for one that failed",
        (("ledger/server.py", "doubtful, error = True, doubt.__cause__", "doubtful, error = False, doubt.__cause__"),),
        ("tests/ledger/test_server.py", "-k", "any_statement"),
    ),
    Bug(
        "a commit whose answer was lost is taken for one that worked",
        (("ledger/server.py", "                raise _Doubt from error\n", "                return done\n"),),
        ("tests/ledger/test_server.py", "-k", "any_statement"),
    ),
    Bug(
        "writers of PostgreSQL do not wait for each other",
        (("ledger/server.py", "pg_advisory_xact_lock({APPLICATION}, {self._held})", "pg_advisory_xact_lock_shared({APPLICATION}, {self._held})"),),
        ("tests/ledger/test_server.py", "-k", "nobody_writes_beside"),
    ),
)  # fmt: skip


def plant(bug: Bug, folder: Path) -> Path:
    """A copy of the source with the bug in it."""
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in bug.changes:
        path = source / "penstock" / name
        text = path.read_text()
        assert text.count(old) == 1, f"{bug.name}: {name} has changed, look for another way to plant it"
        path.write_text(text.replace(old, new))
    return source


def caught(bug: Bug, folder: Path, seconds: float = 240.0) -> str:
    """How the tests noticed a bug: "" if they did not."""
    source = plant(bug, folder)
    environment = {**os.environ, "PYTHONPATH": str(source), "PENSTOCK_FAULT_TRIALS": str(bug.trials)}
    environment.pop("PENSTOCK_FAULT_REPORT", None)
    command = [sys.executable, "-m", "pytest", "-q", "-x", f"--basetemp={folder / 'tests'}", *bug.tests]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return "it never ended"
    if process.returncode != 1:
        return ""
    failed = [line for line in said.splitlines() if line.startswith(("E  ", "FAILED"))]
    return failed[0].removeprefix("E").strip() if failed else "it failed"
