"""What it costs to keep values in object storage and the ledger in PostgreSQL, as ratios to what they are made of.

    python benchmarks/places.py                    both: a few minutes and 3 GB of memory
    python benchmarks/places.py --only s3 --size 80

Object storage is moto's server in a process of its own, so both sides of a ratio wait for the same slow server: what is
compared is what Penstock adds to obstore's own `put` and `get` (a copy on disk, hashing, checks). PostgreSQL is a server of
its own on this disk; four runners at once do 1,000 steps each, with the same on SQLite beside it.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import obstore
from obstore.store import from_url
from tests.services import PostgresServer, S3Server, free_port

from penstock.stores.remote import RemoteStore

__all__ = ["ledger", "objects"]

RUNNER = """
import sys, time
import penstock as ps

name, place, state, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def make(number):
    def step():
        return (name, number)
    return step

steps = {f"s{number}": make(number) for number in range(count)}
pipeline = ps.Pipeline.from_dict(dict.fromkeys(steps, ()), steps=steps, name=name, ledger=place, state=state)
begun = time.perf_counter()
run = pipeline.run(executor="inline")
assert run.status == "succeeded", run.status
print((time.perf_counter() - begun) / count)
"""


def best(times: int, work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """The best of some tries, in seconds; what comes before each is not counted."""
    took = []
    for _ in range(times):
        before()
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)


def objects(megabytes: int, times: int, folder: Path) -> dict[str, float]:
    """A value up and down: Penstock's store against obstore alone."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        told = S3Server()
        told.url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(told.url, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        os.environ.update(told.environment())
        place = told.bucket()
        bare = from_url(place, client_options={"allow_http": True, "timeout": "600s"})
        data = os.urandom(1_000_000) * megabytes
        turns = iter(range(1000))

        def up() -> None:
            store = RemoteStore(place, folder / f"up{next(turns)}")
            with store.writer() as writer:
                for offset in range(0, len(data), 64_000_000):
                    writer.write(memoryview(data)[offset : offset + 64_000_000])
                found.append(writer.finish().digest)
            store.sync()

        def down() -> None:
            store = RemoteStore(place, folder / f"down{next(turns)}")
            assert len(store.data(found[-1])) == len(data)

        def clear() -> None:
            for path in folder.iterdir():
                shutil.rmtree(path)

        def forget() -> None:
            clear()
            if found:  # so that the next writes it anew
                RemoteStore(place, folder / "gone").remove(found[-1])

        found: list[str] = []
        bare_up = best(times, lambda: obstore.put(bare, "bare", data))
        ours_up = best(times, up, before=forget)
        bare_down = best(times, lambda: obstore.get(bare, "bare").bytes())
        ours_down = best(times, down, before=clear)
    finally:
        server.kill()
        server.wait()
    return {
        "megabytes": megabytes,
        "obstore_put": round(bare_up, 3),
        "put": round(ours_up, 3),
        "put_ratio": round(ours_up / bare_up, 2),
        "obstore_get": round(bare_down, 3),
        "get": round(ours_down, 3),
        "get_ratio": round(ours_down / bare_down, 2),
        "both_ratio": round((ours_up + ours_down) / (bare_up + bare_down), 2),
    }


def ledger(runners: int, steps: int, folder: Path) -> dict[str, float]:
    """Runners at once, each with its own pipeline, on one ledger: milliseconds per step and runner."""
    script = folder / "runner.py"
    script.write_text(RUNNER)

    def together(place: str, count: int) -> float:
        started = [
            subprocess.Popen(
                [sys.executable, str(script), f"r{number}", place, str(folder / f"state{number}"), str(steps)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(count)
        ]
        took = [float(one.communicate()[0]) * 1000 for one in started]
        assert all(one.returncode == 0 for one in started)
        for number in range(count):
            shutil.rmtree(folder / f"state{number}", ignore_errors=True)
        return statistics.mean(took)

    with PostgresServer() as server:
        alone, several = together(server.ledger(), 1), together(server.ledger(), runners)
    here_alone, here = together(str(folder / "one.db"), 1), together(str(folder / "several.db"), runners)
    return {
        "runners": runners,
        "steps": steps,
        "postgresql_ms": round(several, 2),
        "sqlite_ms": round(here, 2),
        "ratio": round(several / here, 2),
        "postgresql_alone_ms": round(alone, 2),
        "sqlite_alone_ms": round(here_alone, 2),
        "alone_ratio": round(alone / here_alone, 2),
    }


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="What object storage and PostgreSQL cost, as ratios.")
    parser.add_argument("--only", choices=["s3", "postgres"], help="one of the two")
    parser.add_argument("--size", type=int, default=800, metavar="MB", help="of the value that goes up and down")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="the best of so many")
    parser.add_argument("--steps", type=int, default=1000, metavar="N", help="of each of four runners")
    given = parser.parse_args()
    measured: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="places-") as folder:
        if given.only != "postgres":
            measured["s3"] = objects(given.size, given.times, Path(folder))
        if given.only != "s3":
            measured["postgres"] = ledger(4, given.steps, Path(folder))
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
