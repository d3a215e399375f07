"""The verdicts of the `valohai-yaml` package on a file, each with its place."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from penstock.declare.valohai_tree import Tree
from penstock.errors import DeclarationError

__all__ = ["NO_EFFECT", "Verdicts", "verdicts"]

NO_EFFECT = {
    "step": {
        "environment": "the machine is this one",
        "environment-variable-groups": "groups live in the vendor's settings: set the variables themselves",
        "upload-store": "outputs go to the store of this state folder",
        "runtime-config-preset": "presets live in the vendor's settings",
        "autorestart": "nothing here is taken away while it runs",
        "mounts": "commands run on this machine and see its folders",
        "cache-volumes": "inputs are cached in the state folder",
        "resources": "cloud resources are not asked for here",
        "outputs": "whatever lies in VH_OUTPUTS_DIR is kept",
        "icon": "it is for the vendor's pages",
        "category": "it is for the vendor's pages",
    },
    "task": {
        "engine": "bayesian tasks use Optuna's sampler",
        "reuse-children": "what is unchanged is always reused",
    },
    "pipeline": {"reuse-executions": "what is unchanged is always reused"},
    "node": {"aliases": "versions of deployments live on the vendor's cloud"},
    "deployment": {"defaults": "they are for the vendor's cloud"},
    "endpoint": {
        "node-selector": "the machine is this one",
        "tolerations": "the machine is this one",
        "resources": "cloud resources are not asked for here",
        "shared-volumes": "servers run on this machine and see its folders",
        "workspace-volume": "servers run on this machine and see its folders",
    },
}
"""Settings that are accepted and do nothing here, and why, by what they are of."""


class Verdicts(NamedTuple):
    """What is wrong with a file (with its form, so that nothing of it can be read; with the form of single items, by index;
    and with what it says), what is doubtful, and what has no effect here."""

    broken: list[DeclarationError]
    items: dict[int, list[DeclarationError]]
    errors: list[DeclarationError]
    warnings: list[DeclarationError]
    notes: list[DeclarationError]


def verdicts(tree: Tree) -> tuple[Verdicts, Any]:
    """The package's errors and warnings, and its `Config` (None where it makes none)."""
    from valohai_yaml.validation import get_validator

    found = Verdicts([], {}, [], [], [])
    errors = list(get_validator().iter_errors(tree.data))
    for one in sorted(errors, key=lambda one: [str(part) for part in one.path]):
        index = one.absolute_path[0] if one.absolute_path else None
        (found.items.setdefault(index, []) if isinstance(index, int) else found.broken).append(_schema(tree, one))
    if found.broken:
        return found, None
    lost = _names(tree.data[index] for index in found.items)
    config, result = _judged(tree, found.items)
    seen: Counter[str] = Counter()
    for one in result.messages:
        text = " ".join(str(one["message"]).split())
        if "does not exist" in text and any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in lost):
            continue  # it is there, and its own form is wrong
        told = DeclarationError(text, where=_about(tree, text, seen[text]), hint=_HINTS)
        seen[text] += 1
        (found.errors if one["type"] == "error" else found.warnings).append(told)
    found.warnings.extend(_twice(tree, found.items))
    found.notes.extend(_without_effect(tree, found.items))
    return found, config


def _judged(tree: Tree, bad: dict[int, list[DeclarationError]]) -> tuple[Any, Any]:
    """The package's `Config` of all items but the `bad`, and what it says of them. Those on which it raises are `bad`, too."""
    items = [(index, one) for index, one in enumerate(tree.data or ()) if index not in bad]
    try:
        return _of_package([one for _, one in items])
    except Exception:  # the package raises whatever comes: values that no schema bounds
        pass
    apart = [(index, one) for index, one in items if "pipeline" not in one]
    kept: list[Any] = []
    for index, one in apart:
        try:
            _of_package([one])
            kept.append(one)
        except Exception as error:
            bad[index] = [_unreadable(tree, index, one, error)]
    for index, one in items:
        if "pipeline" in one:
            try:
                _of_package([*kept, one])
            except Exception as error:
                steps = [node.get("step") for node in one["pipeline"].get("nodes") or ()]
                lost = [each for each in bad if set(steps) & set(_names([tree.data[each]]))]
                bad[index] = bad[lost[0]] if lost else [_unreadable(tree, index, one, error)]
    return _of_package([one for index, one in items if index not in bad])


def _of_package(items: list[Any]) -> tuple[Any, Any]:
    from valohai_yaml.lint import LintResult
    from valohai_yaml.objs import Config

    result = LintResult()
    config = Config.parse(items)
    config.lint(result, context={})
    return config, result


def _unreadable(tree: Tree, index: int, item: Mapping[str, Any], error: Exception) -> DeclarationError:
    """What to say of an item on which the package raises: what it says itself, and where, as far as that can be known."""
    from valohai_yaml.utils.duration import parse_duration

    kind, part = next(((key, one) for key, one in item.items() if isinstance(one, dict)), ("", {}))
    for key in ("time-limit", "no-output-timeout"):
        try:
            parse_duration(part.get(key))
        except Exception:
            what = f"`{key}: {part[key]}` is no length of time"
            return DeclarationError(
                what, where=tree.place(index, kind, key), hint="Write seconds without quotes, or `1h 30m`."
            )
    for place, node in enumerate(part.get("nodes") or ()):
        if isinstance(error, KeyError) and error.args and node.get("step") == error.args[0]:
            what = f'Pipeline "{part.get("name")}" node "{node.get("name")}" step "{node["step"]}" does not exist'
            return DeclarationError(what, where=tree.place(index, kind, "nodes", place, "step"), hint=_HINTS)
    said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    where = _about(tree, said)
    first, last = tree.lines(index)
    inside = first <= int(where.split(":")[-2]) <= last
    hint = "See the reference of valohai.yaml for what may stand here."
    return DeclarationError(said, where=where if inside else tree.place(index, kind, "name"), hint=hint)


def _names(items: Iterable[Any]) -> list[str]:
    """What items are called, as far as they have a form at all."""
    parts = [part for item in items if isinstance(item, dict) for part in item.values()]
    return [str(one["name"]) for one in parts if isinstance(one, dict) and one.get("name")]


_HINTS = "So says the valohai-yaml package, which reads these files for the vendor's cloud as well."


def _schema(tree: Tree, error: Any) -> DeclarationError:
    from jsonschema.exceptions import best_match

    inner = error
    while inner.context:
        # Of alternatives, the one that was meant: the node's type says it, else the one that fits best.
        same = [one for one in inner.context if not (one.validator == "const" or _other_type(one, inner))]
        inner = best_match(iter([_deepest(same or inner.context)])) or inner
        if inner.context is error.context:
            break
    path = tuple(inner.absolute_path)
    said = inner.message if len(inner.message) < 300 else f"{inner.message[:140]} … {inner.message[-120:]}"
    if not path and isinstance(inner.instance, dict):
        shown = ", ".join([f"`{one}`" for one in inner.instance][:3])
        said = f"it is a mapping ({shown}, …), where a list of items is wanted"
    hint = ""
    if inner.validator == "additionalProperties" and isinstance(inner.instance, dict):
        known = set(inner.schema.get("properties", ()))
        extra = next((key for key in inner.instance if key not in known), None)
        path = (*path, extra)
        hint = f"Known here: {', '.join(sorted(known))}."
    elif inner.validator == "type" and isinstance(inner.instance, bool):
        hint = "YAML reads on, off, yes, no, true and false without quotes as truth values: put it in quotes."
    elif not path:
        hint = "Begin each item with `- step:`, `- task:`, `- pipeline:` or `- endpoint:`."
    elif inner.validator in {"required", "type", "enum", "oneOf", "pattern"}:
        hint = "The reference of valohai.yaml says what may stand here; mind the indentation."
    return DeclarationError(said, where=tree.place(*path), hint=hint or _HINTS)


def _other_type(error: Any, parent: Any) -> bool:
    """Whether an error is of an alternative for another type of node."""
    if not isinstance(parent.instance, dict) or "type" not in parent.instance:
        return False
    branch = error.schema_path[0] if error.schema_path else None
    types = [one for one in parent.context if one.schema_path and one.schema_path[0] == branch]
    return any(one.validator == "const" for one in types)


def _deepest(errors: Any) -> Any:
    return max(errors, key=lambda one: len(one.absolute_path))


def _about(tree: Tree, text: str, nth: int = 0) -> str:
    """The place of what a message speaks of, as far as names in it tell; the `nth` of those that it may speak of."""
    ends = _EDGE.search(text)
    named = _spoken_of(tree, text)
    if ends is not None:
        for path, name in named:
            if "edges" in path and name.startswith(f"{ends[2]}.") and path[-1] in _ENDS[ends[1]]:
                return tree.place(*path)
    precise = [place for path, name in named for place in _in_pipeline(tree, text, path, name)]
    if precise:
        return precise[min(nth, len(precise) - 1)]
    best: tuple[int, list[tuple[Any, ...]]] = (0, [()])
    for path, name in named:
        said = len(name) > 1 or f'"{name}"' in text or re.search(rf"\b{_KINDS} {re.escape(name)}\b", text)
        if said and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
            score = len(path) * 1000 + len(name)
            outer = [one for one in path if isinstance(one, str)]
            kind = outer[0] if outer else ""
            if kind and kind in text.lower():
                score += 500
            if score > best[0]:
                best = (score, [path])
            elif score == best[0]:
                best[1].append(path)
    return tree.place(*best[1][min(nth, len(best[1]) - 1)])


def _spoken_of(tree: Tree, text: str) -> list[tuple[tuple[Any, ...], str]]:
    """The named parts of the item that a message begins with (`Pipeline NAME …`); all, where it begins with none."""
    every = list(_named(tree.data))
    begins = [
        (len(name), path[0])
        for path, name in every
        if len(path) == 2 and re.match(rf"""{path[1]}\s+["'`]?{re.escape(name)}(?![\w-])""", text, re.IGNORECASE)
    ]
    return [one for one in every if one[0][0] == max(begins)[1]] if begins else every


def _in_pipeline(tree: Tree, text: str, path: tuple[Any, ...], name: str) -> Iterator[str]:
    """The place in a node, where a message names it and what of it is wrong; or the end of an edge whose kind is not valid."""
    node, edge = _NODE.match(text), _BETWEEN.search(text)
    if node is not None and path[-2:-1] == ("nodes",) and name == node[1]:
        yield tree.place(*path, node[2])
    if edge is not None and "edges" in path and path[-1] in _ENDS[edge[1]]:
        end, other = (edge[3], edge[4]) if edge[1] == "source" else (edge[4], edge[3])
        if name.startswith(f"{end}.{edge[2]}.") and _other_end(tree, path).startswith(f"{other}."):
            yield tree.place(*path)


def _other_end(tree: Tree, path: tuple[Any, ...]) -> str:
    whole = tree.data
    for part in path[:-1]:
        whole = whole[part]
    return str(whole[{"source": "target", "target": "source", 0: 1, 1: 0}[path[-1]]])


_KINDS = "(?:[Pp]arameter|[Ii]nput|[Nn]ode|[Ss]tep|[Tt]ask|[Pp]ipeline|[Ee]ndpoint)"
_EDGE = re.compile(r"edge (source|target) node (.+?) does not exist")
_NODE = re.compile(r'Pipeline ".+?" node "(.+?)" (step|task) ".+?"')
_BETWEEN = re.compile(r"(source|target) type (\S+) \(between (.+?) and (.+?)\) not valid")
_ENDS = {"source": ("source", 0), "target": ("target", 1)}


def _named(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(data, dict):
        if isinstance(data.get("name"), str):
            yield path, data["name"]
        for key, one in data.items():
            yield from _named(one, (*path, key))
    elif isinstance(data, list):
        for index, one in enumerate(data):
            yield from _named(one, (*path, index))
    elif isinstance(data, str) and len(path) > 2:
        yield path, data


def _twice(tree: Tree, broken: Container[int]) -> Iterator[DeclarationError]:
    """Keys that one mapping has twice, and parameters and inputs of one name in one step: the last counts, and nobody says so."""
    for key, where in tree.repeated():
        yield DeclarationError(
            f"`{key}` stands twice here: only the last one counts", where=where, hint="Make one of both."
        )
    for index, item in enumerate(tree.data if isinstance(tree.data, list) else ()):
        step: Any = item.get("step") if isinstance(item, dict) and index not in broken else None
        for kind in ("parameters", "inputs") if isinstance(step, dict) else ():
            seen: set[str] = set()
            for nth, one in enumerate(step.get(kind) or ()):
                name = str(one.get("name")) if isinstance(one, dict) else ""
                if name in seen:
                    yield DeclarationError(
                        f"{kind[:-1]} `{name}` of step `{step.get('name')}` is there twice: only the last one counts",
                        where=tree.place(index, "step", kind, nth, "name"),
                        hint="Take one out, or give it another name.",
                    )
                seen.add(name)


def _without_effect(tree: Tree, broken: Container[int]) -> Iterator[DeclarationError]:
    items = [(index, one) for index, one in enumerate(tree.data or ()) if index not in broken and isinstance(one, dict)]
    for index, item in items:
        if isinstance(item.get("step"), dict):
            yield DeclarationError(
                "`image` is used with `--executor container`",
                where=tree.place(index, "step", "image"),
                hint="Without it, commands run with what this machine has; another image counts as another step.",
            )
            break
    for index, item in items:
        for kind, part in item.items():
            if isinstance(part, dict):
                for path, key, of, why in _settings(kind, part):
                    yield DeclarationError(
                        f"`{key}` of {of} has no effect here",
                        where=tree.place(index, kind, *path, key),
                        hint=f"{why[0].upper()}{why[1:]}.",
                    )


def _settings(kind: str, part: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], str, str, str]]:
    """The settings of an item that have no effect: where each stands, its name, what it is of, and why."""
    name = f"{kind} `{part.get('name')}`"
    for key in part:
        if key in NO_EFFECT.get(kind, {}):
            yield (), key, name, NO_EFFECT[kind][key]
    for index, one in enumerate(part.get("inputs") or () if kind == "step" else ()):
        if str(one.get("download") or "always") != "always":
            yield ("inputs", index), "download", f"input `{one.get('name')}` of {name}", "inputs are there at once"
    for index, node in enumerate(part.get("nodes") or () if kind == "pipeline" else ()):
        own = f"node `{node.get('name')}` of {name}"
        for key in node:
            if key in NO_EFFECT["node"]:
                yield ("nodes", index), key, own, NO_EFFECT["node"][key]
        for key in node.get("override") or ():
            if key in NO_EFFECT["step"]:
                yield ("nodes", index, "override"), key, f"the override of {own}", NO_EFFECT["step"][key]
    for index, edge in enumerate(part.get("edges") or () if kind == "pipeline" else ()):
        if isinstance(edge, dict) and edge.get("configuration"):
            yield ("edges", index), "configuration", f"an edge of {name}", "an edge brings what its ends name"
