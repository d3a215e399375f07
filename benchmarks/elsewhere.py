"""What it costs to run steps elsewhere, each figure beside a bare limit measured in the same run.

    python benchmarks/elsewhere.py                environments, containers, Ray: what is installed
    python benchmarks/elsewhere.py --only ray

Containers: 100 no-op steps beside 100 bare starts of the same image; one step beside one. Ray: 1,000 no-op steps, and 8
CPU-bound ones, beside Ray's own tasks on a cluster of the same size.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import penstock as ps
from penstock.app import environments, images
from penstock.executors.engines import find_engine
from penstock.model.event import Begun, Committed

STEPS = """
import penstock as ps

def make(number):
    @ps.step(name=f"noop{{number}}")
    def noop(): return number
    return noop

for number in range({count}):
    globals()[f"noop{{number}}"] = make(number)
"""
BUSY = """
import penstock as ps

def make(number):
    @ps.step(name=f"busy{{number}}")
    def busy():
        total = 0
        for one in range(12_000_000):
            total += one * one % 7
        return total
    return busy

for number in range(8):
    globals()[f"busy{{number}}"] = make(number)
"""
RAY = """
import sys, time
import ray
ray.init(num_cpus=2, object_store_memory=100 << 20, include_dashboard=False, log_to_driver=False)

@ray.remote
def noop(): return 1

@ray.remote
def busy():
    total = 0
    for one in range(12_000_000):
        total += one * one % 7
    return total

ray.get([noop.remote() for _ in range(10)])
begun = time.monotonic()
ray.get([noop.remote() for _ in range(1000)] if sys.argv[1] == "noop" else [busy.remote() for _ in range(8)])
print(time.monotonic() - begun)
"""


def steps(text: str, folder: Path, executor: str) -> tuple[float, float]:
    """Seconds from the first step that begins to the last that is kept, and those of the whole call."""
    (folder / "flow.py").write_text(text)
    times: list[float] = []
    begun = time.monotonic()
    run = ps.Pipeline.load(folder / "flow.py").run(
        executor=executor,
        workers=2,
        on_event=lambda event: times.append(time.monotonic()) if isinstance(event, Begun | Committed) else None,
    )
    assert run.status == "succeeded"
    return times[-1] - times[0], time.monotonic() - begun


def bare_ray(kind: str) -> float:
    """Ray's own tasks, in a process of their own."""
    done = subprocess.run([sys.executable, "-c", RAY, kind], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def say(what: str, ours: float, bare: float) -> None:
    print(f"{what:<58} {ours:8.2f} s   bare {bare:8.2f} s   × {ours / bare:.2f}", flush=True)


def containers(folder: Path) -> None:
    engine = find_engine()
    piece = images.made_of(engine, environments.lock([]))
    image = images.find(piece.digest)
    options = engine.kept("bench", [], {})

    def start() -> float:
        begun = time.monotonic()
        subprocess.run(engine.containing(options, image.reference, [image.python, "-c", "pass"]), check=True)
        return time.monotonic() - begun

    one = min([start() for _ in range(3)])
    _, whole = steps(STEPS.format(count=1), folder, "container")
    print(f"{'one step in a container, the whole run':<58} {whole:8.2f} s   bare {one:8.2f} s   + {whole - one:.2f} s")
    _, many = steps(STEPS.format(count=101), folder, "container")
    say("100 no-op steps in containers, 100 bare starts", many, sum([start() for _ in range(100)]))


def ray(folder: Path) -> None:
    ours, bare = zip(
        *[
            (steps(STEPS.format(count=1000) + f"# {turn}", folder / str(turn), "ray")[0], bare_ray("noop"))
            for turn in made(folder)
        ],
        strict=True,
    )
    say("1,000 no-op steps on Ray, 1,000 tasks of Ray (best of 3)", min(ours), min(bare))
    ours, bare = zip(
        *[(steps(BUSY.format(), folder / f"b{turn}", "ray")[0], bare_ray("busy")) for turn in made(folder, "b")],
        strict=True,
    )
    say("8 CPU-bound steps on Ray, 8 tasks of Ray (best of 3)", min(ours), min(bare))


def made(folder: Path, name: str = "") -> range:
    for turn in range(3):
        (folder / f"{name}{turn}").mkdir()
    return range(3)


def environment(folder: Path) -> None:
    text = STEPS.format(count=100)
    _, here = steps(text, folder, "local")
    _, there = steps(text.replace("name=f", "env=['iniconfig'], name=f").replace("noop{", "there{"), folder, "local")
    _, there = steps(text.replace("name=f", "env=['iniconfig'], name=f").replace("noop{", "again{"), folder, "local")
    say("100 no-op steps in an environment that is built, local ones", there, here)


PARTS = {"env": environment, "containers": containers, "ray": ray}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    for name in parser.parse_args().only:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder))


if __name__ == "__main__":
    main()
