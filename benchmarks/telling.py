"""What was measured, as cells for people and as a table in docs/performance.md."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from projects import Contender
from projects.caches import Doit, Hamilton, Joblib, Redun
from projects.commands import DVC, Luigi, Snakemake
from projects.engines import Dagster, Kedro, Metaflow, Prefect, ZenML
from projects.plain import Bare, Inline, Penstock
from timing import Sizes

__all__ = [
    "BEGIN",
    "CONTENDERS",
    "END",
    "LAST",
    "ORDER",
    "PAGE",
    "QUIET",
    "columns",
    "machine",
    "page",
    "told",
    "write",
]

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
LAST = Path(__file__).parent / "peers.json"
ORDER = ("start", "few", "many", "table", "strings", "processors", "fresh")
QUIET = 0.1  # share of the machine that others may use
BEGIN, END = "<!-- table: written by benchmarks/peers.py -->", "<!-- end of table -->"
CONTENDERS: list[Contender] = [
    *(Bare(), Penstock(), Inline(), Joblib(), Hamilton(), Doit(), Redun(), Kedro(), Dagster()),
    *(Prefect(), Metaflow(), ZenML(), Luigi(), Snakemake(), DVC()),
]


def told(seconds: float | None, said: str, ours: float | None) -> str:
    """A cell: seconds and the ratio to Penstock's, or why there are none."""
    if seconds is None:
        return said
    amount = f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"
    ratio = seconds / ours if ours else None
    beside = (
        ""
        if ratio is None
        else f" · {ratio:.0f} ×"
        if ratio >= 10
        else f" · {ratio:.2g} ×"
        if ratio < 1
        else f" · {ratio:.1f} ×"
    )
    return f"{amount}{beside}{f' ({said})' if said else ''}"


def columns(row: str, sizes: Sizes) -> list[str]:
    """The columns that a row of measurements fills."""
    return {
        "start": ["start-up"],
        "few": [f"{sizes.few:,} steps", f"{sizes.few:,} again"],
        "many": [f"{sizes.many:,} steps", f"{sizes.many:,} again"],
        "table": [f"{sizes.rows * 160 / 1e6:.0f} MB table"],
        "strings": [f"{sizes.strings:,} × 5 strings"],
        "processors": [f"{sizes.parts} CPU-bound steps"],
        "fresh": [f"{sizes.processes} processes"],
    }[row]


def machine() -> str:
    """What it was measured on; no names."""
    model = ""
    if Path("/proc/cpuinfo").is_file():
        model = next(
            (
                line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if "model name" in line
            ),
            "",
        )
    memory = psutil.virtual_memory().total / 1e9
    system = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    return f"{os.cpu_count()} cores ({model or platform.machine()}), {memory:.0f} GB of memory, {system}, Python {platform.python_version()}"


def page(last: dict[str, Any]) -> Iterator[str]:
    """The table as Markdown, from what was measured last."""
    rows = list(last["rows"].items())
    heads = [column for _, row in rows for column in row["columns"]]
    yield BEGIN
    yield ""
    yield f"| | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(heads)}"
    for one in CONTENDERS:
        versions = sorted({row["versions"].get(one.name, "") for _, row in rows})
        name = f"{one.name} {' and '.join(versions)}".strip()
        told_cells = []
        for _, row in rows:
            cells = row["cells"].get(one.name, [[None, "not measured"]] * len(row["columns"]))
            ours = row["cells"].get("Penstock", [[None, ""]] * len(row["columns"]))
            told_cells += [told(*cell, mine[0]) for cell, mine in zip(cells, ours, strict=True)]
        mark = "**" if one.name.startswith("Penstock") else ""
        yield f"| {mark}{name}{mark} | {' | '.join(told_cells)} |"
    yield ""
    yield f"Measured on {last['machine']}."
    dates = sorted({row["date"] for _, row in rows})
    loads = "; ".join(f"{row['columns'][0]}: {row['others']:.0%}" for _, row in rows)
    limits = sorted({f"{row['limit']:.0f} s" for _, row in rows})
    yield f"{' and '.join(dates)}; limit of a cell: {' or '.join(limits)}."
    yield f"How much of the machine others used meanwhile, at most: {loads}."
    if missing := [column for row in ORDER if row not in last["rows"] for column in columns(row, Sizes())]:
        yield f"Not measured yet where it was quiet enough to tell anything: {', '.join(missing)}."
    if any(row["others"] > QUIET for _, row in rows):
        yield "It was not quiet: take the ratios rather than the seconds, and small differences for nothing."
    yield ""
    yield END


def write(last: dict[str, Any]) -> None:
    """The table's place in docs/performance.md gets the table."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + "\n".join(page(last)) + after, encoding="utf-8")
