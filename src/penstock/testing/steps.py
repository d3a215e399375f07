"""Functions that go well and go wrong in every way that a contract asks about, and tasks made of them.

They travel by value (pickled), so that any worker can run them, whatever it can import.
"""

import pickle
from pathlib import Path
from typing import Any

from penstock.model.artifact import Stored
from penstock.model.step import Entry
from penstock.model.task import Input, Setting, Task
from penstock.values.functions import dumps

__all__ = ["Steps"]

_STEPS = """
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time


def one():
    return 1


def increased(x, by=1):
    return x + by


def pid():
    return os.getpid()


def raises(depth=2):
    if depth:
        return raises(depth - 1)
    raise ValueError("this step is broken")


def chained():
    try:
        raises(0)
    except ValueError as error:
        raise RuntimeError("and its handler too") from error


def leaves():
    sys.exit(3)


def returns_a_lock():
    return {"kept": [threading.Lock()]}


class Unpicklable(Exception):
    def __init__(self, first, second):
        super().__init__("an exception that nobody can pickle")
        self.lock = threading.Lock()

    def __reduce__(self):
        raise TypeError("no")


def raises_unpicklable():
    raise Unpicklable(1, 2)


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no words")


def raises_unprintable():
    raise Unprintable()


def exits_well():
    os._exit(0)


def exits_badly():
    os._exit(7)


def exits_at_last():
    import atexit

    atexit.register(os._exit, 0)
    raise SystemExit(0)


def segfaults():
    ctypes.string_at(0)


def aborts():
    os.abort()


def is_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def closes_everything():
    os.closerange(3, 4096)
    time.sleep(100)


def writes_everywhere():
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"x" * 1000)
        except OSError:
            pass
    time.sleep(100)


def sleeps():
    time.sleep(100)


def spins():
    while True:
        pass


def sleeps_in_c():
    ctypes.PyDLL(None).sleep(100)  # with the lock of the interpreter held


def stops_itself():
    os.kill(os.getpid(), signal.SIGSTOP)


def will_not_stop():
    while True:
        try:
            time.sleep(100)
        except BaseException:
            pass


def prints(text):
    print(text)
    print(text, file=sys.stderr)
    logging.getLogger("step").warning("%s, logged", text)


def tells(words, count):
    for number in range(count):
        print(number, words, file=sys.stderr if number % 2 else sys.stdout)
    print("the end", end="")


def repeats(size):
    return b"\\xf7" * size


def length(x):
    return len(x)


def prints_bytes():
    os.write(1, b"\\xff\\xfe not text \\x00\\n")


def prints_much(size):
    line = b"." * 99 + b"\\n"
    for _ in range(size // len(line) // 100):
        os.write(1, line * 100)
    return "done"


def leaves_children(folder):
    subprocess.Popen(["sleep", "321"])
    subprocess.Popen(["sleep", "321"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(folder + "/grandchild", "w") as file:
                file.write(str(os.getpid()))
            os.execvp("sleep", ["sleep", "321"])
        os._exit(0)
    while not os.path.exists(folder + "/grandchild") or not open(folder + "/grandchild").read():
        time.sleep(0.001)
    return int(open(folder + "/grandchild").read())


def daemonises(folder):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with open(folder + "/grandchild", "w") as file:
                file.write(str(os.getpid()))
            while True:
                time.sleep(100)
        os._exit(0)
    time.sleep(100)


def forks_and_returns():
    child = os.fork()
    if child == 0:
        return "the child's"
    time.sleep(0.05)
    return "the parent's"


def uses_processes():
    import multiprocessing
    import penstock.work.context as context

    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=context.metric, args=("by a child", 1))
    process.start()
    process.join()
    sleeper = fork.Process(target=time.sleep, args=(60,))
    sleeper.start()
    sleeper.terminate()
    sleeper.join()
    with fork.Pool(2) as pool:
        return [process.exitcode, sleeper.exitcode, *pool.map(abs, [-1, -2])]


def moves_the_furniture():
    os.environ["LEFT_BEHIND"] = "yes"
    os.chdir("/")
    sys.setrecursionlimit(12345)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdout = open(os.devnull, "w")
    os.close(1)
    os.close(2)
    return os.getpid()


def finds_the_furniture():
    print("heard")
    return [os.environ.get("LEFT_BEHIND"), os.getcwd(), sys.getrecursionlimit() == 12345]


def threads():
    return {name: os.environ[name] for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS")}


def hoards():
    sys.hoard = bytearray(200 << 20)
    sys.hoard[::4096] = b"x" * len(sys.hoard[::4096])
    return os.getpid()


def interrupts():
    raise KeyboardInterrupt


def counts_frames():
    files, frame = [], sys._getframe(1)
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    return files


def draws():
    import random

    return random.random()


def recurses():
    return recurses()


def marks(folder, seconds):
    open(folder + "/begun-" + str(os.getpid()), "w").close()
    time.sleep(seconds)
    return os.getpid()
"""


class Steps:
    """Functions to run, by name, and tasks made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "steps.py"
        self.file.write_text(_STEPS)
        # Under a name that can't be imported, so that the functions travel by value.
        namespace: dict[str, Any] = {"__name__": "steps_of_the_contract", "__file__": str(self.file)}
        exec(compile(_STEPS, str(self.file), "exec"), namespace)  # noqa: S102
        self._namespace = namespace
        self._count = 0

    def task(
        self, name: str, inputs: dict[str, Stored] | None = None, settings: dict[str, Any] | None = None, **fields: Any
    ) -> Task:
        """A task that calls the function of this name."""
        self._count += 1
        label = f"{name}-{self._count}"
        return Task(
            **{
                "id": f"run/{label}/1",
                "run": "run",
                "step": label,
                "attempt": 1,
                "key": f"key-{label}",
                "code": "",
                "entry": Entry("pickle", name=name, data=dumps(self._namespace[name])),
                "inputs": tuple([Input(argument, argument, value) for argument, value in (inputs or {}).items()]),
                "settings": tuple(
                    [
                        Setting(key, "value", repr(value), "", pickle.dumps(value))
                        for key, value in (settings or {}).items()
                    ]
                ),
                "root": str(self.folder),
                "log": str(self.folder / f"{label}.log"),
                **fields,
            }
        )
