"""`penstock doctor`."""

import contextlib
import importlib.metadata
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import psutil

import penstock
from penstock.app.examining import executor_ready, extras, ledger_round_trip, skew_of, store_round_trip
from penstock.app.executors import cores, executor_names
from penstock.app.places import LOCAL, is_remote, ledger_shown
from penstock.app.rebuilding import uv
from penstock.app.settings import Settings, open_ledger, open_store, reading_settings
from penstock.cli.options import file_option, json_option
from penstock.cli.output import show
from penstock.errors import MissingExtra, NotFound, PenstockError, extra_command
from penstock.executors.engines import find_engine, last_line
from penstock.ledger.mounts import network_filesystem
from penstock.report.documents import DoctorDocument, ExaminationDocument
from penstock.report.paint import Line, safe, table
from penstock.report.units import duration, plural, size

__all__ = ["doctor"]

_GLYPHS = {"good": ("✓", "good"), "warning": ("⚠", "warn"), "bad": ("✗", "bad")}
_LIBRARIES = ("polars", "pyarrow", "pandas", "numpy", "scikit-learn", "xgboost", "lightgbm", "torch")
_SKEW = 60.0  # seconds
_LITTLE, _TOO_LITTLE = 2_000_000_000, 100_000_000  # bytes of free disk

_Found = Iterator[tuple[str, str, str]]


@click.command()
@file_option
@json_option
def doctor(file: str | None, as_json: bool) -> int:
    """Look at the machine, the state folder, ledger and store.

    Says what is wrong and what to do about it. Ends with 2 if something is bad.
    """
    examined = [*_each(_PLACES), *_each(_IN_STATE, file)]
    document: DoctorDocument = {"ok": not any(one["verdict"] == "bad" for one in examined), "examined": examined}
    show(document, _lines(document), as_json=as_json)
    return 0 if document["ok"] else 2


def _each(parts: dict[str, Callable[..., _Found]], *given: Any) -> Iterator[ExaminationDocument]:
    if given:
        try:
            given = (reading_settings(*given),)
        except PenstockError as error:
            yield _said("pipeline", "warning", error.what, error.hint)
            return
    for name, look in parts.items():
        try:
            for verdict, what, hint in look(*given):
                yield _said(name, verdict, what, hint)
        except PenstockError as error:
            yield _said(name, "bad", error.what, error.hint)
        except OSError as error:
            yield _said(name, "bad", f"{error.strerror}: {error.filename}", "Check its permissions.")


def _said(name: str, verdict: Any, what: str, hint: str) -> ExaminationDocument:
    return {"name": name, "verdict": verdict, "what": what, "hint": hint}


def _python() -> _Found:
    yield "good", f"Python {platform.python_version()} at {sys.executable}", ""
    yield "good", f"Penstock {penstock.__version__}", ""


def _libraries() -> _Found:
    there = []
    for name in _LIBRARIES:
        # Some come under another name as well, for machines without a GPU.
        for distribution in (name, f"{name}-cpu"):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                there.append(f"{distribution} {importlib.metadata.version(distribution)}")
    if there:
        yield "good", ", ".join(there), ""
    else:
        yield "good", "none of the table and model libraries", f"For tables: {extra_command('frames')}"


def _extras() -> _Found:
    there, lacking = extras()
    hint = f"If you need one: {extra_command(lacking[0])}" if lacking else ""
    told = [f"installed: {', '.join(there)}"] if there else []
    told += [f"not installed: {', '.join(lacking)}"] if lacking else []
    yield "good", "; ".join(told) or "unknown", hint


def _machine() -> _Found:
    memory = psutil.virtual_memory()
    many = plural(cores(), "core")
    text = f"{many}, {size(memory.available)} of {size(memory.total)} memory free, {platform.system()} {platform.machine()}"
    if memory.available < 500_000_000:
        yield "warning", text, "Little memory is free: run fewer steps at once with `--workers 1`."
    else:
        yield "good", text, ""


def _git() -> _Found:
    if shutil.which("git"):
        yield "good", "there: runs record the commit and what was changed since", ""
    else:
        yield "warning", "not there: runs can't record the commit", "Install git; the sources are stored all the same."


def _executors() -> _Found:
    yield "good", ", ".join(executor_names()), ""


def _containers() -> _Found:
    try:
        engine = find_engine()
    except MissingExtra as error:
        yield "good", "no engine: `--executor container` is not possible", error.hint
        return
    begun = time.perf_counter()
    code, out, err = engine.ask("info")
    if code:
        yield "warning", f"{engine.name} does not work: {last_line(err or out)}", f"Try `{engine.name} info`."
    else:
        yield "good", f"{engine.name} answers in {(time.perf_counter() - begun) * 1000:.0f} ms", ""
        if os.geteuid() and "cgroupVersion: v1" in out:
            words = "limits of memory and cpus are ignored: control groups are of version 1, and this user is not root"
            yield "warning", words, "Boot with systemd.unified_cgroup_hierarchy=1, or run as root."


def _uv() -> _Found:
    try:
        yield "good", uv(), ""
    except MissingExtra as error:
        yield "good", "not there: `env=` and images of the environment are not possible", error.hint


def _executor(settings: Settings) -> _Found:
    for one in executor_ready(settings):
        yield "good", one, ""


def _clock(skew: float) -> _Found:
    if abs(skew) > _SKEW:
        way = "behind" if skew > 0 else "ahead of"
        words = f"this machine's clock is {duration(abs(skew))} {way} the server's"
        yield (
            "warning",
            words,
            "Set it: `timedatectl set-ntp true`. Object storage refuses who is off by a quarter of an hour.",
        )


def _pipeline(settings: Settings) -> _Found:
    if settings.file is not None:
        yield "good", f"{settings.pipeline}, {settings.file}", ""
    else:
        yield "warning", f"several pipelines in {settings.root}", "Name one with `-f FILE`."


def _state(settings: Settings) -> _Found:
    state = settings.state
    if not state.exists():
        above = next(one for one in state.parents if one.exists())
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            yield "good", f"{state}: not there yet, the first run makes it", ""
        else:
            yield "bad", f"{state} can't be made in {above}", "Point PENSTOCK_STATE at a folder of yours."
        return
    if not os.access(state, os.W_OK | os.X_OK):
        yield "bad", f"{state} is read-only", "Point PENSTOCK_STATE at another folder, or mend its permissions."
        return
    network = network_filesystem(state)
    if network:
        hint = "Locks may not hold there. Point PENSTOCK_STATE at a local disk."
        yield "warning", f"{state} is on a network file system ({network})", hint
    else:
        yield "good", str(state), ""


def _disk(settings: Settings) -> _Found:
    places = {"STATE": settings.state}
    if settings.store != LOCAL and not is_remote(settings.store):
        places["STORE"] = Path(settings.store)
    seen = set()
    for name, place in places.items():
        there = next(one for one in (place, *place.parents) if one.exists())
        if there.stat().st_dev in seen:
            continue
        seen.add(there.stat().st_dev)
        free = shutil.disk_usage(there).free
        verdict = "bad" if free < _TOO_LITTLE else "warning" if free < _LITTLE else "good"
        hint = "" if verdict == "good" else f"Make room, or point PENSTOCK_{name} at another disk."
        yield verdict, f"{size(free)} free{f' in {place}' if name == 'STORE' else ''}", hint


def _ledger(settings: Settings) -> _Found:
    path = settings.state / "ledger.db"
    shown = "" if settings.ledger == LOCAL else f"{ledger_shown(settings.ledger)}: "
    try:
        ledger = open_ledger(settings)
    except NotFound:
        yield "good", f"{shown}nothing has run yet", ""
        return
    try:
        check: Callable[[], list[str]] = getattr(ledger, "check", list)
        problems = check()
        for one in problems[:10]:
            yield "bad", one, "Keep a copy of the ledger before anything else."
        if not problems:
            weight = f"{size(path.stat().st_size)}, " if settings.ledger == LOCAL else ""
            yield "good", f"{shown}{plural(len(ledger.runs(1_000_000)), 'run')}, {weight}sound", ""
        if settings.ledger != LOCAL:
            yield "good", f"written, read and removed a name in {duration(ledger_round_trip(ledger))}", ""
            yield from _clock(skew_of(ledger))
    finally:
        ledger.close()


def _store(settings: Settings) -> _Found:
    remote = is_remote(settings.store)
    folder = settings.state / "store" if settings.store == LOCAL else Path(settings.store)
    if not remote and not folder.exists():
        yield "good", "empty" if settings.store == LOCAL else f"{folder}: not there yet, the first run makes it", ""
        return
    store = open_store(settings)
    there = list(store.digests())
    total = sum([store.size(one) for one in there])
    where = "" if settings.store == LOCAL else f"{store.location}: "
    yield "good", f"{where}{plural(len(there), 'blob')}, {size(total)}", ""
    if remote or os.access(folder, os.W_OK | os.X_OK):
        yield "good", f"written, read and removed a blob in {duration(store_round_trip(store))}", ""
        yield from _clock(skew_of(store))
    else:
        yield "bad", f"{folder} is read-only", "Let this user write there, or point PENSTOCK_STORE at another folder."
    lost = len(_wanted(settings, set(there)))
    if lost:
        yield "warning", f"{plural(lost, 'blob')} that the ledger names are gone", "The next run makes them again."
    damaged = store.quarantined()
    if damaged:
        yield (
            "warning",
            f"{plural(len(damaged), 'damaged blob')} in {damaged[0].parent}",
            "They were made again or will be; delete them.",
        )


def _wanted(settings: Settings, there: set[str]) -> set[str]:
    """The blobs that the ledger names and neither store nor ledger hold."""
    try:
        ledger = open_ledger(settings)
    except PenstockError:  # none is there yet, or what is wrong with it was told
        return set()
    try:
        in_use: Callable[[], dict[str, str]] = getattr(ledger, "blobs_in_use", dict)
        return {one for one in in_use() if one not in there and ledger.data(one) is None}
    finally:
        ledger.close()


def _lines(document: DoctorDocument) -> list[Line]:
    rows: list[list[Line | str]] = []
    before = ""
    for one in document["examined"]:
        title = one["name"] if one["name"] != before else ""
        before = one["name"]
        glyph, style = _GLYPHS[one["verdict"]]
        rows.append([[(f"{glyph} ", style), (title, "dim")], safe(one["what"])])
        if one["hint"]:
            rows.append(["", [(safe(one["hint"]), "code")]])
    bad = sum([one["verdict"] == "bad" for one in document["examined"]])
    warnings = sum([one["verdict"] == "warning" for one in document["examined"]])
    words = "All is well." if not bad and not warnings else f"{plural(bad, 'fault')}, {plural(warnings, 'warning')}."
    return [*table(rows, indent=0), [], [(words, "good" if not bad and not warnings else "bad" if bad else "warn")]]


_PLACES: dict[str, Callable[..., _Found]] = {
    "python": _python,
    "libraries": _libraries,
    "extras": _extras,
    "machine": _machine,
    "git": _git,
    "executors": _executors,
    "containers": _containers,
    "uv": _uv,
}
_IN_STATE: dict[str, Callable[..., _Found]] = {
    "pipeline": _pipeline,
    "executor": _executor,
    "state": _state,
    "disk": _disk,
    "ledger": _ledger,
    "store": _store,
}
