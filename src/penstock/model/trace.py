"""The way of one row: what became of it in each artifact, and what stands behind a value."""

from typing import Any, Literal

from msgspec import Struct

__all__ = [
    "BUDGET",
    "Behind",
    "Cell",
    "Feature",
    "Forward",
    "Prediction",
    "Reached",
    "State",
    "Stop",
    "Through",
    "Trace",
]

BUDGET = 2000
"""How often steps are done again, at most, to find what stands behind one value."""

State = Literal["present", "dropped", "multiplied", "absent", "unknown"]


class Stop(Struct, frozen=True, omit_defaults=True):
    """A row in one artifact: its `state`, how many `rows` it is there, their values by column (`values` of the first,
    `all_values` of each where there are several), and which values are others than in the input (`changed`: before and
    after) or were not in it (`new`). `reason` says why, `how` by what the row was recognised; `at` are its positions."""

    step: str
    artifact: str
    kind: str
    state: State
    rows: int = 0
    values: dict[str, Any] = {}
    all_values: tuple[dict[str, Any], ...] = ()
    changed: dict[str, tuple[Any, Any]] = {}
    new: tuple[str, ...] = ()
    reason: str = ""
    how: str = ""
    role: str = ""
    where: str = ""
    at: tuple[int, ...] = ()


class Feature(Struct, frozen=True, omit_defaults=True):
    """A column of what a model was trained on or asked about, for this row: `origin` is the source's column whose value
    it is, unchanged ("" where it was computed), `known_at` when that value became known (None: from the start, or never
    where `never`), `late` whether that is after the time of the decision."""

    column: str
    value: Any
    origin: str = ""
    known_at: Any = None
    late: bool = False
    never: bool = False
    label: bool = False


class Prediction(Struct, frozen=True, omit_defaults=True):
    """What a model said of the row: `value`, the true `label`, how far off (`error`, for numbers: value - label), and
    the digest of the `model`."""

    step: str
    artifact: str
    value: Any
    label: Any = None
    error: float | None = None
    model: str = ""
    model_artifact: str = ""


class Trace(Struct, frozen=True, omit_defaults=True):
    """The way of one row of a source through a run. `dropped_at` is the first step that it did not leave, "" if none or another way
    kept it: `dropped_by` are all the steps that dropped it, each on its way, and `kept_in` the artifacts at the ends that hold it nevertheless;
    `side` the side of the split that it is on; `asked` the instant of its prediction; `table` the artifact that
    `features` are of; `advice` what to declare to get more."""

    key: str
    source: str
    run: str
    pipeline: str
    stops: tuple[Stop, ...]
    dropped_at: str = ""
    side: str = ""
    predictions: tuple[Prediction, ...] = ()
    table: str = ""
    features: tuple[Feature, ...] = ()
    asked: Any = None
    advice: tuple[str, ...] = ()
    note: str = ""
    dropped_by: tuple[str, ...] = ()
    kept_in: tuple[str, ...] = ()


class Behind(Struct, frozen=True, omit_defaults=True):
    """A row of a source that stands behind a value, the columns of it that matter, and when the newest of them became
    known (None: from the start, or it is not said). `late`: after the decision that the value is a feature of. `together`: not alone,
    but together with others that stand in for it."""

    source: str
    key: str
    columns: tuple[str, ...] = ()
    known_at: Any = None
    late: bool = False
    together: bool = False


class Through(Struct, frozen=True, omit_defaults=True):
    """Something without rows that a value was made with, a fitted model for one: the `artifact`, the `step` that made it and its
    kind, and of which tables (by name, how many rows). What of these rows moves the value is not looked at."""

    artifact: str
    step: str
    kind: str
    digest: str
    rows: dict[str, int] = {}


class Cell(Struct, frozen=True, omit_defaults=True):
    """What stands behind one value. `exact`: each of these rows alone moves the value, and all others together do not.
    `why` says what is not known where it is not exact, `note` what else was seen; `through` are inputs without rows behind it,
    `models` their digests."""

    cell: str
    key: str
    value: Any
    sources: tuple[Behind, ...]
    exact: bool
    reruns: int
    why: str = ""
    models: tuple[str, ...] = ()
    asked: Any = None
    run: str = ""
    note: str = ""
    through: tuple[Through, ...] = ()


class Reached(Struct, frozen=True, omit_defaults=True):
    """An artifact that a source row reached: as `rows` rows of its own, or (`how`) through what was computed of it."""

    artifact: str
    rows: int
    run: str
    how: str = ""
    digest: str = ""


class Forward(Struct, frozen=True, omit_defaults=True):
    """All that a source row reached in the runs of a ledger, and the models among it (by digest)."""

    key: str
    source: str
    reached: tuple[Reached, ...]
    models: tuple[str, ...]
    runs: int = 0
    unknown: tuple[str, ...] = ()
