"""A process is killed while it stores and commits: what it acknowledged is there, and nothing is there by halves."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.faults.trials import places, report, seeded, trials

from penstock.ledger.sqlite import SqliteLedger
from penstock.stores.local import LocalStore

pytestmark = pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)

WRITER = """
import os, random, sys
from pathlib import Path
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Stored
from penstock.model.digest import digest_bytes
from penstock.model.event import RunStarted
from penstock.model.run import Execution, Made, Run
from penstock.stores.local import LocalStore

folder, first, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
chance = random.Random(seed)
store, ledger = LocalStore(folder / "store"), SqliteLedger(folder / "ledger.db")
run = f"run-{first}"
ledger.claim([f"run:{run}"], run, 60)
ledger.record(run, [RunStarted(Run(run, "p", 0.0))])
os.write(1, b"ready\\n")
for number in range(first, first + count):
    data = chance.randbytes(chance.choice([10, 5_000, 70_000, 1_500_000])) + b"%d" % number
    key = digest_bytes(b"key %d" % number)
    fence = ledger.claim([key], run, 60)[key].fence
    with store.writer() as writer:
        writer.write(data)
        blob = writer.finish()
    store.sync()
    stored = Stored("bytes", blob.digest, blob.digest, blob.size)
    small = Stored("text", digest_bytes(data[:600]), digest_bytes(data[:600]), len(data[:600]), data=data[:600])
    step = f"s{number}"
    execution = Execution(key, "p", step, "step", run, 1, "c", outputs=(Made(step, stored), Made(step + ".b", small)))
    assert ledger.commit(run, [execution], {key: fence}) == ()
    os.write(1, b"%d %s %s\\n" % (number, key.encode(), blob.digest.encode()))
"""


def facts(output: bytes) -> list[tuple[int, str, str]]:
    """What was acknowledged: whole lines only."""
    lines = output.decode().split("\n")[:-1]
    return [(int(n), key, digest) for n, key, digest in (line.split() for line in lines if line != "ready")]


def assert_sound(folder: Path, acknowledged: list[tuple[int, str, str]]) -> None:
    """All that was acknowledged is there, whole, once; nothing else is half there."""
    with SqliteLedger(folder / "ledger.db") as ledger:
        assert ledger.check() == []
        store = LocalStore(folder / "store")
        found = ledger.find([key for _, key, _ in acknowledged])
        for number, key, digest in acknowledged:
            assert found[key].outputs[0].stored.blob == digest, number
        everything = list(ledger.executions())
        assert len({one.key for one in everything}) == len(everything)
        for one in everything:  # acknowledged or not: what the ledger says is so
            assert store.verify(one.outputs[0].stored.blob), one.step
            assert one.outputs[1].stored.data is not None
            status = {row["step"]: row["status"] for row in ledger.steps(one.run)}
            assert status[one.step] == "succeeded"
        assert all(store.verify(digest) for digest in store.digests())  # no name without its content


def test_killed_at_any_moment(tmp_path: Path) -> None:
    acknowledged: list[tuple[int, str, str]] = []
    number = 0
    for trial in range(trials(25)):
        chance = seeded(trial)
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, str(number), "1000", str(trial)], stdout=subprocess.PIPE
        )
        started = b""
        while not started.endswith(b"ready\n"):
            started += os.read(child.stdout.fileno(), 6 - len(started))
        time.sleep(chance.choice([0.0, 0.01, 0.03, 0.1]) * chance.random())
        child.send_signal(signal.SIGKILL)
        output = child.stdout.read()
        child.wait()
        child.stdout.close()
        acknowledged += facts(output)
        number += 1000
        if trial % 10 == 9 or trial == trials(25) - 1:
            assert_sound(tmp_path, acknowledged)
    assert acknowledged
    store = LocalStore(tmp_path / "store")
    store.clean(older_than=-1)
    assert [path for folder in ("tmp", "pending") for path in (tmp_path / "store" / folder).iterdir()] == []
    report("kill -9 of a writer", trials=trials(25), acknowledged=len(acknowledged), lost=0, corrupt=0)


STEPS = """
import os, signal, sys
from penstock.stores.disk import Disk
import penstock.stores.local as local, penstock.ledger.connection as connection
import sqlite3
at, place = int(sys.argv.pop()), 0
def crash_point():
    global place
    place += 1
    if place == at:
        os.kill(os.getpid(), signal.SIGKILL)
class Deadly(Disk):
    pass
def deadly(name):
    real = getattr(Disk, name)
    def call(self, *args):
        crash_point()
        answer = real(self, *args)
        crash_point()
        return answer
    setattr(Deadly, name, call)
for name in ("create", "write", "seal", "link", "fsync", "rename", "fsync_folder", "unlink", "mkdir"):
    deadly(name)
local.Disk = Deadly
class Connection(sqlite3.Connection):
    def execute(self, *args):
        crash_point()
        return super().execute(*args)
    def executemany(self, *args):
        crash_point()
        return super().executemany(*args)
real_connect = sqlite3.connect
sqlite3.connect = lambda *args, **more: real_connect(*args, factory=Connection, **more)
"""


def test_killed_at_every_step_of_a_commit(tmp_path: Path) -> None:
    """Each call of the store and each statement of the ledger, before and after: named crash points, all of them."""
    last, killed = 0, 0
    known: list[tuple[int, str, str]] = []
    points = 150
    for place in places(points, 40):
        ended = subprocess.run(
            [sys.executable, "-c", STEPS + WRITER, tmp_path, str(place * 10), "2", str(place), str(place)],
            stdout=subprocess.PIPE,
        )
        known += facts(ended.stdout)
        killed += ended.returncode == -signal.SIGKILL
        last = place
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL
    assert_sound(tmp_path, known)
    assert killed >= 5
    report("kill -9 at each step", points=last, killed=killed, lost=0, corrupt=0)


def strace(folder: Path, output: Path, *options: str, count: int = 2) -> subprocess.CompletedProcess[bytes]:
    """Run the writer under strace, without its own noise in the way."""
    return subprocess.run(
        ["strace", "-f", "-o", output, *options, sys.executable, "-c", WRITER, folder, "0", str(count), "seed"],
        capture_output=True,
    )


@pytest.mark.needs("strace")
def test_the_order_of_durability(tmp_path: Path) -> None:
    """Bytes before name, name before record, record before word: fsync → rename → fsync → commit → acknowledged.

    This is what no kill can show, for the page cache survives one."""
    calls = "trace=openat,fsync,fdatasync,rename,write,pwrite64"
    ended = strace(tmp_path / "state", tmp_path / "log", "-y", "-s", "200", "-e", calls)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    durable: set[str] = set()  # files whose bytes were fsynced since they were last written
    placed: dict[str, bool] = {}  # final name of a blob: whether its folder was fsynced
    log_synced = True
    acknowledged = 0
    lines = re.sub(r" <unfinished \.\.\.>", "", (tmp_path / "log").read_text())
    for line in lines.splitlines():
        call = re.match(r"\d+ +(\w+)\((?:\d+<([^>]*)>)?(.*)", line)
        if not call:
            continue
        name, path, rest = call.groups()
        if name in ("write", "pwrite64") and path:
            durable.discard(path)
            log_synced &= not path.endswith("-wal")
        elif name in ("fsync", "fdatasync") and path:
            durable.add(path)
            log_synced |= path.endswith("-wal")
            for blob in placed:
                placed[blob] |= str(Path(blob).parent) == path
        elif name == "rename":
            source, target = re.findall(r'"([^"]+)"', line)
            if "/blobs/" in target:
                assert source in durable, f"{source} got its name before its bytes were durable"
                placed[target] = False
        if name == "write" and path and "<" not in path and re.search(r'"\d+ blake3:', rest):
            acknowledged += 1
            digest = re.search(r"blake3:\w+ blake3:(\w+)", rest)[1]
            assert placed[next(blob for blob in placed if blob.endswith(digest))], "its folder was not fsynced"
            assert log_synced, "the commit was not durable when it was told"
    assert acknowledged == 2


@pytest.mark.needs("strace")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_any_call_may_fail(tmp_path: Path, error: str) -> None:
    """Each write, fsync and rename in turn: a clear word or success, and never anything half done."""
    points = [
        (call, when)
        for call in ("write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "mkdir", "link")
        for when in range(1, 11)
    ]
    chosen = random.Random(error).sample(points, min(trials(12), len(points)))
    outcomes = {"fine": 0, "told": 0}
    for place, (call, when) in enumerate(chosen):
        folder = tmp_path / str(place)
        folder.mkdir()
        ended = strace(
            folder, tmp_path / "log", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"
        )
        if ended.returncode:
            words = ended.stderr.decode()
            assert re.search(r"(Store|Ledger)Error|OSError|IOError|Fatal Python error", words), words[-1500:]
            outcomes["told"] += 1
        else:
            outcomes["fine"] += 1
        if (folder / "ledger.db").exists():
            try:
                assert_sound(folder, facts(ended.stdout))
            except sqlite3.Error:
                pytest.fail(f"{call} {when}")
    report(f"{error} at each call", trials=len(chosen), **outcomes)
