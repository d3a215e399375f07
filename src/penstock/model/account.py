"""What became of the rows of a step's input: counted, and the rates at which they were lost."""

from msgspec import Struct

__all__ = ["Account", "Part", "Rate", "Reason"]


class Part(Struct, frozen=True, gc=False):
    """Some rows that have something in common (`value`, as text): how many, and how many of them were dropped."""

    value: str
    rows: int
    dropped: int


class Rate(Struct, frozen=True, gc=False):
    """Drop rates by one thing: `by` is label, group, side or time, `column` what holds it."""

    by: str
    column: str
    parts: tuple[Part, ...]


class Reason(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the values tell of why rows were dropped: `what` in words, how many `rows` it explains; `kind` is one of
    null, range, value, partner, place, unknown. `column` is of the input, `partner` the input that lacks it."""

    kind: str
    what: str
    rows: int
    column: str = ""
    partner: str = ""


class Account(Struct, frozen=True, omit_defaults=True):
    """The rows of one input of a step: `kept` became one row each, `dropped` none, `multiplied` several; `new` rows of
    the outputs came from none of them.

    `method` and `why` say how the rows were recognised (see `penstock.rows.relation`); with `unknown` nothing is counted.
    `main` marks the input whose rows the step's rows are; the others were looked up in. `lost` and `grown` are keys of
    a few rows that were dropped and multiplied (for the latter, how many each became); `grew` says how rows were
    multiplied, where the tables tell: join, long (columns became rows), lists, copies; "" where they do not.
    """

    step: str
    argument: str
    artifact: str
    outputs: tuple[str, ...]
    method: str
    why: str
    rows_in: int
    rows_out: int
    kept: int = 0
    dropped: int = 0
    multiplied: int = 0
    new: int = 0
    main: bool = False
    rates: tuple[Rate, ...] = ()
    reasons: tuple[Reason, ...] = ()
    lost: tuple[str, ...] = ()
    grown: tuple[tuple[str, int], ...] = ()
    where: str = ""
    grew: str = ""
