"""Steps that crash, hang, flood, leak and starve, all in one run beside good ones: each has its own clear end."""

import os
from pathlib import Path

import pytest
from tests.faults.runs import HEAD, Project
from tests.faults.trials import report

pytestmark = [pytest.mark.needs("proc"), pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)]

SOURCE = (
    HEAD
    + '''
import ctypes, resource, signal, sys, threading

class Odd(Exception):
    def __reduce__(self):
        raise RuntimeError("no pickle of me")
    def __str__(self):
        raise RuntimeError("no words of me")

def segfault():
    ctypes.string_at(0)

def abort():
    os.abort()

def exits():
    os._exit(0)

def leaves():
    sys.exit(0)

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

def hungry():
    size = 1 << 30
    with open("/proc/self/statm") as file:
        size += int(file.read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))
    kept = []
    while True:
        kept.append(bytearray(50_000_000))

def stuck():
    ctypes.PyDLL(None).sleep(60)

def sleeps():
    time.sleep(60)

def stopped():
    os.kill(os.getpid(), signal.SIGSTOP)

def lock():
    return {"deep": [threading.Lock()]}

def generator():
    return (n for n in range(3))

def odd():
    raise Odd

def limited():
    """What it leaves behind would harm what comes next in its process."""
    resource.setrlimit(resource.RLIMIT_AS, (500_000_000, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 1024))
    os.umask(0o777)
    raise ValueError("enough")

def recursion():
    return recursion()

def closes():
    os.closerange(3, 200)

BAD = [segfault, abort, exits, leaves, killed, hungry, stuck, sleeps, stopped, lock, generator, odd, limited, recursion, closes]
LIMIT = {"stuck": 1, "sleeps": 1, "stopped": 1}

def make(bad):
    name = bad.__name__
    @ps.step(name=name, timeout=LIMIT.get(name, 0))
    def hurt(sound: bool = False):
        tell("begin", name)
        return 1 if sound else bad()
    globals()[f"step_{name}"] = hurt
    @ps.step(name=f"after_{name}", inputs={"it": name})
    def after(it):
        tell("begin", f"after_{name}")
        return 2
    globals()[f"after_{name}"] = after

for one in BAD:
    make(one)

@ps.step
def daemon():
    """A grandchild that was forked twice, in a session of its own."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            tell("begin", "grandchild")
            time.sleep(300)
        os._exit(0)
    time.sleep(0.1)
    return 1

@ps.step
def floods():
    line = "x" * 99_999 + "\\n"
    for _ in range(1000):
        sys.stdout.write(line)
    return 1

@ps.step
def no_text():
    os.write(1, b"\\xff\\xfe\\x80 raw \\x00\\n")
    print("half a pair: \\udcff")
    return 1

@ps.step
def g0():
    tell("begin", "g0")
    return 0

@ps.step
def g1(g0):
    tell("begin", "g1")
    return g0 + 1

@ps.step
def g2(g1):
    tell("begin", "g2")
    time.sleep(1.5)
    return bytes(200_000)

@ps.step
def g3(g2):
    tell("begin", "g3")
    memory = bytearray(1_500_000_000)  # more than the hungry one left itself
    return len(g2) + len(memory)
'''
)

KINDS = {
    "segfault": ("WorkerDied", "signal 11 (SIGSEGV)"),
    "abort": ("WorkerDied", "signal 6 (SIGABRT)"),
    "exits": ("WorkerDied", "ended by itself with exit code 0"),
    "leaves": ("SystemExit", "the step called sys.exit(0)"),
    "killed": ("WorkerDied", "signal 9 (SIGKILL)"),
    "hungry": ("MemoryError", ""),
    "stuck": ("TimeoutError", "it took longer than 1 s"),
    "sleeps": ("TimeoutError", "it took longer than 1 s"),
    "stopped": ("TimeoutError", "it took longer than 1 s"),
    "lock": ("CodecError", "lock"),
    "generator": ("CodecError", "generator"),
    "odd": ("Odd", "can't be shown"),
    "limited": ("ValueError", "enough"),
    "recursion": ("RecursionError", "maximum recursion depth"),
    "closes": ("WorkerDied", ""),  # on a busy machine its exit code may be all that is seen of it
}
GOOD = {"daemon", "floods", "no_text", "g0", "g1", "g2", "g3"}


def test_each_fails_alone_and_says_why(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", SOURCE, workers=2)
    try:
        code, peak = project.measured()
        assert code == 1, project.said()
        project.assert_no_orphans()
        found, errors = project.statuses(), project.errors()
        assert {step for step, status in found.items() if status == "failed"} == set(KINDS), project.said()
        assert {step for step, status in found.items() if status == "succeeded"} == GOOD
        assert {step for step, status in found.items() if status == "blocked"} == {f"after_{one}" for one in KINDS}
        for step, (kind, words) in KINDS.items():
            assert errors[step]["kind"] == kind, (step, errors[step])
            assert words in errors[step]["message"], (step, errors[step])
        assert max(project.begun().values()) == 1, "something was done twice"
        # Floods and bytes that are no text are in the log, and the runner did not swallow them.
        logs = project.state / "logs" / project.last_run()
        assert sum(path.stat().st_size for path in logs.iterdir()) > 100_000_000
        assert peak < 90 << 20, "the runner swallowed what a step printed"
        assert "raw" in project.reading("logs", "last", "no_text")
        # Once they are mended, only they and what waited for them run.
        lines = len(project.journal())
        assert project.run(*[f"--set={step}.sound=true" for step in KINDS]) == 0, project.said()
        assert set(project.begun(lines)) == {*KINDS, *[f"after_{one}" for one in KINDS]}
        project.assert_sound()
    finally:
        project.end_all()
    report("hurtful steps", kinds=len(KINDS), others_harmed=0, runner_peak_mb=peak >> 20)
