"""`ps.probe`: the probes on a plain function, in this process, with nothing but the function and its inputs."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from penstock.app.probed import ProbeReport
from penstock.checks.asking import PROBES, ask, probe_named
from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed, of_function
from penstock.checks.report import Report
from penstock.declare.options import contract_of
from penstock.declare.python import Seed, declaration_of
from penstock.errors import ContractError, SignatureError, StepFailed, did_you_mean
from penstock.model.bench import BenchRequest, Depth, Pair
from penstock.model.contract import Contract
from penstock.values.records import Records, records

__all__ = ["bench_of", "probe", "sides_of"]


def probe(
    function: Callable[..., Any],
    inputs: Any,
    *,
    key: Any = (),
    time: Any = "",
    known_at: Any = None,
    label: Any = (),
    group: Any = (),
    test: Any = None,
    target: str | Sequence[str] = (),
    checks: Sequence[str] = (),
    depth: Depth = "full",
    seed: int = 0,
) -> Report:
    """Call a function on altered inputs, and say whether its output holds where it must.

    `inputs` are its arguments by name (or one table, for its first argument). What is said of rows is what `ps.source` takes: `key`
    (column or columns), `time` (column), `known_at` (column → clock column or timedelta), `label`, `group`; a plain value is meant for
    the first table, a dictionary by argument says it of each: `key={"trips": "trip_id", "weather": ["station", "hour"]}`. `label` may name
    an argument that holds the labels of the first table's rows, row by row. `test` says which rows of the first table go to
    the test: booleans, one a row, or positions, or the name of a column that is true there. `target` names columns of the output that are the label's own descendants.

    Tables are those of pandas, polars, pyarrow, numpy and scipy.sparse (columns of arrays are named by their position); the function may return one
    value, or a tuple or dictionary of several. `checks` are the names of those wanted (all, if not given); `depth` "quick" asks fewer worlds.

    Raises `ContractError` for an option that names what is not there, with close matches; `SignatureError` for inputs that the function
    does not take; `StepFailed` where it fails on its inputs as they are.

    >>> import pandas as pd
    >>> trips = pd.DataFrame({"id": range(50), "fare": [float(n % 7) for n in range(50)]})
    >>> report = probe(lambda trips: trips.assign(over=trips.fare > trips.fare.mean()), {"trips": trips}, key="id", label="fare")
    >>> report.verdict, report.findings[0].column
    ('PROVEN', 'over')
    """
    for check in checks:
        probe_named(check)
    options = {"key": key, "time": time, "known_at": known_at, "label": label, "group": group}
    bench = bench_of(function, inputs, test=test, target=target, seed=seed, **options)
    name = bench.steps[0].name
    pairs = tuple([Pair(check, name) for check in checks or PROBES])
    answer = ask(bench, BenchRequest(pairs, depth))
    return ProbeReport(answer.findings, answer.results)


def bench_of(
    function: Callable[..., Any],
    inputs: Any,
    *,
    test: Any = None,
    target: str | Sequence[str] = (),
    seed: int = 0,
    **said: Any,
) -> Bench:
    """The bench of one function: `inputs`, `test`, `target` and what is `said` of rows as `probe` takes them, and with its errors.

    >>> import numpy as np
    >>> bench_of(lambda X: X * 2, np.eye(6)).main.rows
    6
    """
    call, name, where = _described(function)
    given = _arguments(call, inputs, name, where)
    held = {argument: one for argument, value in given.items() if (one := records(value)) is not None}
    if not held:
        raise ContractError(
            f"no input of `{name}` has rows", where=where, hint="Give a table: of pandas, polars, pyarrow or numpy."
        )
    contracts = _contracts({option: one for option, one in said.items() if one is not None}, held, where)
    wanted = tuple([target] if isinstance(target, str) else target)
    circuit, made = of_function(call, name, where, given, contracts, wanted)
    if isinstance(made, Failed):
        raise StepFailed(
            f"`{name}` failed on its inputs as they are: {made.error}",
            where=made.where or where,
            hint="Mend it, or give it inputs that it takes.",
        )
    first = next(iter(held))
    sides = sides_of(test, first, held[first], where) if test is not None else None
    bench = Bench(circuit, sides=sides, made=made, seed=seed)
    bench.targets = wanted
    return bench


def _described(function: Callable[..., Any]) -> tuple[Callable[..., Any], str, str]:
    """What to call, its name, and where it stands."""
    declared = declaration_of(function)
    call = declared.function if declared is not None else function
    inner: Any = call
    while hasattr(inner, "func"):  # functools.partial
        inner = inner.func
    inner = inspect.unwrap(inner)
    code = getattr(inner, "__code__", None) or getattr(vars(type(inner)).get("__call__"), "__code__", None)
    name = declared.name if declared is not None else getattr(inner, "__name__", type(inner).__name__)
    name = "function" if name == "<lambda>" else name
    where = ""
    if code is not None:
        file = code.co_filename
        near = os.path.relpath(file) if Path(file).is_absolute() else file
        where = f"{file if near.startswith('..') else near}:{code.co_firstlineno}"
    return call, name, where


def _arguments(call: Callable[..., Any], inputs: Any, name: str, where: str) -> dict[str, Any]:
    try:
        parameters = inspect.signature(call).parameters
    except (TypeError, ValueError):  # a callable without a signature
        return dict(inputs)
    named = [one for one, said in parameters.items() if said.kind not in (said.VAR_POSITIONAL, said.VAR_KEYWORD)]
    if not isinstance(inputs, Mapping) or (named and not set(inputs) & set(named) and records(inputs) is not None):
        inputs = {named[0] if named else "rows": inputs}
    given = dict(inputs)
    free = any(said.kind == said.VAR_KEYWORD for said in parameters.values())
    for one in given:
        if one not in named and not free:
            raise SignatureError(f"`{name}` takes no argument `{one}`", where=where, hint=did_you_mean(one, named))
    for one, said in parameters.items():
        missing = one not in given and said.default is said.empty and one in named
        if missing and _is_seed(said.annotation):
            given[one] = Seed(0)
        elif missing:
            raise SignatureError(
                f"`{name}` wants `{one}`, which is not among the inputs",
                where=where,
                hint=did_you_mean(one, given) or f"Give it: {{{one!r}: …}}.",
            )
    return given


def _is_seed(annotation: Any) -> bool:
    return annotation is Seed or (isinstance(annotation, str) and annotation.rpartition(".")[2] == "Seed")


def _contracts(said: Mapping[str, Any], held: Mapping[str, Records], where: str) -> dict[str, Contract]:
    """The contract of each table, from options for the first or by table."""
    first = next(iter(held))
    by_table: dict[str, dict[str, Any]] = {name: {} for name in held}
    for option, value in said.items():
        if not _by_table(option, value, held, where):
            value = {first: value}  # noqa: PLW2901
        for table, one in value.items():
            if one is not None and (isinstance(one, timedelta) or len(one)):
                by_table[table][option] = one
    labels = by_table[first].get("label", ())
    for one in [labels] if isinstance(labels, str) else list(labels):  # an argument that holds the labels
        if one not in held[first] and one in held and held[one].rows == held[first].rows:
            by_table[one]["label"] = list(held[one].columns)
            left = [name for name in ([labels] if isinstance(labels, str) else labels) if name != one]
            by_table[first]["label"] = left
    found = {}
    for table, options in by_table.items():
        contract = contract_of(
            {name: one for name, one in options.items() if isinstance(one, timedelta) or len(one)}, where
        )
        if contract is not None:
            _check(contract, table, held[table], where)
            found[table] = contract
    return found


def _by_table(option: str, value: Any, held: Mapping[str, Records], where: str) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    first = held[next(iter(held))]
    if option == "known_at" and not any(isinstance(one, Mapping) for one in value.values()):
        return all(name in held and name not in first for name in value)
    for name in value:
        if name not in held:
            raise ContractError(
                f"{option} speaks of `{name}`, which is no table among the inputs",
                where=where,
                hint=did_you_mean(str(name), held),
            )
    return True


def _check(contract: Contract, table: str, held: Records, where: str) -> None:
    """Raise where a contract names a column that is not there, or a time that is none."""
    clocks = [one for one in contract.known_at.values() if isinstance(one, str)]
    late = [one for one in contract.known_at if one != "*"]
    named = {
        "key": contract.key,
        "time": (contract.time,),
        "known_at": (*late, *clocks),
        "label": contract.label,
        "group": contract.group,
    }
    for option, columns in named.items():
        for column in columns:
            if column and column not in held:
                raise ContractError(
                    f"{option}: `{table}` has no column `{column}`",
                    where=where,
                    hint=did_you_mean(column, held.columns),
                )


def sides_of(test: Any, first: str, held: Records, where: str) -> Any:
    """The side of each row of the first table, from what `test` said."""
    if isinstance(test, str):
        if test not in held:
            raise ContractError(
                f"test: `{first}` has no column `{test}`", where=where, hint=did_you_mean(test, held.columns)
            )
        test = held.column(test).to_pylist()
    mask = np.asarray(test.to_list() if hasattr(test, "to_list") else test)
    if mask.dtype.kind in "OUS" and mask.shape == (held.rows,):
        words = {"train", "valid", "test", "unused", ""}
        if set(mask.tolist()) <= words:
            return mask.astype(object)
        mask = np.array([bool(one) for one in mask])
    if mask.dtype.kind == "b":
        if mask.shape != (held.rows,):
            raise ContractError(
                f"test has {mask.size} booleans for the {held.rows} rows of `{first}`",
                where=where,
                hint="Give one boolean a row.",
            )
        return np.where(mask, "test", "train")
    if mask.dtype.kind in "iu" and mask.ndim == 1:
        if mask.shape == (held.rows,) and set(mask.tolist()) <= {0, 1}:
            return np.where(mask == 1, "test", "train")
        if mask.size and (mask.min() < 0 or mask.max() >= held.rows):
            raise ContractError(
                f"test names row {int(mask.max())}, and `{first}` has {held.rows}",
                where=where,
                hint="Give positions, counted from 0.",
            )
        found = np.full(held.rows, "train", object)
        found[mask] = "test"
        return found
    raise ContractError(
        f"test is neither booleans nor positions ({mask.dtype})",
        where=where,
        hint="Give one boolean a row, or the positions of the test rows.",
    )
