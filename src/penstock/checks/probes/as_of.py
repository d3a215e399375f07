"""as-of: at an instant t nothing that becomes known later can have been used.

The world: cells of rows after t, and cells that become known after t, hold what other rows hold; in some worlds those rows are gone.
What must hold: rows asked for at t or before.
"""

from typing import Any

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.cuts import places, told
from penstock.checks.facts import SourceFacts
from penstock.checks.tally import Tally
from penstock.checks.targets import is_target
from penstock.checks.worlds import Masks, World, collapse, donors, gone, stretch
from penstock.model.verdict import CheckResult, Finding

__all__ = ["NAME", "probe"]

NAME = "as-of"
_HINT = "Use only what was known at the row's own time: look back, not ahead, and join on what was complete by then."
_SHARPER = 3  # cuts more for each column
_UNDECLARED = 'declare time="…", the column with the instant at which the prediction is asked for'


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Cut the world at several instants."""
    tally = Tally(bench, NAME)
    main = bench.main
    if main is None or main.times is None:
        return [], tally.results("", [], _UNDECLARED)
    cuts = places(main.times, _border(bench, main), many=bench.depth == "full")
    if not cuts:
        return [], tally.results("", [], f"`{main.contract.time}` holds fewer than two instants")
    absent: dict[tuple[str, str, str], list[Any]] = {}
    done = 0
    for number, cut in enumerate(cuts):
        if bench.late and number:
            break
        done += 1
        for world in _worlds(bench, main, cut, number):
            tally.add(world, _until(bench, cut))
        if number % 2 == 0 and bench.depth == "full":
            world = _gone(bench, main, cut)
            for step, hit in tally.watch(world, _until(bench, cut)):
                absent.setdefault((step, hit.artifact, hit.column), []).append((hit, world))
    for number, cut in enumerate(_sharper(bench, tally)):
        done += 1
        for world in _worlds(bench, main, cut, number):
            tally.add(world, _until(bench, cut))
    _confirm(bench, tally, absent)
    for step, artifact, column in list(tally.seen):
        if is_target(bench, artifact, column):  # what `own-label` speaks of
            del tally.seen[step, artifact, column]
    findings = tally.findings(_HINT)
    shown = ", ".join([told(cut, main) for cut in cuts[: min(done, 3)]]) + (" …" if done > 3 else "")
    return findings, tally.results(f"{done} cuts ({shown})", findings, "no table of it has rows with a time")


def _until(bench: Bench, cut: float) -> Any:
    def hold(artifact: str) -> Any:
        times = bench.times(artifact)
        return None if times is None else times <= cut

    return hold


def _sharper(bench: Bench, tally: Tally) -> list[float]:
    """More cuts, where something may look ahead that only few rows show: cells of few rows are altered, and rows that moved without
    being among them are cut at, those first that lie close before an altered row, or within the time in which its cells were not known yet."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for seed, share in enumerate((0.02, 0.1, 0.3) if bench.depth == "full" else (0.05,)):
        altered: dict[str, Any] = {}
        instants: list[Any] = []
        rows_of: dict[str, Any] = {}
        for name, source in bench.sources.items():
            leader = bench.leader(name)
            if leader.times is None:
                continue
            if leader.name not in rows_of:
                picked = np.random.default_rng(seed).choice(
                    source.rows, max(int(source.rows * share), 1), replace=False
                )
                rows_of[leader.name] = np.isin(np.arange(source.rows), picked)
                instants.append(np.stack([leader.times, np.maximum(leader.times, _last(leader))], 1)[picked])
            rows = rows_of[leader.name]
            masks = {one: rows & ~source.never(one) for one in source.records.columns if one not in source.fixed}
            altered[name] = donors(source, bench.circuit.values[name], masks, seed=seed)
        if not altered:
            return []
        spans = np.concatenate(instants)
        for _, hit in tally.watch(World("", altered), _everywhere(bench)):
            identity, times = bench.identity(hit.artifact), bench.times(hit.artifact)
            if identity is None or times is None or any(key[1:] == (hit.artifact, hit.column) for key in tally.seen):
                continue
            rows = (
                hit.rows[~rows_of[identity.source][identity.at[hit.rows]]] if identity.source in rows_of else hit.rows
            )
            listed = found.setdefault((hit.artifact, hit.column), [])
            listed += [(_nearness(at, spans), float(at)) for at in np.unique(times[rows]) if np.isfinite(at)]
    cuts: list[float] = []
    for listed in found.values():
        cuts += [at for near, at in sorted(listed)[:_SHARPER] if near < 1.0]
    return list(dict.fromkeys(cuts))[: 2 * _SHARPER]


def _last(source: SourceFacts) -> Any:
    """The instant at which the last of a row's cells becomes known, as far as it does."""
    last: Any = source.times
    for at in source.known.values():
        last = np.where(np.isfinite(at), np.maximum(last, at), last)
    return last


def _nearness(at: float, spans: Any) -> float:
    """How near an instant is to an altered row that was not known then, against how near to one that was: 0 is nearest."""
    ahead = spans[spans[:, 1] > at]
    if not ahead.size:
        return 1.0
    gap = max(float((ahead[:, 0] - at).min()), 0.0)
    behind = spans[spans[:, 1] <= at]
    back = float((at - behind[:, 1]).min()) if behind.size else np.inf
    return gap / (gap + back) if gap + back > 0 else 0.0


def _everywhere(bench: Bench) -> Any:
    def hold(artifact: str) -> Any:
        times = bench.times(artifact)
        return None if times is None else np.isfinite(times)

    return hold


def _border(bench: Bench, main: SourceFacts) -> float | None:
    if bench.sides is None or main.times is None:
        return None
    train = main.times[bench.sides == "train"]
    return float(np.nanmax(train)) if np.isfinite(train).any() else None


def _among(bench: Bench, leader: SourceFacts) -> Any:
    """The rows that may be altered. Where a split is told, training rows may be learned from: only others are."""
    if bench.sides is None or not bench.learns or leader is not bench.main:
        return np.ones(leader.rows, bool)
    return bench.sides != "train"


def _masks(bench: Bench, source: SourceFacts, cut: float) -> Masks:
    """The cells of a source that are not known at the cut."""
    after = source.times > cut if source.times is not None else np.zeros(source.rows, bool)
    among = _among(bench, bench.leader(source.name))
    if source.leader != source.name:
        leader = bench.leader(source.name)
        after = leader.times > cut if leader.times is not None else after
    found = {}
    for name in source.records.columns:
        if name in source.fixed:
            continue
        late = source.known.get(name)
        found[name] = (after if late is None else (after | (late > cut)) & ~source.never(name)) & among
    return {name: mask for name, mask in found.items() if mask.any()}


def _worlds(bench: Bench, main: SourceFacts, cut: float, number: int) -> list[World]:
    all_masks = {name: _masks(bench, source, cut) for name, source in bench.sources.items()}
    all_masks = {name: masks for name, masks in all_masks.items() if masks}
    if not all_masks:
        return []
    when = f"as known at {told(cut, main)}"

    def made(words: str, how: Any) -> World:
        altered = {
            name: how(bench.sources[name], bench.circuit.values[name], masks) for name, masks in all_masks.items()
        }
        return World(f"{when}: what becomes known later {words}", altered)

    first = made("holds other rows' values", lambda *it: donors(*it, cut=cut, seed=number))
    if number % 2:
        second = made(
            "holds one row's values", lambda one, value, masks: collapse(one, value, masks, one.rows // 2, cut=cut)
        )
    else:
        second = made("lies a little beyond what was seen", lambda *it: stretch(*it, cut=cut))
    return [first, second]


def _gone(bench: Bench, main: SourceFacts, cut: float) -> World:
    altered, kept = {}, {}
    for name, source in bench.sources.items():
        leader = bench.leader(name)
        if leader.times is None:
            continue
        rows = (leader.times > cut) & _among(bench, leader)
        value = bench.circuit.values[name]
        masks = {one: mask & ~rows for one, mask in _masks(bench, source, cut).items()}
        value = donors(source, value, masks, cut=cut, seed=7)
        altered[name], kept[name] = gone(value, rows)
    return World(f"as known at {told(cut, main)}: rows after it are gone", altered, kept)


def _confirm(bench: Bench, tally: Tally, absent: dict[tuple[str, str, str], list[Any]]) -> None:
    """What only shows when rows are gone: it proves something at two cuts, where those rows were the last of the table (the
    position of others did not change), and where it shows of half of the rows: how many there are reaches all of them, while
    equal keys that are sorted otherwise show of few."""
    main = bench.main
    assert main is not None
    assert main.times is not None
    ordered = bool((np.diff(main.times[np.isfinite(main.times)]) >= 0).all())
    for (step, artifact, column), seen in absent.items():
        if (step, artifact, column) in tally.seen:
            continue
        for hit, world in seen:
            widely = [one for one, _ in seen if one.moved * 2 >= one.among]
            tally.note(step, hit, world, proof=ordered and len(widely) >= 2)
