"""Penstock beside other tools and beside bare Python, each doing the same work the way its own documentation does it.

    python benchmarks/peers.py [--quick] [--peers NAME,…] [--rows NAME,…] [--limit 60] [--write]

Each tool is installed in an environment of its own, in the user's cache folder (with uv where there is one, else venv and pip).
Whole commands are timed, best of three where that takes no longer than some seconds. All contenders of a row are measured one after
the other, so that their ratios hold also where the machine is not quite quiet; how busy others kept it is written down.
`--write` puts what was measured into docs/performance.md (rows that were not measured stay as they were).
"""

import argparse
import datetime as dt
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from projects import Contender, Project
from spine import NUMBERS, STRINGS
from telling import CONTENDERS, LAST, columns, machine, told, write
from timing import Bench, Cell, Sizes, busy, environment, lines, own, version_of

QUICK = Sizes(30, 100, 200_000, 50_000, 4, 500_000, 5)
STEADY = 5.0  # seconds: what takes longer is measured once


# --- workloads: each gives, for one contender, the cells of its columns

Check = Callable[[list[str]], str]


def start_up(bench: Bench, one: Contender) -> list[Cell]:
    """The smallest command, or the import, best of ten."""
    folder = bench.write(one, Project({}, []), 0)
    folder.mkdir()
    cells = [bench.run(one, [one.version], folder, bench.limit) for _ in range(10)]
    return [min(cells, key=lambda cell: cell.seconds or math.inf)]


def worked(bench: Bench, one: Contender, project: Project, count: int, check: Check, *, again: bool) -> list[Cell]:
    """The first run, each time in a fresh folder, and where asked a second one, each time in the last of these."""
    cells: list[Cell] = []
    folder = Path()
    for _ in range(3):
        folder = bench.write(one, project, count)
        bench.leave()
        bench.serve(one, project, folder)
        prepared = bench.run(one, project.setup, folder, 300)
        if prepared.seconds is None:
            return [Cell(None, prepared.said)] * (1 + again)
        cell = bench.run(one, project.commands, folder, bench.limit)
        if cell.seconds is not None and (wrong := check(lines(folder))):
            cell = Cell(None, wrong)
        cells.append(cell)
        if cell.seconds is None or cell.seconds > STEADY:
            break
        if len(cells) < 3:
            shutil.rmtree(folder, ignore_errors=True)
    first = min(cells, key=lambda cell: cell.seconds or math.inf)
    if not again:
        shutil.rmtree(folder, ignore_errors=True)
        return [first]
    if first.seconds is None:
        return [first, Cell(None, "–")]
    before = len(lines(folder))
    cells = []
    for _ in range(3):
        cells.append(bench.run(one, project.again or project.commands, folder, bench.limit))
        if (cells[-1].seconds or math.inf) > STEADY:
            break
    second = min(cells, key=lambda cell: cell.seconds or math.inf)
    if second.seconds is not None and len(lines(folder)) > before:
        second = Cell(second.seconds, "runs all")
    shutil.rmtree(folder, ignore_errors=True)
    return [first, second]


def chained(count_of: Callable[[Sizes], int]) -> Callable[[Bench, Contender], list[Cell]]:
    """A chain of steps, and the chain again."""

    def measure(bench: Bench, one: Contender) -> list[Cell]:
        count = count_of(bench.sizes)
        project = one.chain(count)
        assert project is not None
        return worked(
            bench, one, project, count, lambda got: "" if got == [str(count - 1)] else f"wrong: {got[:3]}", again=True
        )

    return measure


def tabled(how: tuple[str, str], count_of: Callable[[Sizes], int]) -> Callable[[Bench, Contender], list[Cell]]:
    """A table from one process to another."""

    def check(got: list[str]) -> str:
        if len(got) != 2:
            return f"wrong: {got[:3]}"
        return "the same process" if got[0] == got[1].split()[0] else ""

    def measure(bench: Bench, one: Contender) -> list[Cell]:
        project = one.table(*how)
        assert project is not None
        return worked(bench, one, project, count_of(bench.sizes), check, again=False)

    return measure


def computed(bench: Bench, one: Contender) -> list[Cell]:
    """Steps bound by the processor."""
    count = bench.sizes.parts
    project = one.processors(count)
    assert project is not None
    return worked(
        bench, one, project, count, lambda got: "" if len(set(got)) == count else f"wrong: {got[:3]}", again=False
    )


def apart(bench: Bench, one: Contender) -> list[Cell]:
    """Steps in fresh processes."""
    count = bench.sizes.processes
    project = one.fresh(count)
    assert project is not None
    return worked(
        bench, one, project, count, lambda got: "" if len(set(got)) == count else "processes are reused", again=False
    )


Measure = Callable[[Bench, Contender], list[Cell]]
ROWS: dict[str, Measure] = {
    "start": start_up,
    "few": chained(lambda sizes: sizes.few),
    "many": chained(lambda sizes: sizes.many),
    "table": tabled(NUMBERS, lambda sizes: sizes.rows),
    "strings": tabled(STRINGS, lambda sizes: sizes.strings),
    "processors": computed,
    "fresh": apart,
}


# --- all contenders, row by row


def measured(row: str, bench: Bench, chosen: list[Contender], cache: Path, known: dict[str, Any]) -> dict[str, Any]:
    """All contenders in one row. What can't be done at a tenth of the size is not tried at the whole."""
    cells: dict[str, list[tuple[float | None, str]]] = {}
    others = 0.0
    names = columns(row, bench.sizes)
    for one in chosen:
        bench.bin, lack = environment(one, cache)
        began, all_before, own_before = time.perf_counter(), busy(), own()
        smaller = known.get("few", {}).get("cells", {}).get(one.name, [[0.0, ""]]) if row == "many" else [[0.0, ""]]
        if lack:
            found = [Cell(None, lack)] * len(names)
        elif row in one.lacks:
            found = [Cell(None, one.lacks[row])] * len(names)
        elif smaller[0][0] is None:
            found = [Cell(None, smaller[0][1]), Cell(None, "–")]
        else:
            found = ROWS[row](bench, one)
            bench.leave()
        took = time.perf_counter() - began
        used = (busy() - all_before - (own() - own_before)) / max(took, 1e-6) / (os.cpu_count() or 1)
        if took > 0.5 and not found[0].said:
            others = max(others, used)
        cells[one.name] = [tuple(cell) for cell in found]
        ours = cells.get("Penstock", [(None, "")] * len(names))
        for name, cell, mine in zip(names, found, ours, strict=True):
            print(f"{name:24} {one.name:18} {told(cell.seconds, cell.said, mine[0])}", flush=True)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return {"columns": names, "cells": cells, "others": round(max(0.0, others), 2), "date": today, "limit": bench.limit}


def listed(asked: str, known: list[str], what: str) -> list[str]:
    """Names out of those that are known."""
    wanted = [one for one in asked.split(",") if one] or known
    if unknown := [one for one in wanted if one not in known]:
        raise SystemExit(f"There is no {what} {unknown[0]!r}; there are: {', '.join(known)}.")
    return wanted


def main() -> None:
    """Measure what is named (all, if nothing is), and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, for a look")
    parser.add_argument(
        "--peers", default="", help="only these, by name and separated by commas (Penstock is always there)"
    )
    parser.add_argument("--rows", default="", help=f"only these of {', '.join(ROWS)}")
    parser.add_argument("--limit", type=float, default=60, help="seconds for one command (60)")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    parser.add_argument("--cache", type=Path, help="where the tools are installed")
    parser.add_argument("--verbose", action="store_true", help="show what failing commands print")
    chosen = parser.parse_args()
    if chosen.write and (chosen.quick or chosen.peers):
        parser.error("--write is for whole rows at full size")
    by_name = {one.name: one for one in CONTENDERS}
    names = listed(chosen.peers, list(by_name), "contender")
    contenders = [one for one in CONTENDERS if one.name in {*names, "Penstock"}]
    cache = chosen.cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penstock" / "benchmarks"
    found: dict[str, Any] = {}
    versions = {one.name: version_of(one, environment(one, cache)[0]) for one in contenders}
    with tempfile.TemporaryDirectory(prefix="penstock-peers-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder).resolve(), QUICK if chosen.quick else Sizes(), chosen.limit, verbose=chosen.verbose)
        for row in listed(chosen.rows, list(ROWS), "row"):
            found[row] = measured(row, bench, contenders, cache, found)
            found[row]["versions"] = versions
            if chosen.write:
                last = json.loads(LAST.read_text()) if LAST.is_file() else {"rows": {}}
                kept = {**last["rows"], row: found[row]}
                last = {
                    "machine": machine(),
                    "rows": {one: kept[one] for one in ROWS if one in kept},
                }
                LAST.write_text(json.dumps(last, indent=1, ensure_ascii=False) + "\n")
                write(last)
    print(f"\nMeasured on {machine()}.")
    for row in found.values():
        print(f"{row['columns'][0]}: others used up to {row['others']:.0%} of the machine")


if __name__ == "__main__":
    main()
