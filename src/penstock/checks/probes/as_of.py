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
from penstock.rows.codes import encode_columns

__all__ = ["NAME", "probe"]

NAME = "as-of"
_HINT = "Use only what was known at the row's own time: look back, not ahead, and join on what was complete by then."
_SHARPER = 3  # cuts more for each column
_TEACH = ("train",)
_NOT_BY_TIME = (
    "its rows may know what training rows teach, and the split is not by time: no instant tells what was known"
)
_UNDECLARED = 'declare time="…", the column with the instant at which the prediction is asked for'


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Cut the world at several instants: above a split, and then below it."""
    findings, results = _asked(bench, below=False)
    if not bench.scope.split:
        return findings, results
    under = [one.name for one in bench.steps if any(map(bench.scope.divided, one.outputs))]
    others, told = _asked(bench, below=True)
    kept = [one for one in results if one.step not in under], [one for one in told if one.step in under]
    return [*findings, *others], [*kept[0], *kept[1]]


def _asked(bench: Bench, *, below: bool) -> tuple[list[Finding], list[CheckResult]]:
    """Judge what stands above splits, or `below` them: there rows that teach are as they are, and cuts come after the last of them."""
    tally = Tally(bench, NAME)
    main = bench.main
    if main is None or main.times is None:
        return [], tally.results("", [], _UNDECLARED)
    learns = below or bench.learns
    cuts, why = _cuts(bench, main, below=below)
    if not cuts:
        return [], tally.results("", [], why)
    absent: dict[tuple[str, str, str], list[Any]] = {}
    done = 0
    for number, cut in enumerate(cuts):
        if bench.late and number:
            break
        done += 1
        for world in _worlds(bench, main, cut, number, learns=learns):
            _add(tally, world, cut, below=below)
        if number % 2 == 0 and bench.depth == "full" and not below:
            world = _gone(bench, main, cut, learns=learns)
            for step, hit in tally.watch(world, _until(bench, cut, below=below)):
                absent.setdefault((step, hit.artifact, hit.column), []).append((hit, world))
    for number, cut in enumerate(_sharper(bench, tally) if not below else ()):
        done += 1
        for world in _worlds(bench, main, cut, number, learns=learns):
            _add(tally, world, cut, below=below)
    _confirm(bench, tally, absent)
    for step, artifact, column in list(tally.seen):
        if is_target(bench, artifact, column):  # what `own-label` speaks of
            del tally.seen[step, artifact, column]
    findings = [one for one in tally.findings(_HINT) if bench.scope.divided(one.artifact) == below]
    shown = ", ".join([told(cut, main) for cut in cuts[: min(done, 3)]]) + (" …" if done > 3 else "")
    return findings, tally.results(f"{done} cuts ({shown})", findings, "no table of it has rows with a time")


def _cuts(bench: Bench, main: SourceFacts, *, below: bool) -> tuple[list[float], str]:
    """The instants to cut at; why there is none."""
    assert main.times is not None
    many = bench.depth == "full"
    border = _border(bench, main, (*_TEACH, "valid") if below else _TEACH)
    if not below:
        free = _among(bench, main, learns=bench.learns)
        groups = _groups(main)
        # Just after a cut something must be there to alter.
        found = places(main.times[free], many=many, groups=None if groups is None else groups[free])
        if border is not None and (main.times > border).any():
            found.append(border)
        return list(dict.fromkeys(found)), f"`{main.contract.time}` holds fewer than two instants"
    if border is None or not (main.times > border).any():
        return [], _NOT_BY_TIME
    found = [border, *places(main.times[main.times >= border], many=many)]
    last = float(np.nanmax(main.times))
    return list(dict.fromkeys([max(border, one) for one in found if one < last])), _NOT_BY_TIME


def _groups(main: SourceFacts) -> Any:
    names = [(one, one) for one in main.contract.group if one in main.records]
    found = encode_columns(main.records, main.records, names) if names else None
    return None if found is None else found[0]


def _add(tally: Tally, world: World, cut: float, *, below: bool) -> None:
    """Do a world. Below a split, what stands above is watched as well, for no more than to tell what followed from it."""
    for step, hit in tally.watch(world, _until(tally.bench, cut, below=below)):
        if tally.bench.scope.divided(hit.artifact) == below:
            tally.note(step, hit, world)


def _until(bench: Bench, cut: float, *, below: bool) -> Any:
    def hold(artifact: str) -> Any:
        if bench.scope.divided(artifact) and not below:
            return None
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
                free = np.flatnonzero(_among(bench, leader, learns=bench.learns))
                picked = np.random.default_rng(seed).choice(free, max(int(free.size * share), 1), replace=False)
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
        if bench.scope.divided(artifact):
            return None
        times = bench.times(artifact)
        return None if times is None else np.isfinite(times)

    return hold


def _border(bench: Bench, main: SourceFacts, teach: tuple[str, ...]) -> float | None:
    if bench.sides is None or main.times is None:
        return None
    train = main.times[np.isin(bench.sides.astype(str), teach)]
    return float(np.nanmax(train)) if np.isfinite(train).any() else None


def _among(bench: Bench, leader: SourceFacts, *, learns: bool) -> Any:
    """The rows that may be altered. Where a split is told, training rows may be learned from: only others are."""
    if bench.sides is None or not learns or leader is not bench.main:
        return np.ones(leader.rows, bool)
    teach = (*_TEACH, "valid") if bench.scope.split else _TEACH
    return ~np.isin(bench.sides.astype(str), teach)


def _masks(bench: Bench, source: SourceFacts, cut: float, *, learns: bool) -> Masks:
    """The cells of a source that are not known at the cut."""
    after = source.times > cut if source.times is not None else np.zeros(source.rows, bool)
    among = _among(bench, bench.leader(source.name), learns=learns)
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


def _worlds(bench: Bench, main: SourceFacts, cut: float, number: int, *, learns: bool) -> list[World]:
    all_masks = {name: _masks(bench, source, cut, learns=learns) for name, source in bench.sources.items()}
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


def _gone(bench: Bench, main: SourceFacts, cut: float, *, learns: bool) -> World:
    altered, kept = {}, {}
    for name, source in bench.sources.items():
        leader = bench.leader(name)
        if leader.times is None:
            continue
        rows = (leader.times > cut) & _among(bench, leader, learns=learns)
        value = bench.circuit.values[name]
        masks = {one: mask & ~rows for one, mask in _masks(bench, source, cut, learns=learns).items()}
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
