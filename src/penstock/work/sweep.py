"""From how a task varies its parameters to the values of each execution."""

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from penstock.errors import MissingExtra, ParameterError, extra_hint
from penstock.model.command import Sweep

__all__ = ["next_items", "values_of"]

_MOST = 100_000  # executions of one task
_BATCH = 4  # of a search that looks at what came before


def next_items(
    sweep: Sweep,
    base: Mapping[str, Any],
    varied: Iterable[str],
    done: Sequence[tuple[dict[str, Any], float | None]],
    seed: int,
) -> list[dict[str, Any]]:
    """The next parameter values to try, after those that are `done` (each with its metric); empty when it is enough.

    `base` are the values of the step; those `varied` besides the sweep's own stand in it as lists.
    """
    lists = {name: list(base[name]) for name in varied}
    if sweep.kind == "bayesian":
        return _bayesian(sweep, lists, done, seed)
    if sweep.kind == "random":
        listed = _random(sweep, lists, seed)
    elif sweep.sets:
        listed = [dict(one) for one in sweep.sets]
        listed = [{**one, **other} for one in listed for other in _product(lists)]
    elif sweep.kind == "manual" and sweep.parameters:
        columns = {one["name"]: values_of(one, seed) for one in sweep.parameters} | lists
        longest = max([len(one) for one in columns.values()], default=0)
        listed = [{name: one[min(i, len(one) - 1)] for name, one in columns.items() if one} for i in range(longest)]
    else:
        listed = _product({one["name"]: values_of(one, seed) for one in sweep.parameters} | lists)
    if sweep.count:
        listed = listed[: sweep.count]
    size = (sweep.batch or _BATCH) if sweep.stop else len(listed)
    return listed[len(done) : len(done) + size]


def values_of(parameter: Mapping[str, Any], seed: int = 0) -> list[Any]:
    """All values that a parameter's style and rules name, in order.

    >>> values_of({"name": "a", "style": "linear", "rules": {"start": 1, "end": 2, "step": 0.5}})
    [1, 1.5, 2]
    >>> values_of({"name": "a", "style": "logspace", "rules": {"start": -2, "end": 0, "count": 3}})
    [0.01, 0.1, 1]
    """
    style, rules = parameter.get("style", "single"), parameter.get("rules") or {}
    if style == "single":
        return [rules["value"]] if "value" in rules else []
    if style == "multiple":
        return (
            [_number(one) for one in rules.get("items", ())] if rules.get("numberify") else list(rules.get("items", ()))
        )
    if style == "random":
        draw = _draws(parameter, seed)
        return [draw() for _ in range(int(rules.get("count") or 1))]
    start = float(rules.get("start", rules.get("min", 0)))
    end = float(rules.get("end", rules.get("max", start)))
    if style == "linear":
        step = abs(float(rules.get("step") or 1)) * (1 if end >= start else -1)
        count = math.floor((end - start) / step + 1e-9) + 1
        _bounded(count)
        return [_plain(start + step * i, rules) for i in range(count)]
    count, base = int(rules.get("count") or 1), float(rules.get("base") or 10)
    _bounded(count)
    return [_plain(base ** (start + (end - start) * i / max(1, count - 1)), rules) for i in range(count)]


def _bounded(count: int) -> None:
    if count > _MOST:
        raise ParameterError(
            f"a task of {count} executions is beyond what can be planned", hint="Make its steps larger."
        )


def _plain(value: float, rules: Mapping[str, Any]) -> int | float:
    if rules.get("integerify"):
        return round(value)
    tidy = float(f"{value:.12g}")  # 0.1 + 0.2 is meant as 0.3
    return int(tidy) if tidy.is_integer() and abs(tidy) < 2**53 else tidy


def _number(value: Any) -> Any:
    try:
        return _plain(float(value), {})
    except (TypeError, ValueError):
        return value


def _draws(parameter: Mapping[str, Any], seed: int) -> Any:
    rules = parameter.get("rules") or {}
    generator = random.Random(f"{rules.get('seed', seed)} {parameter.get('name')}")  # noqa: S311 - not for secrets
    low = float(rules.get("min", rules.get("start", 0)))
    high = float(rules.get("max", rules.get("end", low)))
    kind = str(rules.get("distribution") or "uniform").lower()

    def draw() -> int | float:
        if "log" in kind and low > 0:
            value = math.exp(generator.uniform(math.log(low), math.log(high)))
        elif kind in {"normal", "gaussian"}:
            value = min(high, max(low, generator.gauss((low + high) / 2, (high - low) / 6)))
        else:
            value = generator.uniform(low, high)
        return round(value) if rules.get("integerify") else value

    return draw


def _product(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    filled = {name: one for name, one in columns.items() if one}
    _bounded(math.prod([len(one) for one in filled.values()]))
    return [dict(zip(filled, one, strict=True)) for one in itertools.product(*filled.values())]


def _random(sweep: Sweep, lists: dict[str, list[Any]], seed: int) -> list[dict[str, Any]]:
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    draws = {one["name"]: _draws(one, seed) for one in sweep.parameters if one.get("style") == "random"}
    columns = {one["name"]: values_of(one, seed) for one in sweep.parameters if one["name"] not in draws} | lists
    counts = [int((one.get("rules") or {}).get("count") or 0) for one in sweep.parameters if one["name"] in draws]
    count = sweep.count or max(counts, default=0) or math.prod([len(one) for one in columns.values()]) or 1
    _bounded(count)
    made = []
    for _ in range(count):
        one = {name: generator.choice(values) for name, values in columns.items() if values}
        made.append(one | {name: draw() for name, draw in draws.items()})
    return made


def _bayesian(
    sweep: Sweep, lists: dict[str, list[Any]], done: Sequence[tuple[dict[str, Any], float | None]], seed: int
) -> list[dict[str, Any]]:
    """A batch of the tree-structured Parzen estimator's proposals, told of all results so far.

    The metric is brought near the target value, or made as large as can be where none is said.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtra("a bayesian task needs optuna", hint=extra_hint("optuna")) from None
    left = min(sweep.batch or _BATCH, (sweep.count or 10) - len(done))
    if left <= 0:
        return []
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = {one["name"]: _distribution(one, optuna) for one in sweep.parameters}
    space |= {name: optuna.distributions.CategoricalDistribution(values) for name, values in lists.items() if values}
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=(seed + len(done)) % 2**32), direction="minimize"
    )
    for values, metric in done:
        if metric is not None and math.isfinite(metric):
            loss = -metric if sweep.target is None else abs(metric - sweep.target)
            kept = {name: values[name] for name in space}
            study.add_trial(optuna.trial.create_trial(params=kept, distributions=space, value=loss))
    return [dict(study.ask(space).params) for _ in range(left)]


def _distribution(parameter: Mapping[str, Any], optuna: Any) -> Any:
    style, rules = parameter.get("style", "single"), parameter.get("rules") or {}
    made = optuna.distributions
    if style in {"single", "multiple"}:
        return made.CategoricalDistribution(values_of(parameter))
    low = float(rules.get("start", rules.get("min", 0)))
    high = float(rules.get("end", rules.get("max", low)))
    low, high = min(low, high), max(low, high)
    log = style == "logspace" or "log" in str(rules.get("distribution") or "")
    if style == "logspace":
        base = float(rules.get("base") or 10)
        low, high = base**low, base**high
    step = rules.get("step") if style == "linear" else None
    whole = rules.get("integerify") or (step is not None and all(float(one).is_integer() for one in (low, high, step)))
    if whole:
        return made.IntDistribution(round(low), round(high), log=log and low >= 1, step=round(step) if step else 1)
    return made.FloatDistribution(low, high, log=log and low > 0, step=step)
