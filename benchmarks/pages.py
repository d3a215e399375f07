"""What the page costs. `python benchmarks/pages.py [--runs N] [--rows N] [--json]` prints each figure beside the limit that was set for it.

A ledger of 1,000 runs of 100 steps, a graph of 1,000 and one of 10,000 steps, and a table of 10 million rows are made; then the API is asked
for every view, and a browser without a window (`chromium` on the PATH, and playwright) opens the pages. Nothing is asserted. A busy machine is said
to be one: the same small loop is timed before and after, and `busy` is how much slower its slowest turn was than its fastest; seconds of the server's processor are told beside, which others change less.
"""

import argparse
import gzip
import http.client
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psutil

import penstock
from penstock.app.settings import find_settings, open_ledger
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Description, Stored
from penstock.model.digest import digest_bytes
from penstock.model.event import Decided, RunEnded, RunStarted
from penstock.model.run import Consumed, Decision, Execution, Made, Reason, Run
from penstock.model.task import Usage

PIPELINE = """
import time
from datetime import datetime, timedelta
import numpy as np
import polars as pl
import penstock as ps

@ps.source(key="id")
def wide(n: int = {rows}) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    return pl.DataFrame({{"id": np.arange(n), "x": draw.normal(size=n), "group": draw.integers(0, 50, n), "word": pl.Series(np.arange(n) % 97).cast(pl.String)}})

@ps.source(key="id", time="at", label="y")
def rows(n: int = 20_000) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    start = datetime(2024, 1, 1)
    return pl.DataFrame({{"id": np.arange(n), "at": [start + timedelta(minutes=i) for i in range(n)], "x": draw.normal(size=n), "y": draw.normal(size=n)}})

@ps.step
def clean(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("x") > -2)

@ps.step
def features(clean: pl.DataFrame) -> pl.DataFrame:
    return clean.with_columns(square=pl.col("x") ** 2)

@ps.split
def sides(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {{"train": features.filter(pl.col("id") % 5 > 0), "test": features.filter(pl.col("id") % 5 == 0)}}

@ps.train
def model(train: pl.DataFrame, rate: float = 0.5) -> float:
    print("training")
    return rate * train["y"].mean()

@ps.predict
def predictions(model: float, test: pl.DataFrame) -> pl.Series:
    return test["x"] * model

@ps.evaluate
def scores(predictions, test: pl.DataFrame) -> dict[str, float]:
    return {{"mae": float((test["y"] - predictions).abs().mean())}}
"""

TICKS = (
    "import time\nimport penstock as ps\n\n@ps.step(cache=False)\ndef tick0():\n    began = time.time()\n    time.sleep(1.2)\n    return began\n"
    + "".join(
        f"\n@ps.step(cache=False)\ndef tick{at}(tick{at - 1}):\n    began = time.time()\n    time.sleep(0.6)\n    return began\n"
        for at in range(1, 9)
    )
)


class Figure(NamedTuple):
    """What was measured, beside its limit."""

    name: str
    value: float
    unit: str
    limit: float | None
    said: str = ""


# --- what is looked at


def made_run(number: int, steps: int, name: str = "") -> tuple[Run, list[Execution]]:
    """A run of layered steps, ten wide, each of which takes two of the layer before."""
    draw = random.Random(number)
    graph: dict[str, Any] = {}
    executions: list[Execution] = []
    run = f"2026{1 + number // 800:02d}01-{number % 800:06d}-{name if name else 'bench'}"
    kinds = ("source", "step", "step", "train", "evaluate")
    for at in range(steps):
        step, layer = f"stage_{at // 10}_part_{at % 10}", at // 10
        above = sorted({f"stage_{layer - 1}_part_{draw.randrange(10)}" for _ in range(2)}) if layer else []
        graph[step] = {
            "kind": kinds[0] if not layer else kinds[1 + at % 4],
            "where": f"pipeline.py:{at + 10}",
            "inputs": {one: one for one in above},
        }
        digest = digest_bytes(f"{number}/{at}".encode())
        stored = Stored("json", digest, digest, 8, data=b"1" * 8, about=Description(type="int", rows=1000 + at))
        executions.append(
            Execution(
                key=digest, pipeline=name if name else "bench", step=step, kind=graph[step]["kind"], run=run, attempt=1, code=digest_bytes(b"code"),
                inputs={one: Consumed(one, digest, digest) for one in above}, settings={"rate": (str(number % 7), digest)} if at % 10 == 0 else {},
                outputs=(Made(step, stored),), metrics={"auc": draw.random()} if at % 20 == 19 else {}, usage=Usage(0.1 + draw.random(), 0.1, 1 << 28),
                started=1_750_000_000.0 + number * 100 + layer, seed=at,
            )
        )  # fmt: skip
    run_ = Run(
        id=run, pipeline=name if name else "bench", started=1_750_000_000.0 + number * 100, steps=tuple(graph), graph=graph, file="pipeline.py",
        parameters={one.step: {"rate": str(number % 7)} for one in executions if one.settings}, environment={f"package-{at}": "1.0" for at in range(120)},
        tags=("nightly",) if number % 3 == 0 else (),
    )  # fmt: skip
    return run_, executions


def write_run(ledger: SqliteLedger, run: Run, executions: list[Execution]) -> None:
    reason = (Reason("code", "`mend` changed", "pipeline.py:12"),)
    decided = Decided(tuple([Decision(one.step, "run", reason, one.key) for one in executions]))
    ledger.record(run.id, [RunStarted(run), decided])
    ledger.commit(run.id, executions, {}, [])
    ledger.record(run.id, [RunEnded("succeeded", 12.5)])


def build(folder: Path, runs: int, rows: int) -> dict[str, str]:
    """The state folder; the runs of it by what they are."""
    (folder / "line.py").write_text(PIPELINE.format(rows=rows))
    ran = [sys.executable, "-m", "penstock", "run", "--checks", "off", "--json"]
    first = json.loads(
        subprocess.run(ran, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    )
    again = json.loads(
        subprocess.run(
            [*ran, "--set", "model.rate=0.7"], cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout
    )
    ledger = open_ledger(find_settings(folder / "line.py"))
    for number in range(runs):
        write_run(ledger, *made_run(number, 100))  # type: ignore[arg-type]
    known = {
        "line": first["run"],
        "again": again["run"],
        "many": made_run(runs - 1, 100)[0].id,
        "before": made_run(runs - 2, 100)[0].id,
    }
    for name, steps in (("thousand", 1_000), ("tenthousand", 10_000)):
        run, executions = made_run(0, steps, name)
        write_run(ledger, run, executions)  # type: ignore[arg-type]
        known[name] = run.id
    ledger.close()
    return known


# --- the API


@contextmanager
def served(folder: Path, *words: str) -> Iterator[str]:
    command = [sys.executable, "-m", "penstock", "ui", "-f", "line.py", "--no-browser", "--json", "--port", "0", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


class Client:
    """One connection to the API, kept open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._token = parts.query.removeprefix("token=")
        self._connection = http.client.HTTPConnection(parts.netloc)

    def get(self, path: str) -> tuple[float, int]:
        """Milliseconds until the answer was read, and its length."""
        begun = time.perf_counter()
        self._connection.request("GET", f"/api/v1{path}", headers={"authorization": f"Bearer {self._token}"})
        answer = self._connection.getresponse()
        body = answer.read()
        spent = (time.perf_counter() - begun) * 1000
        assert answer.status == 200, (path, answer.status, body[:300])
        return spent, len(body)


def working(url: str) -> float:
    """Seconds that the server at an address has worked: what others do on the machine does not count."""
    port = urlsplit(url).port
    for one in psutil.Process().children():
        if any(held.laddr.port == port for held in one.net_connections() if held.status == psutil.CONN_LISTEN):
            used = one.cpu_times()
            return float(used.user + used.system)
    return 0.0


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def api(url: str, known: dict[str, str], rows: int, times: int) -> Iterator[Figure]:
    """Every view, `times` times; the first answer, in which things are loaded, is told beside."""
    client = Client(url)
    many, line = f"/runs/{known['many']}", f"/runs/{known['line']}"
    draw = random.Random(0)
    views: dict[str, Callable[[], str]] = {
        "where": lambda: "/where",
        "runs (100)": lambda: "/runs?limit=100",
        "runs (all)": lambda: "/runs?limit=1000",
        "run": lambda: many,
        "graph": lambda: f"{many}/graph",
        "step": lambda: f"{many}/steps/stage_{draw.randrange(10)}_part_{draw.randrange(10)}",
        "events": lambda: f"{many}/events",
        "metric over runs": lambda: "/metrics/stage_1_part_9.auc?limit=1000",
        "diff": lambda: f"/diff/{known['before']}/{known['many']}",
        "code": lambda: f"{line}/code/model",
        "log": lambda: f"{line}/log/model",
        "table, 100 rows": lambda: f"{line}/table/wide?offset={draw.randrange(rows - 100)}&limit=100",
        "profile of a column": lambda: f"{line}/profile/wide?column={draw.choice(['id', 'x', 'group', 'word'])}",
        "profile against another run": lambda: f"{line}/profile/predictions?against={known['again']}",
        "way of a row": lambda: f"{line}/trace?key={draw.randrange(20_000)}&source=rows",
        "forward": lambda: f"{line}/forward?key={draw.randrange(20_000)}&source=rows",
        "rows": lambda: f"{line}/rows",
        "dropped": lambda: f"{line}/dropped/rows",
    }
    for name, path in views.items():
        first, size = client.get(path())
        before = working(url)
        spent = [client.get(path())[0] for _ in range(times)]
        used = (working(url) - before) / times * 1000
        said = f"{used:.1f} ms of the server's processor each, median {quantile(spent, 0.5):.1f} ms, first {first:.0f} ms, {size / 1000:.0f} kB"
        yield Figure(f"API p95: {name}", quantile(spent, 0.95), "ms", 50, said)
    first, _ = client.get(f"/runs/{known['again']}/table/wide?limit=100")
    yield Figure(f"first 100 of {rows:,} rows, in a run not looked at yet", first, "ms", 200)
    for name in ("thousand", "tenthousand"):
        for view in ("", "/graph"):
            spent = [client.get(f"/runs/{known[name]}{view}")[0] for _ in range(5)]
            yield Figure(f"API median: {name}{view or '/run'}", quantile(spent, 0.5), "ms", None)


# --- the browser

WATCH = """
(() => {
  window.seen = {}; window.longest = 0; window.long = [];
  new PerformanceObserver((list) => { for (const one of list.getEntries()) { window.long.push([one.startTime, one.duration]); window.longest = Math.max(window.longest, one.duration); } }).observe({ type: "longtask", buffered: true });
  const look = () => {
    for (const [name, selector] of Object.entries(window.wanted ?? {})) if (!(name in window.seen) && document.querySelector(selector)) window.seen[name] = [performance.now(), Date.now()];
  };
  const begin = () => new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
  if (document.documentElement) begin(); else document.addEventListener("readystatechange", begin, { once: true });
})();
"""


def pages(url: str, known: dict[str, str], browser: Any) -> Iterator[Figure]:
    """First useful paint, the longest that the main thread was blocked, and the layout, page by page."""
    base = url.partition("/?")[0]
    looked = {
        "runs, 1,000 of them": ("/runs", "table tbody tr"),
        "graph of 100 steps": (f"/run/{known['many']}/graph", ".node"),
        "run of 100 steps": (f"/run/{known['many']}", ".gantt-row"),
        "table of 10 M rows": (f"/run/{known['line']}/artifact/wide", "table.rows tbody tr td:nth-child(2)"),
        "graph of 1,000 steps": (f"/run/{known['thousand']}/graph", ".node"),
        "graph of 10,000 steps": (f"/run/{known['tenthousand']}/graph", ".node"),
        "run of 10,000 steps": (f"/run/{known['tenthousand']}", ".gantt-row"),
    }
    for name, (path, selector) in looked.items():
        paints, blocked, layouts = [], [], []
        for _ in range(3):
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.goto(url)
            page.wait_for_load_state("networkidle")
            page.add_init_script(WATCH + f"window.wanted = {json.dumps({'it': selector})};")
            page.goto(base + path)
            page.wait_for_selector(selector, timeout=60_000)
            page.wait_for_timeout(700)
            paints.append(page.evaluate("window.seen.it[0]"))
            blocked.append(page.evaluate("window.longest"))
            layouts += page.evaluate("performance.getEntriesByName('layout').map((one) => one.duration)")
            page.context.close()
        yield Figure(f"first useful paint: {name}", quantile(paints, 0.5), "ms", 1000, f"best {min(paints):.0f} ms")
        yield Figure(f"longest block: {name}", quantile(blocked, 0.5), "ms", 100, f"best {min(blocked):.0f} ms")
        if layouts:
            limit = 1500 if "1,000 steps" in name else None
            yield Figure(
                f"layout, off the main thread: {name}",
                quantile(layouts, 0.5),
                "ms",
                limit,
                f"best {min(layouts):.0f} ms",
            )


def live(folder: Path, browser: Any) -> Iterator[Figure]:
    """From a step's own clock, when it begins in a worker, to the screen."""
    (folder / "ticks.py").write_text(TICKS)
    with served(folder, "-f", "ticks.py") as url:
        base = url.partition("/?")[0]
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(url)
        running = [sys.executable, "-m", "penstock", "run", "-f", "ticks.py", "--checks", "off", "--json"]
        with subprocess.Popen(running, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            client, path = Client(url), "/runs?pipeline=ticks"
            while client.get(path)[1] < 20:  # until the run is there
                time.sleep(0.02)
            wanted = {f"tick{at}": f"[data-step=tick{at}].is-running" for at in range(9)}
            page.add_init_script(WATCH + f"window.wanted = {json.dumps(wanted)};")
            page.goto(f"{base}/run/last/graph")
            assert process.stdout is not None
            done = json.loads(process.stdout.read())
        page.wait_for_timeout(500)
        seen = page.evaluate("window.seen")
        page.context.close()
    found = penstock.load  # values of the last run are what the steps' clocks said
    late = [
        seen[name][1] - 1000 * float(found(name, run=done["run"], file=folder / "ticks.py"))
        for name in wanted
        if name in seen and name != "tick0"
    ]
    yield Figure(
        "live: from a step's clock to the screen, worst",
        max(late),
        "ms",
        300,
        f"median {quantile(late, 0.5):.0f} ms, of {len(late)} steps",
    )


def bundle() -> Iterator[Figure]:
    """JavaScript before the layout, compressed."""
    static = Path(penstock.__file__).parent / "web" / "static" / "assets"
    size = sum(len(gzip.compress(one.read_bytes())) for one in static.glob("*.js") if "elk" not in one.name)
    yield Figure("JavaScript before the layout, gzip", size / 1000, "kB", 250)


def loop() -> float:
    begun = time.perf_counter()
    sum(range(2_000_000))
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: list[Figure] = []

    def tell(figures: Iterator[Figure]) -> None:
        for one in figures:
            found.append(one)
            if not given.json:
                limit = (
                    ""
                    if one.limit is None
                    else f"{'ok  ' if one.value <= one.limit else 'OVER'} limit {one.limit:,.0f}"
                )
                print(f"{one.name:<62} {one.value:>8,.1f} {one.unit:<3} {limit:<17} {one.said}", flush=True)

    turns = [loop() for _ in range(20)]
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        known = build(folder, given.runs, given.rows)
        tell(bundle())
        with served(folder) as url:
            tell(api(url, known, given.rows, given.times))
            if chromium := shutil.which("chromium"):
                from playwright.sync_api import sync_playwright

                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                    tell(pages(url, known, browser))
                    tell(live(folder, browser))
                    browser.close()
    turns += [loop() for _ in range(20)]
    tell(iter([Figure("busy: slowest turn of a small loop over its fastest", max(turns) / min(turns), "×", None)]))
    if given.json:
        print(json.dumps([one._asdict() for one in found], indent=1))


if __name__ == "__main__":
    main()
