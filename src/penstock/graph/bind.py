"""Binding: which artifact each input names. Short names serve while they are unique."""

from collections.abc import Iterable, Mapping

from penstock.errors import DuplicateName, UnknownName, did_you_mean
from penstock.model.step import Step

__all__ = ["Bound", "bind", "names"]

Bound = dict[str, tuple[str, str]]
"""For each argument of a step: (the step that makes it, the full name of the artifact)."""


def names(steps: Iterable[Step]) -> dict[str, tuple[str, str]]:
    """Every name by which an artifact may be called: full names, and short names of outputs while they are unique."""
    known: dict[str, tuple[str, str]] = {}
    short: dict[str, list[tuple[str, str]]] = {}
    for step in steps:
        for output in step.outputs:
            full = step.artifact(output)
            known[full] = (step.name, full)
            if output.name:
                short.setdefault(output.name, []).append((step.name, full))
    for name, makers in short.items():
        if len(makers) == 1 and name not in known:
            known[name] = makers[0]
    return known


def bind(steps: Mapping[str, Step]) -> dict[str, Bound]:
    """Bind every input of every step to its artifact. Raises `UnknownName` or `DuplicateName` with file and line."""
    known = names(steps.values())
    short: dict[str, set[str]] = {}  # names that a step of that very name would take from another's output
    for step in steps.values():
        for output in step.outputs:
            if output.name in steps:
                short.setdefault(output.name, set()).add(step.name)
    bound: dict[str, Bound] = {}
    for step in steps.values():
        for parameter in step.parameters:
            # What a command takes is said by edges: nothing is bound by its name, so names may be equal.
            if parameter.name in known and not step.entry.commands:
                maker = known[parameter.name][0]
                raise DuplicateName(
                    f"parameter `{parameter.name}` of step `{step.name}` bears the name of an artifact of step `{maker}`",
                    where=step.where,
                    hint="Rename the parameter; or drop its default, to make it an input.",
                )
        links: Bound = {}
        for argument, artifact in step.inputs.items():
            found = known.get(artifact)
            if found is None:
                _unknown(step, argument, artifact, steps, known)
            elif "." not in artifact and (others := short.get(artifact, set()) - {found[0]}):
                _shared(step, argument, artifact, sorted(others)[0])
            else:
                links[argument] = found
        bound[step.name] = links
    return bound


def _shared(step: Step, argument: str, artifact: str, other: str) -> None:
    # Either may have been meant, and adding a step must not rewire another one.
    raise DuplicateName(
        f"step `{step.name}` needs `{artifact}`, which is a step and also an output of step `{other}`",
        where=step.where,
        hint=f"Write inputs={{{argument!r}: '{other}.{artifact}'}} for the output, or give the step another name.",
    )


def _unknown(
    step: Step, argument: str, artifact: str, steps: Mapping[str, Step], known: Mapping[str, tuple[str, str]]
) -> None:
    of = "" if argument == artifact else f" (bound to argument `{argument}`)"
    what = f"step `{step.name}` needs `{artifact}`{of}, and no step makes it"
    makers = [one.name for one in steps.values() if any(output.name == artifact for output in one.outputs)]
    if len(makers) > 1:
        what = f"step `{step.name}` needs `{artifact}`{of}, which {len(makers)} steps make"
        full = " or ".join(f"`{maker}.{artifact}`" for maker in makers)
        hint = f"Say which: inputs={{{argument!r}: …}} with {full}."
    elif artifact in steps:
        parts = ", ".join(f"`{one}`" for one in steps[artifact].artifacts)
        what = f"step `{step.name}` needs `{artifact}`{of}, which makes several artifacts"
        hint = f"Name one of them: {parts}."
    else:
        others = [name for name in known if known[name][0] != step.name]
        hint = did_you_mean(artifact, others) or "Declare a step of that name, or give the argument a default."
        hint += "" if hint.startswith("Declare") else " A parameter needs a default (or `ps.required`)."
    raise UnknownName(what, where=step.where, hint=hint)
