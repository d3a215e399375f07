"""The spine's figures, each beside a bare limit measured in the same run.

    python benchmarks/spine.py [--quick] [NAME …]

Whole processes are timed (`penstock run` as people call it), best of three. Prints a table; `--json` prints the rows.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
PENSTOCK = [sys.executable, "-m", "penstock.cli"]


def seconds(command: list[str], folder: Path, times: int = 3, before: Callable[[], None] | None = None) -> float:
    """The best wall time of a command, in seconds."""
    best = float("inf")
    for _ in range(times):
        if before is not None:
            before()
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        took = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed in {folder}:\n{done.stdout}\n{done.stderr}")
        best = min(best, took)
    return best


def chain(count: int) -> str:
    steps = [f"@ps.step\ndef s{i}({f's{i - 1}' if i else ''}):\n    return {i}\n" for i in range(count)]
    return "import penstock as ps\n\n" + "\n".join(steps)


def fan(count: int) -> str:
    steps = [f"@ps.step\ndef s{i}(root):\n    return root + {i}\n" for i in range(count - 1)]
    return "import penstock as ps\n\n@ps.step\ndef root():\n    return 1\n\n" + "\n".join(steps)


def looped(count: int) -> str:
    return (
        "import penstock as ps\n\ndef add(x):\n    return x + 1\n\n@ps.step\ndef s0():\n    return 0\n\n"
        f"for i in range(1, {count}):\n    ps.step(name=f's{{i}}', inputs={{'x': f's{{i - 1}}'}})(add)\n"
    )


def project(folder: Path, source: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.py").write_text(source)
    return folder


def bare_python(folder: Path) -> float:
    return seconds([sys.executable, "-c", "pass"], folder, 10)


def start_up(work: Path) -> Iterator[tuple[str, float, float, str]]:
    bare = bare_python(work)
    yield "penstock --version", seconds([*PENSTOCK, "--version"], work, 10), bare, "bare Python + 60 ms"
    yield (
        "import penstock",
        seconds([sys.executable, "-c", "import penstock as ps; ps.step"], work, 10),
        bare,
        "bare + 80 ms",
    )


def no_ops(work: Path, count: int, shapes: dict[str, Callable[[int], str]]) -> Iterator[tuple[str, float, float, str]]:
    bare = bare_python(work)
    for shape, source in shapes.items():
        for executor in ("inline", "local"):
            folder = project(work / f"{shape}{count}{executor}", source(count))
            state = folder / ".penstock"
            command = [*PENSTOCK, "run", "--executor", executor]

            def clear(state: Path = state) -> None:
                shutil.rmtree(state, ignore_errors=True)

            goal = {"inline": "≤ 0.35 s", "local": "≤ 0.8 s"}[executor] if count == 1000 else "linear"
            yield f"{count} no-op steps, {shape}, {executor}", seconds(command, folder, 3, clear), bare, goal
            if executor == "local":
                again = "≤ 0.25 s" if count == 1000 else "≤ 0.9 s"
                yield f"{count} steps again, {shape}", seconds(command, folder, 5), bare, again


TABLE = """
import os
import penstock as ps
import polars as pl
import numpy as np

@ps.step
def table():
    return {make}

@ps.step
def total(table):
    return {use}
"""
NUMBERS = (
    "pl.DataFrame({f'c{i}': np.random.default_rng(i).random(ROWS) for i in range(20)})",
    "sum(float(table[name].sum()) for name in table.columns)",
)
STRINGS = (
    "pl.DataFrame({f'c{i}': [f'text {i} {j}' for j in range(ROWS)] for i in range(5)})",
    "sum(int(table[name].str.len_bytes().sum()) for name in table.columns)",
)
BARE_TABLE = """
import sys, subprocess, os
import polars as pl
import numpy as np
ROWS = {rows}
if len(sys.argv) > 1:
    table = pl.scan_ipc(sys.argv[1]).collect()
    print({use})
else:
    table = {make}
    with open('table.arrow', 'wb') as file:
        table.write_ipc(file, compression='uncompressed')
        file.flush()
        os.fsync(file.fileno())
    subprocess.run([sys.executable, __file__, 'table.arrow'], check=True)
"""


def hand_over(work: Path, rows: int, strings: int) -> Iterator[tuple[str, float, float, str]]:
    for name, (make, use), count, goal in (
        (f"table of {rows * 160 / 1e6:.0f} MB to another process", NUMBERS, rows, "bare + 0.5 s"),
        (f"table of {strings:,} × 5 strings", STRINGS, strings, "bare + 0.15 s"),
    ):
        folder = project(work / f"table{count}", TABLE.format(make=make, use=use).replace("ROWS", str(count)))
        (folder / "bare.py").write_text(BARE_TABLE.format(rows=count, make=make, use=use))
        bare = seconds([sys.executable, "bare.py"], folder)

        def clear(folder: Path = folder) -> None:
            shutil.rmtree(folder / ".penstock", ignore_errors=True)

        yield name, seconds([*PENSTOCK, "run", "--workers", "2"], folder, 3, clear), bare, goal


BUSY = "def busy(n):\n    total = 0\n    for i in range(n):\n        total += i * i\n    return total\n"


def processors(work: Path, loops: int) -> Iterator[tuple[str, float, float, str]]:
    steps = "\n".join(f"@ps.step\ndef s{i}():\n    return busy({loops} + {i})\n" for i in range(8))
    folder = project(work / "busy", f"import penstock as ps\n\n{BUSY}\n{steps}")
    (folder / "bare.py").write_text(
        "import multiprocessing as mp\n" + BUSY + "\nif __name__ == '__main__':\n"
        f"    with mp.get_context('forkserver').Pool(2) as pool:\n        pool.map(busy, [{loops} + i for i in range(8)], 1)\n"
    )
    bare = seconds([sys.executable, "bare.py"], folder)

    def clear() -> None:
        shutil.rmtree(folder / ".penstock", ignore_errors=True)

    yield (
        "eight CPU-bound steps, two workers",
        seconds([*PENSTOCK, "run", "--workers", "2"], folder, 3, clear),
        bare,
        "≤ 1.05 ×",
    )


def fresh(work: Path, count: int) -> Iterator[tuple[str, float, float, str]]:
    steps = "\n".join(f"@ps.step(isolation='fresh')\ndef s{i}():\n    return {i}\n" for i in range(count))
    warm = project(work / "warm", "import penstock as ps\n\n" + steps.replace("(isolation='fresh')", ""))
    cold = project(work / "fresh", "import penstock as ps\n\n" + steps)
    times = []
    for folder in (warm, cold):

        def clear(folder: Path = folder) -> None:
            shutil.rmtree(folder / ".penstock", ignore_errors=True)

        times.append(seconds([*PENSTOCK, "run", "--workers", "1"], folder, 3, clear))
    yield f"{count} steps, a fresh process each (against warm ones)", times[1], times[0], f"warm + {count * 0.01:.1f} s"


def main() -> None:
    """Measure what is named (all, if nothing is), and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, for a look")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    small = chosen.quick
    sets: dict[str, Callable[[Path], Iterator[tuple[str, float, float, str]]]] = {
        "start": start_up,
        "steps": lambda work: no_ops(work, 100 if small else 1000, {"chain": chain, "fan": fan}),
        "many": lambda work: no_ops(work, 1000 if small else 10_000, {"chain": chain, "loop": looped}),
        "tables": lambda work: hand_over(work, *((500_000, 100_000) if small else (5_000_000, 1_000_000))),
        "processors": lambda work: processors(work, 1_000_000 if small else 20_000_000),
        "fresh": lambda work: fresh(work, 20 if small else 100),
    }
    os.environ.pop("PENSTOCK_STATE", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have their bytecode
    rows = []
    with tempfile.TemporaryDirectory(prefix="penstock-benchmark-") as folder:
        for name, measure in sets.items():
            if chosen.names and name not in chosen.names:
                continue
            for what, ours, bare, goal in measure(Path(folder)):
                rows.append({"what": what, "seconds": round(ours, 3), "bare": round(bare, 3), "goal": goal})
                if not chosen.json:
                    print(
                        f"{what:55} {ours:8.3f} s   bare {bare:7.3f} s   + {ours - bare:6.3f} s   {ours / bare:6.2f} ×   {goal}",
                        flush=True,
                    )
    if chosen.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
