"""Steps whose tables are held to what was declared of them, before anything is made of what they return."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.errors import ContractBroken
from penstock.model.frozen import Breach
from penstock.model.step import Step
from penstock.rows.schemas import schema_breaches
from penstock.values.records import Records, records

__all__ = ["Held", "held", "held_file", "keys_of"]

_SHOWN = 3


class Held:
    """A step's function that raises `ContractBroken` where what it returns is not as its schema, or the frozen contract of a
    source, says. `keys` are the keys by which rows may be named; `root` is where the contract's file lies."""

    def __init__(self, step: Step, keys: Iterable[tuple[str, ...]], root: str) -> None:
        self.function = step.function
        self._name, self._where = step.name, step.where
        self._schema = step.schema
        self._outputs = tuple([one.name for one in step.outputs])
        self._file, self._text = held_file(step), b""
        path = Path(root, self._file)
        if self._file and path.is_file():  # read here, where no hook takes it for a hidden input
            self._text = path.read_bytes()
        self._keys = tuple(sorted(set(keys), key=lambda one: (-len(one), one)))

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        result = self.function(*args, **inputs)
        for output, schema in self._schemas():
            value = self._part(result, output)
            if value is not None:
                self._refuse(schema_breaches(schema, value), value, f"the schema of `{self._name}`", output)
        if self._text:  # before it was frozen, there is nothing to hold rows to
            self._hold(result)
        return result

    def _schemas(self) -> Sequence[tuple[str, Any]]:
        if self._schema is None:
            return ()
        return list(self._schema.items()) if isinstance(self._schema, Mapping) else [("", self._schema)]

    def _part(self, result: Any, output: str) -> Any:
        if not output:
            return result
        if isinstance(result, Mapping):
            return result.get(output)
        return result[self._outputs.index(output)] if isinstance(result, tuple) else None

    def _hold(self, result: Any) -> None:
        from penstock.rows.freezing import breaches
        from penstock.rows.frozen_file import read_frozen

        rows = records(result)
        if rows is not None:
            self._refuse(breaches(read_frozen(self._text, self._file), rows), result, self._file, "")

    def _refuse(self, found: Sequence[Breach], value: Any, what: str, output: str) -> None:
        if not found:
            return
        rows = records(value)
        told = "; ".join([one.what + self._rows(rows, one) for one in found[:_SHOWN]])
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        of = f" of `{output}`" if output else ""
        raise ContractBroken(
            f"rows{of} are not as {what} says: {told}{more}",
            where=self._where,
            hint=f"Mend the data; or if it is meant to be so, mend {what}.",
        )

    def _rows(self, rows: Records | None, one: Breach) -> str:
        if rows is None or not one.rows:
            return ""
        from penstock.rows.keys import keys_at

        key = next((names for names in self._keys if all(name in rows for name in names)), ())
        few = [row for row in one.rows[:_SHOWN] if row < rows.rows]
        named = keys_at(rows, key, few) if key else [f"#{row}" for row in few]
        return f" ({', '.join(named)}{' …' if one.count > len(few) else ''})" if few else ""


def held(step: Step, keys: Iterable[tuple[str, ...]], root: str) -> Callable[..., Any]:
    """The function of a step, held to what is declared of its tables, if anything is."""
    return Held(step, keys, root) if step.schema is not None or held_file(step) else step.function


def held_file(step: Step) -> str:
    """The frozen contract that fails a run whose source is not as it says, relative to the project; "" for none."""
    contract = step.contract
    return contract.freeze if contract is not None and "schema" in contract.fail_on else ""


def keys_of(steps: Iterable[Step]) -> Iterator[tuple[str, ...]]:
    """The keys that the sources among some steps declare; asked for one step of thousands, so looked up only when used."""
    return (one.contract.key for one in steps if one.contract is not None and one.contract.key)
