"""Several processes want the same work; some die or sleep while they do it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.faults.trials import report, trials

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.digest import digest_bytes

pytestmark = pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)

LEASE = 1.5

WORKER = """
import os, random, signal, sys, time
from pathlib import Path
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Stored
from penstock.model.digest import digest_bytes
from penstock.model.run import Execution, Made
folder, me, count, lease, fate = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
ledger = SqliteLedger(folder / "ledger.db")
journal = os.open(folder / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
def tell(*words):
    os.write(journal, (" ".join(map(str, words)) + "\\n").encode())
todo = list(range(count))
random.Random(me).shuffle(todo)
while todo:
    keys = {digest_bytes(b"key %d" % number): number for number in todo}
    done = ledger.find(keys)
    todo = [number for key, number in keys.items() if key not in done]
    waiting = True
    for number in todo:
        key = digest_bytes(b"key %d" % number)
        held = ledger.claim([key], me, lease)[key]
        if held.owner != me:
            continue
        waiting = False
        if ledger.find([key]):
            ledger.release(me, [key])
            continue
        tell("did", number, me, time.monotonic())
        if number % 5 == 0 and fate != "live":
            try:
                os.close(os.open(folder / f"died-{number}", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                tell("died", number, me, time.monotonic())
                os.kill(os.getpid(), signal.SIGSTOP if fate == "pause" else signal.SIGKILL)
        data = f"{number} by {me}".encode()
        stored = Stored("text", digest_bytes(data), digest_bytes(data), len(data), data=data)
        execution = Execution(key, "p", f"s{number}", "step", me, 1, "c", outputs=(Made(f"s{number}", stored),))
        refused = ledger.commit("", [execution], {key: held.fence})
        tell("refused" if refused else "committed", number, me, time.monotonic())
    if waiting:
        time.sleep(0.01)
"""


def start(folder: Path, me: str, count: int, fate: str, lease: float = LEASE) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, folder, me, str(count), str(lease), fate])


def journal(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "journal").read_text().splitlines()]


def test_one_does_it_the_others_wait_and_take_over_from_the_dead(tmp_path: Path) -> None:
    """8 processes, 100 keys, a fifth of the leaders killed: executions = keys + kills."""
    count = trials(100)
    SqliteLedger(tmp_path / "ledger.db").close()
    running = [start(tmp_path, f"w{number}", count, "die") for number in range(8)]
    born = 8
    while running:
        for one in list(running):
            code = one.poll()
            if code is None:
                continue
            running.remove(one)
            assert code in (0, -signal.SIGKILL)
            if code:
                running.append(start(tmp_path, f"w{born}", count, "die"))
                born += 1
        time.sleep(0.02)
    lines = journal(tmp_path)
    did = [line for line in lines if line[0] == "did"]
    died = {int(line[1]): float(line[3]) for line in lines if line[0] == "died"}
    committed = [int(line[1]) for line in lines if line[0] == "committed"]
    assert sorted(committed) == list(range(count))
    assert len(died) == -(-count // 5)
    refused = [line for line in lines if line[0] == "refused"]
    assert len(did) == count + len(died) + len(refused)
    for _, number, me, when in refused:  # only on a machine so loaded that a living leader slept through its lease
        began = max(float(line[3]) for line in did if line[1:3] == [number, me])
        assert float(when) - began > LEASE
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        assert len(list(ledger.executions())) == count
        assert len(ledger.find([digest_bytes(b"key %d" % number) for number in range(count)])) == count
        assert ledger.check() == []
    waits = [float(line[3]) - died[int(line[1])] for line in did if int(line[1]) in died]
    report(
        "single flight",
        keys=count,
        kills=len(died),
        executions=len(did),
        slept=len(refused),
        slowest_takeover=round(max(waits), 2),
    )


def test_who_slept_through_its_lease_commits_nothing(tmp_path: Path) -> None:
    """A paused runner whose lease expired: its successor's work stays."""
    SqliteLedger(tmp_path / "ledger.db").close()
    sleeper = start(tmp_path, "sleeper", 1, "pause", lease=0.3)
    while True:
        found, status = os.waitpid(sleeper.pid, os.WUNTRACED | os.WNOHANG)
        if found:
            assert os.WIFSTOPPED(status)
            break
        time.sleep(0.01)
    successor = start(tmp_path, "successor", 1, "live", lease=30)
    assert successor.wait() == 0
    sleeper.send_signal(signal.SIGCONT)
    assert sleeper.wait() == 0
    told = [line[:3] for line in journal(tmp_path) if line[0] in ("committed", "refused")]
    assert told == [["committed", "0", "successor"], ["refused", "0", "sleeper"]]
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        assert [one.run for one in ledger.executions()] == ["successor"]


CROWD = """
import os, sys, time
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.run import Execution
me, seconds = sys.argv[2], float(sys.argv[3])
ledger = SqliteLedger(sys.argv[1])
os.write(1, b"ready\\n")
os.read(0, 1)
end = time.monotonic() + seconds
times, turn = [], 0
while time.monotonic() < end:
    before = time.monotonic()
    key = f"{me} {turn}"
    fence = ledger.claim([key], me, 60)[key].fence
    assert ledger.commit("", [Execution(key, "p", me, "step", me, 1, "c")], {key: fence}) == ()
    ledger.renew(me, 60)
    times.append(time.monotonic() - before)
    turn += 1
times.sort()
print(turn, times[len(times) * 99 // 100], times[-1])
"""


def test_sixteen_writers_never_hear_that_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SqliteLedger(path).close()
    seconds = trials(100) / 60
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CROWD, path, f"w{number}", str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(16)
    ]
    for one in running:
        one.stdout.readline()
    for one in running:
        one.stdin.write(b"g")
        one.stdin.flush()
    answers = [one.communicate() for one in running]
    assert [error.decode()[-500:] for _, error in answers] == [""] * 16
    turns = [out.split() for out, _ in answers]
    with SqliteLedger(path) as ledger:
        assert sum(1 for _ in ledger.executions()) == sum(int(turn[0]) for turn in turns)
        assert ledger.check() == []
    report(
        "16 writers",
        seconds=round(seconds, 1),
        commits=sum(int(turn[0]) for turn in turns),
        locked=0,
        p99=round(max(float(turn[1]) for turn in turns), 3),
        slowest=round(max(float(turn[2]) for turn in turns), 3),
    )
