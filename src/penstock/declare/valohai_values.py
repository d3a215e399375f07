"""The values that a `valohai.yaml` itself gives to the parameters of its nodes, held to what those parameters allow."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from penstock.declare.valohai_edges import node_of, unknown_parameter
from penstock.declare.valohai_steps import Blueprint, Surroundings, as_list
from penstock.errors import DeclarationError, ParameterError, UnknownName, did_you_mean
from penstock.work.allowed import allowed
from penstock.work.sweep import values_of

__all__ = ["fitting", "given_by_pipeline", "misfits_of_override", "misfits_of_task"]

_BOUNDS = frozenset({"type", "min", "max", "choices", "default"})
_COMPUTED = frozenset({"linear", "logspace"})
_ENDS = ("min", "max", "start", "end")


def fitting(definition: Mapping[str, Any], value: Any, *, many: bool) -> Any:
    """A value as a parameter takes it; a list where it takes several, or a task goes through them (`many`). A list of one
    is that one. Raises `ValueError` that says what is wanted.

    >>> fitting({"name": "epochs", "type": "integer"}, ["3"], many=False)
    3
    """
    several = str(definition.get("multiple") or "none") != "none"
    if isinstance(value, list) and not (several or many):
        if len(value) != 1:
            raise ValueError(f"it takes one value and got {len(value)}")
        value = value[0]
    return allowed(definition, value)


def given_by_pipeline(
    around: Surroundings,
    raw: Mapping[str, Any],
    path: tuple[Any, ...],
    nodes: Mapping[str, Any],
    blues: Mapping[str, Blueprint],
    tasks: Container[str],
) -> tuple[dict[str, dict[str, Any]], dict[str, list[tuple[str, str]]]]:
    """What a pipeline's parameters give to its nodes, by node, and at which (node, parameter) each of them aims.

    Raises `UnknownName`, `DeclarationError` or `ParameterError` with the place of what can't be.
    """
    values: dict[str, dict[str, Any]] = {}
    targets: dict[str, list[tuple[str, str]]] = {}
    for index, one in enumerate(raw.get("parameters") or ()):
        place = (*path, "parameters", index)
        where = around.tree.place(*place)
        for target in [*as_list(one.get("targets")), *as_list(one.get("target"))]:
            node, _, rest = node_of(str(target), nodes)
            name = rest.partition(".")[2]
            if node not in nodes:
                raise UnknownName(f"there is no node `{node}`", where=where, hint=did_you_mean(node, nodes))
            blue = blues.get(node)
            if blue is None:
                raise DeclarationError(
                    f"node `{node}` is a deployment and has no parameters",
                    where=where,
                    hint="Let the parameter aim at a node that runs a step.",
                )
            if name not in blue.parameters:
                raise unknown_parameter(node, name, blue, where)
            targets.setdefault(str(one.get("name")), []).append((node, name))
            if one.get("default") is None:
                continue
            try:
                found = fitting(blue.parameters[name], one["default"], many=node in tasks)
            except ValueError as error:
                raise ParameterError(
                    f"parameter `{one.get('name')}` of pipeline `{raw['name']}` gives {one['default']!r} to "
                    f"`{name}` of node `{node}`: {error}",
                    where=around.tree.place(*place, "default"),
                    hint=f"Give another value, or change what step `{blue.raw['name']}` allows.",
                ) from None
            values.setdefault(node, {})[name] = found
    return values, targets


def misfits_of_override(
    around: Surroundings, node: Mapping[str, Any], place: tuple[Any, ...], blue: Blueprint, other: Container[str]
) -> Iterator[ParameterError]:
    """Defaults of a node's overrides that their parameters do not allow; those of the parameters in `other` do not count."""
    over = (node.get("override") or {}).get("parameters") or ()
    for index, one in enumerate(over):
        definition = blue.parameters[one["name"]]
        default = definition.get("default")
        if not _BOUNDS & set(one) or one["name"] in other or default is None:
            continue
        try:
            fitting(definition, default, many=node.get("type") == "task")
        except ValueError as error:
            yield ParameterError(
                f"the override of node `{node['name']}` leaves `{one['name']}` at {default!r}: {error}",
                where=around.tree.place(*place, "override", "parameters", index, "default"),
                hint=f"Give another default there, or change what step `{blue.raw['name']}` allows.",
            )


def misfits_of_task(
    around: Surroundings, raw: Mapping[str, Any], path: tuple[Any, ...], blue: Blueprint
) -> Iterator[ParameterError]:
    """Values that a task would try and that the parameters of its step do not allow: the first of each parameter."""

    def misfit(name: str, value: Any, error: ValueError, *at: Any) -> ParameterError:
        return ParameterError(
            f"task `{raw['name']}` tries {value!r} as `{name}`: {error}",
            where=around.tree.place(*path, *at),
            hint=f"Try other values, or change what step `{blue.raw['name']}` allows.",
        )

    for index, one in enumerate(raw.get("parameters") or ()):
        definition = blue.parameters[one["name"]]
        try:
            held, values = _tried(raw, one, definition)
        except (ArithmeticError, TypeError, ValueError, ParameterError) as error:
            yield ParameterError(
                f"task `{raw['name']}` can't vary `{one['name']}`: {getattr(error, 'what', error)}",
                where=around.tree.place(*path, "parameters", index, "rules"),
                hint="Mend its rules.",
            )
            continue
        for place, value in enumerate(values):
            try:
                fitting(held, value, many=False)
            except ValueError as error:
                at = ("items", place) if one.get("style") == "multiple" else ("value",)
                yield misfit(one["name"], value, error, "parameters", index, "rules", *at)
                break
    for index, chosen in enumerate(raw.get("parameter-sets") or ()):
        for name, value in (chosen or {}).items():
            try:
                fitting(blue.parameters[name], value, many=False)
            except ValueError as error:
                yield misfit(name, value, error, "parameter-sets", index, name)


def _tried(
    raw: Mapping[str, Any], one: Mapping[str, Any], definition: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Any]]:
    """The values of a searched parameter that are known beforehand, and to what they are held: all of a list or a series,
    the ends of a range from which values are drawn (a whole number may lie between ends that are none)."""
    style, rules = str(one.get("style") or "single"), one.get("rules") or {}
    searched = str(raw.get("type") or "").lower().startswith("bayesian")
    if style in {"single", "multiple"} or (style in _COMPUTED and not searched):
        return definition, values_of(one)
    if style == "logspace":
        return definition, []
    number = definition.get("type") in {"integer", "float"}
    held = {**definition, "type": "float"} if number else definition
    return held, [rules[end] for end in _ENDS if rules.get(end) is not None] if number else []
