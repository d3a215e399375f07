"""Functions of a plain script, asked by probes on what they were called with: which calls, what is known of their rows, what came of it."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from penstock.app.apart import elsewhere
from penstock.app.joined import Joined, joined
from penstock.checks.asking import PROBES, ask
from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed, is_fitted, of_function, spread
from penstock.checks.facts import SourceFacts
from penstock.checks.graphs import chosen
from penstock.checks.guesses import Guess, Text, clocks_after, key_of, label_of, time_of, told
from penstock.checks.parted import Parted, parted
from penstock.declare.cells import Said
from penstock.declare.options import contract_of
from penstock.errors import ContractError, did_you_mean
from penstock.model.bench import BenchAnswer, BenchRequest, Pair
from penstock.model.contract import Contract
from penstock.model.verdict import CheckResult, Finding
from penstock.report.script_documents import FunctionDocument, NoteDocument, SaidDocument
from penstock.values.alter import take
from penstock.values.records import Records, records
from penstock.values.table import is_table
from penstock.work.calls import Call, Recorder, has_rows, len_of, plain_function

__all__ = ["Asking", "Told", "calls_to_ask", "note", "repeated"]

_ALL, _SOME = 5_000, 2_000  # up to how many rows all are taken, and how many of more
_LOOKUP = 50_000  # rows of other tables
_LABELS = ("y", "y_train", "y_true", "labels", "label", "target", "targets")
_PREDICTION = re.compile(
    r"^(y_?)?(hat|pred|preds|predicted|prediction|predictions|proba)(_|$)|_(pred|preds|hat)$", re.IGNORECASE
)
_PATIENCE = 10.0  # seconds for making one proof smaller: people wait for it, and want to see one cell
_LEAST = 3.0  # seconds that a function may take at any rate
_GRACE = 120.0  # seconds beyond its time until a function is taken not to come to an end, at least
_RESTS_ON = {
    "as-of": ("time",),
    "own-label": ("label",),
    "test-blind": ("test",),
    "test-label": ("test", "label"),
    "alone": ("test", "time"),
}
_OF_SIDES = ("test-blind", "as-of", "test-label")
_TRAINS = "all of its rows are training rows, which may be learned from"
_SAY = "# penstock: "


class Told(NamedTuple):
    """What the probes said of the functions of a script: the counter-examples by finding, and what was known of rows."""

    results: list[CheckResult]
    findings: list[Finding]
    evidence: dict[str, dict[str, Any]]
    functions: list[FunctionDocument]
    said: list[SaidDocument]
    notes: list[NoteDocument]
    edges: list[list[str]]


class _Rows(NamedTuple):
    """What is known of the tables of a call: their contracts, the main one, and the sides of its rows."""

    contracts: dict[str, Contract]
    main: str
    sides: Parted | None
    said: list[SaidDocument]
    both: Joined | None = None


def note(text: str, where: str = "", hint: str = "", *, failed: bool = False) -> NoteDocument:
    """A remark."""
    return {"text": text, "where": where, "hint": hint, "failed": failed}


def repeated(function: Callable[..., Any], first: str) -> Callable[..., Any]:
    """The function, such that it returns its first table where it returns nothing: what it altered in place."""

    def again(**given: Any) -> Any:
        made = function(**given)
        return given.get(first) if made is None else made

    return again


def calls_to_ask(calls: Sequence[Call]) -> tuple[list[Call], dict[str, str]]:
    """The calls that are asked, one of each function: those whose output has rows or was fitted; what another one that is asked
    calls is not. And why the others are not, by function."""
    found: dict[str, Call] = {}
    why: dict[str, str] = {}
    for call in _outermost(calls, why):
        best = found.get(call.name)
        if best is None or call.rows > best.rows:
            found[call.name] = call
    for call in _all(calls):
        if call.name not in found:
            why.setdefault(call.name, "it is called by a function that was asked")
    return list(found.values()), {name: reason for name, reason in why.items() if name not in found}


def _all(calls: Sequence[Call]) -> Iterator[Call]:
    for call in calls:
        yield call
        yield from _all(call.inside)


def _outermost(calls: Sequence[Call], why: dict[str, str]) -> Iterator[Call]:
    for call in calls:
        if call.failed:
            why[call.name] = f"it failed: {call.error}"
        elif any(callable(getattr(one, "predict", None)) for one in call.arguments.values()):
            why[call.name] = "it takes a model: what is predicted and scored is not judged"
        elif call.after or any(_PREDICTION.search(one) for one in _names(call)):
            why[call.name] = "it comes after a prediction: what is predicted and scored is not judged"
        elif call.output is None or _has_table(call.output):
            yield call
            continue
        elif _has_fitted(call.output):
            yield call
        else:
            why[call.name] = "it returns no table and nothing that was fitted"
        yield from _outermost(call.inside, why)


def _names(call: Call) -> Iterator[str]:
    """What its tables and their columns are called."""
    for name, value in call.arguments.items():
        if has_rows(value):
            yield name
            held = records(value)
            yield from held.columns if held is not None else ()


def _has_table(value: Any) -> bool:
    if isinstance(value, tuple | list | dict) and not is_table(value):
        return any(_has_table(one) for one in (value.values() if isinstance(value, dict) else value))
    return has_rows(value)


def _has_fitted(value: Any) -> bool:
    if isinstance(value, tuple | list | dict):
        return any(_has_fitted(one) for one in (value.values() if isinstance(value, dict) else value))
    return is_fitted(value)


class Asking:
    """Asks the functions of one script. `declared` is what comments and options say, `shown` turns a place into words."""

    def __init__(
        self,
        recorder: Recorder,
        text: Text,
        declared: Sequence[Said],
        shown: Callable[[str], str],
        say: Callable[[str, float], None],
    ) -> None:
        self._recorder, self._text, self._declared, self._shown, self._say = recorder, text, declared, shown, say
        self._used: set[tuple[int, str]] = set()
        self._columns: set[str] = set()

    def ask(self, only: Sequence[str], budget: float) -> Told:
        """Ask the checks (`only` these, if any are named) about the functions, all of them within `budget` seconds (0: as long as it takes)."""
        asked, why = calls_to_ask(self._recorder.calls)
        told = Told([], [], {}, [], [], [], _edges(asked))
        end = time.monotonic() + budget
        rows = [self._rows_of(call) for call in asked]
        self._misspelt()
        for number, (call, known) in enumerate(zip(asked, rows, strict=True)):
            left = max((end - time.monotonic()) / (len(asked) - number), _LEAST) if budget else 0.0
            within = left + max(budget, _GRACE) if budget else 0.0
            self._say(f"asking `{call.name}` ({number + 1} of {len(asked)})", within)
            why[call.name] = self._one(call, known, only, left, told)
            told.said.extend(known.said)
        for name, where in self._recorder.defined.items():
            if name in self._recorder.counts:
                reason = why.get(name, "")
                told.functions.append(self._function(name, where, reason, asked))
        told.notes.extend(_clocks(asked, rows, self._declared))
        return told

    def _function(self, name: str, where: str, why: str, asked: Sequence[Call]) -> FunctionDocument:
        rows = next((one.rows for one in asked if one.name == name), 0)
        return {
            "function": name,
            "where": self._shown(where),
            "calls": self._recorder.counts[name],
            "rows": rows,
            "asked": any(one.name == name for one in asked) and not why,
            "why": why,
        }

    def _one(self, call: Call, known: _Rows, only: Sequence[str], seconds: float, told: Told) -> str:
        """Ask one function; returns why it could not be asked, "" if it was."""
        function, both = plain_function(call.function), known.both
        where = self._recorder.defined.get(call.name, "")  # whole, so that its text is found for advice
        inputs, sides = _sampled(call, known)
        targets = tuple(
            dict.fromkeys(
                [
                    *[one for each in known.contracts.values() for one in each.label],
                    *[one for each in self._declared for one in _columns("target", each.options.get("target", []))],
                    *self._text.fitted_to(),
                    *_LABELS,
                ]
            )
        )
        first = known.main
        calling = repeated(function, first) if both is None else both.calling(function, sides)
        circuit, made = of_function(calling, call.name, where, inputs, known.contracts, targets)
        if isinstance(made, Failed):
            return f"it fails when it is called again: {made.error}"
        learns = both is not None or bool(call.splits) or len([one for one in made.values() if is_table(one)]) > 1
        bench = Bench(circuit, sides=sides, made=made, learns=learns)
        bench.targets = targets
        bench.elsewhere = elsewhere({call.name: calling})
        alone = both is not None  # else its batches are guesses
        checks = [one for one in PROBES if (one in only if only else alone or one != "alone")]
        if sides is not None and not (sides == "test").any():
            told.results.extend([CheckResult(one, call.name, "UNKNOWN", _TRAINS) for one in checks if one in _OF_SIDES])
            checks = [one for one in checks if one not in _OF_SIDES]
        pairs = tuple([Pair(one, call.name) for one in checks])
        answer = ask(bench, BenchRequest(pairs, "full", seconds), patience=_PATIENCE)
        self._keep(call, known, answer, told, sides)
        return ""

    def _keep(self, call: Call, known: _Rows, answer: BenchAnswer, told: Told, sides: Any) -> None:
        unsure = {one["option"]: one for one in known.said if not one["sure"]}
        weaker: set[str] = set()
        for one in answer.findings:
            rests = next((unsure[option] for option in _RESTS_ON.get(one.check, ()) if option in unsure), None)
            if one.verdict == "PROVEN" and rests is not None:
                say = f"It rests on {rests['option']}={rests['value']}, which was inferred ({rests['why']})"
                hint = f"{say}: declare it, and it is proven. {one.hint}".strip()
                one = replace(one, verdict="SUSPECT", hint=hint)  # noqa: PLW2901
                weaker.add(one.check)
            told.findings.append(replace(one, where=self._shown(one.where)))
        for result in answer.results:
            weak = result.check in weaker and result.verdict == "PROVEN"
            told.results.append(replace(result, verdict="SUSPECT") if weak else result)
        for name, evidence in answer.evidence.items():
            kept = {"function": call.name, "first": known.main, "evidence": evidence}
            told.evidence[name] = {**kept, "both": known.both and (dict(known.both.pairs), sides)}

    # what is known of rows

    def _rows_of(self, call: Call) -> _Rows:
        both = joined(call)
        arguments = _arguments(call, both)
        tables = {
            name: held for name, value in arguments.items() if has_rows(value) if (held := records(value)) is not None
        }
        said: list[SaidDocument] = []
        options: dict[str, dict[str, Any]] = {name: self._options(name, held) for name, held in tables.items()}
        main = next((name for name, one in options.items() if "label" in one), "")
        main = main or next((name for name, one in options.items() if "time" in one), "") or next(iter(tables))
        for name, given in options.items():
            for option, value in given.items():
                said.append(_said(call.name, name, option, value, "declared", "", sure=True))
        for name, held in tables.items():
            self._columns.update(held.columns)
            if "key" not in options[name]:
                self._guess(call.name, name, "key", key_of(held), options, said)
        held, mine = tables[main], options[main]
        if "time" not in mine:
            self._guess(call.name, main, "time", time_of(held, self._text), options, said)
        if not any("label" in one for one in options.values()):
            beside = next(
                (one for one in tables if one in _LABELS and one != main and tables[one].rows == held.rows), ""
            )
            if beside:
                options[beside]["label"] = list(tables[beside].columns)
                said.append(
                    _said(call.name, beside, "label", beside, "inferred", "the argument is called so", sure=True)
                )
            else:
                self._guess(call.name, main, "label", label_of(held, self._text), options, said)
        contracts = {}
        for name, given in options.items():
            own = {option: value for option, value in given.items() if option not in ("test", "target")}
            contract = contract_of(own, "") if own else None
            if contract is not None:
                contracts[name] = contract
        if both is not None and main in both.pairs:
            shown = f"{int((both.sides == 'test').sum())} of {both.sides.size} rows"
            said.append(_said(call.name, main, "test", shown, "inferred", both.why, sure=True))
            return _Rows(contracts, main, Parted(both.sides, both.why), said, both)
        return _Rows(contracts, main, self._sides(call, main, held, contracts, mine, said), said)

    def _guess(
        self,
        function: str,
        table: str,
        option: str,
        guess: Guess | None,
        options: dict[str, dict[str, Any]],
        said: list[SaidDocument],
    ) -> None:
        taken = {value for value in options[table].values() if isinstance(value, str)}
        if guess is not None and guess.column not in taken:
            options[table][option] = guess.column
            why = self._placed(guess.why)
            said.append(_said(function, table, option, guess.column, "inferred", why, sure=guess.sure))

    def _placed(self, why: str) -> str:
        head, mark, place = why.partition(" (/")
        return f"{head} ({self._shown('/' + place[:-1])})" if mark else why

    def _options(self, table: str, held: Records) -> dict[str, Any]:
        """What is declared that this table has the columns for."""
        found: dict[str, Any] = {}
        for number, one in enumerate(self._declared):
            if one.table not in ("", table):
                continue
            for option, value in one.options.items():
                if option == "target" or all(column in held for column in _columns(option, value)):
                    found[option] = value
                    self._used.add((number, option))
        if any(not isinstance(one, str) for one in _values(found.get("known_at"))) and "time" not in found:
            guess = time_of(held, self._text)
            if guess is not None:
                found["time"] = guess.column
        return found

    def _misspelt(self) -> None:
        """Raise `ContractError` for what was declared, and is in no table."""
        for number, one in enumerate(self._declared):
            for option, value in one.options.items():
                if (number, option) not in self._used:
                    missing = next((name for name in _columns(option, value) if name not in self._columns), "")
                    text = f"{one.table}: " if one.table else ""
                    raise ContractError(
                        f"{text}{told({option: value})}: no function takes a table with "
                        + (f"a column `{missing}`" if missing else "all of these columns"),
                        where=self._shown(one.where),
                        hint=did_you_mean(missing, self._columns) if missing else "Say it of an argument: `trips(…)`.",
                    )

    def _sides(
        self,
        call: Call,
        main: str,
        held: Records,
        contracts: Mapping[str, Contract],
        mine: Mapping[str, Any],
        said: list[SaidDocument],
    ) -> Parted | None:
        value = call.arguments[main]
        if "test" in mine:
            cells = held.column(mine["test"]).to_pylist()
            return Parted(np.where([one in (True, 1, "test") for one in cells], "test", "train"), "declared")
        facts = SourceFacts(main, held, contracts.get(main))
        splits = [(one.tables[0], one.train, one.test) for one in (*call.splits, *self._recorder.splits) if one.tables]
        named = [
            *self._recorder.namespace.items(),
            *[pair for each in _all(self._recorder.calls) for pair in each.arguments.items()],
        ]
        tables = [(name, one) for name, one in named if is_table(one) and len_of(one) > 1]
        found = parted(facts, value, splits, tables)
        if found is not None:
            many = int((found.sides == "test").sum())
            shown = f"{many or 'none'} of {held.rows} rows"
            said.append(_said(call.name, main, "test", shown, "inferred", found.why, sure=True))
        return found


def _columns(option: str, value: Any) -> list[str]:
    """The columns that an option names."""
    if option == "known_at":
        if not isinstance(value, Mapping):
            return []
        return [one for pair in value.items() for one in pair if isinstance(one, str) and one != "*"]
    return [str(one) for one in (value if isinstance(value, list | tuple) else [value])]


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else [] if value is None else [value]


def _said(function: str, table: str, option: str, value: Any, how: Any, why: str, *, sure: bool) -> SaidDocument:
    shown = told({option: value}).partition("=")[2]
    shown = str(value) if option == "test" and how == "inferred" else shown
    return {
        "function": function,
        "table": table,
        "option": option,
        "value": shown,
        "how": how,
        "why": why,
        "sure": sure,
    }


def _arguments(call: Call, both: Joined | None) -> dict[str, Any]:
    return both.arguments(call.arguments) if both is not None else dict(call.arguments)


def _sampled(call: Call, known: _Rows) -> tuple[dict[str, Any], Any]:
    """The arguments of a call with as many rows as a world may take, and the sides of those of the main table."""
    arguments = _arguments(call, known.both)
    inputs, sides = dict(arguments), known.sides.sides if known.sides is not None else None
    held = records(inputs[known.main])
    assert held is not None
    rows = chosen(SourceFacts(known.main, held, known.contracts.get(known.main)), sides, _ALL, _SOME)
    for name, value in arguments.items():
        many = len_of(value) if has_rows(value) else 0
        if rows is not None and many == held.rows:
            inputs[name] = take(value, rows)
        elif name != known.main and many > _LOOKUP:
            inputs[name] = take(value, np.arange(_LOOKUP))
    return inputs, sides[rows] if sides is not None and rows is not None else sides


def _edges(asked: Sequence[Call]) -> list[list[str]]:
    """Which function's output another one took."""
    found = []
    for one in asked:
        made = list(spread("", one.output).values())
        for other in asked:
            if one is not other and any(_same(value, each) for value in other.arguments.values() for each in made):
                found.append([one.name, other.name])
    return found


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    columns = [getattr(value, "columns", None) for value in (one, other)]
    if columns[0] is None or columns[1] is None or len_of(one) != len_of(other):
        return False
    return list(map(str, columns[0])) == list(map(str, columns[1]))


def _clocks(asked: Sequence[Call], rows: Sequence[_Rows], declared: Sequence[Said]) -> list[NoteDocument]:
    """Columns that look like the instant at which something became known, where nothing is said of it."""
    if any("known_at" in one.options for one in declared):
        return []
    found: dict[str, str] = {}
    for call, known in zip(asked, rows, strict=True):
        contract = known.contracts.get(known.main)
        held = records(_arguments(call, known.both)[known.main])
        if contract is not None and contract.time and held is not None:
            for clock in clocks_after(held, contract.time):
                found.setdefault(clock, contract.time)
    return [
        note(
            f"`{clock}` is never before `{at}`, and often after it: which columns are known only then can't be inferred",
            hint=f'Declare them: `{_SAY}known_at={{"…": "{clock}"}}`.',
        )
        for clock, at in list(found.items())[:3]
    ]
