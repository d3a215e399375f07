"""What a decorator may say of a step, checked and brought into the form that the model keeps."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict, cast, get_args

from penstock.errors import ContractError, DeclarationError, SignatureError, did_you_mean
from penstock.model.contract import GRADES, Contract
from penstock.model.step import Isolation, Kind, Options, Output, Resources, Role
from penstock.rows.schemas import is_schema

__all__ = ["SourceOptions", "StepOptions", "contract_of", "options_of", "outputs_of", "schema_of"]


class StepOptions(TypedDict, total=False):
    """Options of every kind of step.

    `name`: the step's name (the function's, if not given). `inputs`: argument → artifact, binding by hand.
    `outputs`: names of several artifacts, from a tuple or dict; for a split, output → role. `target`: columns or
    outputs that are the label's own descendants. `retries`: attempts after the first; `backoff`: seconds before the
    second, doubled each time. `timeout`, `no_output_timeout`: seconds or a timedelta. `resources`: cpus, memory
    (bytes or text such as "2 GB"), gpus, and custom ones of a cluster. `isolation`: "worker" (warm, the default), "fresh", "inline", "container".
    `image`: the container to run in; `network`: whether that has one. `env`: extra requirements, for an environment of its own. `cache`: False to run always.
    `version`: a hand-set addition to the code identity. `each`: only called by `ps.each`, not a step by itself.
    `schema`: what its table is held to, a pandera schema (or output → schema).
    `limits`: named limits across runs, each with the shares that the step needs: {"gpu": 1}. `tags`, `description`: for people.
    """

    name: str
    inputs: Mapping[str, str]
    outputs: Sequence[str] | Mapping[str, str]
    target: str | Sequence[str]
    retries: int
    backoff: float | timedelta
    timeout: float | timedelta
    no_output_timeout: float | timedelta
    resources: Resources | Mapping[str, Any]
    isolation: Isolation
    image: str
    network: bool
    env: str | Sequence[str]
    cache: bool
    version: str
    each: bool
    schema: Any
    limits: Mapping[str, int]
    tags: str | Sequence[str]
    description: str


class SourceOptions(StepOptions, total=False):
    """Options of a source: those of every step, and its contract.

    `key`: the column or columns that name a row for life. `time`: the column with the instant of the prediction.
    `known_at`: column → clock column or delay after `time`, `"*"` for all columns but the key. `label`: what is to be
    predicted. `group`: columns whose values must not be on both sides of a split. `contract`: a frozen contract file.
    `fail_on`: checks that fail a run where they prove something of these rows: "rows", for a join that multiplies or loses them;
    "schema", for rows that are not as `contract` says: then nothing is made of them.
    """

    key: str | Sequence[str]
    time: str
    known_at: Mapping[str, str | timedelta] | str | timedelta
    label: str | Sequence[str]
    group: str | Sequence[str]
    contract: str
    fail_on: str | Sequence[str]


_UNITS = {"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_OPTIONS = frozenset(StepOptions.__annotations__) | frozenset({"name"})
_CONTRACT = frozenset(SourceOptions.__annotations__) - frozenset(StepOptions.__annotations__)
_PLAIN = Options()
_ELSEWHERE = frozenset({"name", "inputs", "outputs", "each", "schema"})  # said of a step, but not kept in its options


def options_of(kind: Kind, given: Mapping[str, Any], where: str) -> Options:
    """The options of a step from a decorator's keywords; errors name the keyword and its close matches."""
    if given.keys() <= _ELSEWHERE:
        return _PLAIN
    known = _OPTIONS | _CONTRACT if kind == "source" else _OPTIONS
    for name in given:
        if name not in known:
            hint = f"`{name}` is an option of `ps.source`." if name in _CONTRACT else did_you_mean(name, known)
            raise SignatureError(f"`{kind}` has no option `{name}`", where=where, hint=hint)
    retries = given.get("retries", 0)
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise DeclarationError(f"retries={retries!r} is not a whole number from 0", where=where)
    isolation = given.get("isolation", "worker")
    if isolation not in get_args(Isolation):
        hint = did_you_mean(str(isolation), get_args(Isolation))
        raise DeclarationError(f"isolation={isolation!r} is not known", where=where, hint=hint)
    cache = given.get("cache", True)
    if not isinstance(cache, bool):
        raise DeclarationError(f"cache={cache!r} is neither True nor False", where=where)
    network = given.get("network", False)
    if not isinstance(network, bool):
        raise DeclarationError(f"network={network!r} is neither True nor False", where=where)
    return Options(
        retries=retries,
        backoff=_seconds("backoff", given.get("backoff", 1.0), where),
        timeout=_seconds("timeout", given.get("timeout", 0.0), where),
        no_output_timeout=_seconds("no_output_timeout", given.get("no_output_timeout", 0.0), where),
        resources=_resources(given.get("resources"), where),
        isolation=isolation,
        image=_text("image", given.get("image", ""), where),
        env=_texts("env", given.get("env", ()), where),
        cache=cache,
        network=network,
        version=str(given.get("version", "")),
        tags=_texts("tags", given.get("tags", ()), where),
        description=_text("description", given.get("description", ""), where),
        target=_texts("target", given.get("target", ()), where),
        limits=_limits(given.get("limits", {}), where),
    )


def outputs_of(kind: Kind, given: Any, where: str) -> tuple[Output, ...]:
    """The outputs of a step: one without a name, or those that were named; a split's carry roles."""
    if kind == "split":
        given = {"train": "train", "test": "test"} if given is None else given
        if not isinstance(given, Mapping):
            given = {name: name for name in _texts("outputs", given, where)}
        if not given:
            raise DeclarationError("a split without outputs splits nothing", where=where, hint="Leave `outputs` out.")
        return tuple([Output(_output(name, where), _role(name, role, where)) for name, role in given.items()])
    if given is None:
        return (Output(),)
    names = _texts("outputs", given, where)
    if len(set(names)) != len(names) or not names:
        raise DeclarationError(f"outputs={list(names)!r}: each output needs a name of its own", where=where)
    return tuple([Output(_output(name, where)) for name in names])


def contract_of(given: Mapping[str, Any], where: str) -> Contract | None:
    """The contract of a source from its decorator's keywords; None where nothing was said."""
    said = {name: given[name] for name in _CONTRACT if name in given}
    if not said:
        return None
    key = _texts("key", said.get("key", ()), where)
    time = _text("time", said.get("time", ""), where)
    late = said.get("known_at", {})
    known_at = dict(late) if isinstance(late, Mapping) else {"*": late}
    for column, clock in known_at.items():
        if not isinstance(clock, str | timedelta) or clock in ("", "*"):
            raise ContractError(
                f"known_at[{column!r}] = {clock!r} is neither a clock column nor a timedelta", where=where
            )
        if isinstance(clock, timedelta) and not time:
            raise ContractError(
                f"known_at[{column!r}] is a delay, but there is no `time` for it to start from",
                where=where,
                hint='Say which column holds the instant of the prediction: time="…".',
            )
        if column in key:
            raise ContractError(f"the key column {column!r} can't become known later than its row", where=where)
    label = _texts("label", said.get("label", ()), where)
    if overlap := set(label) & set(key):
        raise ContractError(f"{sorted(overlap)[0]!r} can't be both key and label", where=where)
    fail_on = _texts("fail_on", said.get("fail_on", ()), where)
    for check in fail_on:
        if check not in GRADES:
            raise ContractError(
                f"fail_on={check!r} is no check that a contract grades", where=where, hint=did_you_mean(check, GRADES)
            )
    freeze = _text("contract", said.get("contract", ""), where)
    if "schema" in fail_on and not freeze:
        raise ContractError(
            'fail_on="schema" without a `contract=` that rows are held to',
            where=where,
            hint='Write contract="NAME.contract.yaml"; `penstock contract freeze` makes the file.',
        )
    return Contract(
        key=key,
        time=time,
        known_at=cast("dict[str, str | timedelta]", known_at),
        label=label,
        group=_texts("group", said.get("group", ()), where),
        freeze=freeze,
        fail_on=fail_on,
    )


def schema_of(given: Mapping[str, Any], outputs: Sequence[Output], where: str) -> Any:
    """What a step's tables are held to: a schema, or one by output."""
    schema = given.get("schema")
    if schema is None or is_schema(schema):
        return schema
    if not isinstance(schema, Mapping) or not all(is_schema(one) for one in schema.values()):
        raise DeclarationError(
            f"schema={schema!r} is no schema of pandera",
            where=where,
            hint="Write schema=pa.DataFrameSchema({…}), a DataFrameModel, or {output: schema}.",
        )
    for name in schema:
        if name not in [one.name for one in outputs]:
            hint = did_you_mean(str(name), [one.name for one in outputs if one.name])
            raise DeclarationError(f"schema names an output `{name}` that the step has not", where=where, hint=hint)
    return dict(schema)


def _limits(value: Any, where: str) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise DeclarationError(f"limits={value!r} is no mapping", where=where, hint='Write limits={"gpu": 1}.')
    for name, count in value.items():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][\w-]*", name):
            raise DeclarationError(f"limits: {name!r} is no name", where=where, hint="Use letters, digits, - and _.")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise DeclarationError(f"limits: {name}={count!r} is not a whole number from 1", where=where)
    return dict(value)


def _text(option: str, value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise DeclarationError(f"{option}={value!r} is not text", where=where, hint=f'Write {option}="…".')
    return value


def _texts(option: str, value: Any, where: str) -> tuple[str, ...]:
    several = isinstance(value, Sequence | Mapping | set | frozenset) and not isinstance(value, str)
    listed = tuple(value) if several else (value,)
    if not all(isinstance(one, str) and one for one in listed):
        hint = f'Write {option}="…", or {option}=["…", "…"].'
        raise DeclarationError(f"{option}={value!r}: names are wanted here", where=where, hint=hint)
    return listed


def _seconds(option: str, value: Any, where: str) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
        hint = f"Write {option}=90, or {option}=timedelta(minutes=2)."
        raise DeclarationError(f"{option}={value!r} is neither seconds nor a timedelta", where=where, hint=hint)
    return float(seconds)


def _resources(value: Any, where: str) -> Resources:
    if value is None:
        return Resources()
    if isinstance(value, Resources):
        return value
    if not isinstance(value, Mapping):
        hint = 'Write resources={"cpus": 2, "memory": "4 GB"}.'
        raise DeclarationError(f"resources={value!r} is no mapping", where=where, hint=hint)
    for name in value:
        if name not in Resources.__struct_fields__:
            hint = did_you_mean(str(name), Resources.__struct_fields__)
            raise DeclarationError(f"resources has no field {name!r}", where=where, hint=hint)
    return Resources(
        cpus=_amount("cpus", value.get("cpus", 1), where),
        memory=_bytes(value.get("memory", 0), where),
        gpus=_amount("gpus", value.get("gpus", 0), where),
        custom=_custom(value.get("custom", {}), where),
    )


def _custom(value: Any, where: str) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise DeclarationError(
            f"resources: custom={value!r} names no resources", where=where, hint='Write custom={"licence": 1}.'
        )
    return tuple(sorted([(name, _amount(f"custom[{name!r}]", amount, where)) for name, amount in value.items()]))


def _amount(name: str, value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise DeclarationError(f"resources: {name}={value!r} is not a number from 0", where=where)
    return value


def _bytes(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt]?i?)b?\s*", str(value).lower())
    if match is None or match[2] not in _UNITS:
        raise DeclarationError(
            f"resources: memory={value!r} is not a size",
            where=where,
            hint='Write bytes, or text such as "2 GB" or "512 MiB".',
        )
    return int(float(match[1]) * _UNITS[match[2]])


def _output(name: str, where: str) -> str:
    if not name.isidentifier():
        raise DeclarationError(
            f"an output's name must be a Python identifier, {name!r} is not",
            where=where,
            hint="Use letters, digits and _.",
        )
    return name


def _role(name: str, role: Any, where: str) -> Role:
    if role not in get_args(Role):
        raise DeclarationError(
            f"output {name!r} of a split needs a role, {role!r} is none",
            where=where,
            hint=did_you_mean(str(role), get_args(Role)) or "Roles: train, valid, test, unused.",
        )
    return cast("Role", role)
