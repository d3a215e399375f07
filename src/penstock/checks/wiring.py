"""`wiring`: what the graph alone tells of leaks, before anything runs.

Followed through the graph are the sides of splits that an artifact's rows are of, what the models in it were fitted on, and
the rows by which they were judged. Nothing here is proven, since no step was done again: a function may well leave alone
what it takes. So a finding is SUSPECT, and only what a measured score depends on is told: a model that is fitted on all rows
to be deployed is judged by nobody, cross-validation inside of a training step needs no side of its own, and scores on
`valid` may choose.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from penstock.checks.nodes import Node
from penstock.model.verdict import CheckResult, Finding, Verdict

__all__ = ["wiring"]

_ALL = "all"  # the role of the rows that a split has yet to divide
_TOLD = {
    "train": re.compile(r"(^|_)(train(ing)?|tr|fit)(_|\d|$)", re.IGNORECASE),
    "valid": re.compile(r"(^|_)(valid(ation)?|val|dev)(_|\d|$)", re.IGNORECASE),
    "test": re.compile(r"(^|_)(test(ing)?|te|hold_?out|eval(uation)?)(_|\d|$)", re.IGNORECASE),
}

_Rows = frozenset[tuple[str, str]]  # (split, role) of the rows of an artifact


class _Fit(NamedTuple):
    """A training step that took rows of a role of a split by an argument."""

    split: str
    role: str
    step: str
    artifact: str


class _Flow(NamedTuple):
    """What is in an artifact: rows of sides, models by what they were fitted on, scores by the rows that made them."""

    rows: _Rows = frozenset()
    fits: frozenset[_Fit] = frozenset()
    scored: _Rows = frozenset()
    models: frozenset[str] = frozenset()


def wiring(nodes: Mapping[str, Node]) -> tuple[list[Finding], CheckResult]:
    """What is suspect in the graph, each with the place of the step."""
    looked = _Wiring(nodes)
    findings = looked.findings()
    verdict: Verdict = "SUSPECT" if findings else "CLEAN"
    said = f"{len(nodes)} steps: which sides reach a training step, and what its model is judged on"
    return findings, CheckResult("wiring", "", verdict, said)


class _Wiring:
    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self.maker = {artifact: node for node in nodes.values() for artifact in node.outputs}
        self.splits = [node for node in nodes.values() if node.kind == "split"]
        self.undivided = {split.name: self._rows_above(split) for split in self.splits}
        self.flow: dict[str, _Flow] = {}
        for node in nodes.values():
            self._pass(node)

    def _rows_above(self, split: Node) -> set[str]:
        """The artifacts whose rows come to a split: those above it, but not by way of a model or a score."""
        found: set[str] = set()
        todo = list(split.inputs.values())
        while todo:
            artifact = todo.pop()
            node = self.maker.get(artifact)
            if artifact not in found and node is not None and node.kind not in ("train", "evaluate"):
                found.add(artifact)
                todo += node.inputs.values()
        return found

    def _pass(self, node: Node) -> None:
        above = [self.flow.get(artifact, _Flow()) for artifact in node.inputs.values()]
        rows = frozenset().union(*[one.rows for one in above])
        whole = _Flow(
            rows,
            frozenset().union(*[one.fits for one in above]),
            frozenset().union(*[one.scored for one in above]),
            frozenset().union(*[one.models for one in above]),
        )
        for artifact, role in node.outputs.items():
            made = whole
            if node.kind == "train":
                fits = frozenset([one for argument in node.inputs.values() for one in self._fits(node, argument)])
                made = _Flow(frozenset(), whole.fits | fits, whole.scored, whole.models | {node.name})
            elif node.kind == "evaluate":
                made = _Flow(frozenset(), frozenset(), rows)
            elif node.kind == "split":
                made = whole._replace(rows=rows | {(node.name, role)} if role else rows)
            elif len({one for _, one in rows}) > 1:
                made = whole._replace(rows=_by_name(rows, artifact, alone=len(node.outputs) == 1))
            self.flow[artifact] = made

    def _fits(self, node: Node, artifact: str) -> Iterable[_Fit]:
        for split, role in self.flow.get(artifact, _Flow()).rows:
            yield _Fit(split, role, node.name, artifact)
        for name, above in self.undivided.items():
            if artifact in above:
                yield _Fit(name, _ALL, node.name, artifact)

    # --- what is told of it

    def findings(self) -> list[Finding]:
        found: dict[tuple[str, str, str], Finding] = {}
        told = [*self._before_splits(), *self._on_tested()]
        known = {one.step for one in told}
        for one in [*told, *self._chosen(), *self._only_on_trained(known)]:
            found.setdefault((one.step, one.artifact, one.column), one)
        return list(found.values())

    def _before_splits(self) -> Iterable[Finding]:
        """A training step whose result goes into the rows that a split divides, and was fitted on these rows."""
        for split in self.splits:
            for artifact in split.inputs.values():
                for fit in sorted(self.flow.get(artifact, _Flow()).fits):
                    if (fit.split, fit.role) == (split.name, _ALL):
                        yield self._finding(
                            fit.step,
                            fit.artifact,
                            f"`{fit.step}` is fitted on `{fit.artifact}` before `{split.name}` divides it, and what it learnt "
                            f"goes into both sides",
                            f"Fit it below the split, on {self._sides(split.name, 'train')} alone.",
                        )

    def _on_tested(self) -> Iterable[Finding]:
        """A training step that took test rows, or all rows, and whose model is judged on test rows."""
        for node in self.nodes.values():
            if node.kind != "evaluate":
                continue
            flows = [self.flow.get(artifact, _Flow()) for artifact in node.inputs.values()]
            for fit in sorted(frozenset().union(*[one.fits for one in flows])):
                taken_rows = self.flow[fit.artifact].rows
                judged = [one.rows for one in flows if (fit.split, "test") in one.rows]
                if fit.role not in ("test", _ALL) or all(_apart(taken_rows, one) for one in judged):
                    continue
                side = self._sides(fit.split, "train")
                what = (
                    f"test rows of `{fit.split}`" if fit.role == "test" else f"all rows of `{fit.split}`, test rows too"
                )
                taken = self.maker[fit.artifact]
                if fit.role == "test" and taken.kind == "split":
                    what = "the test side"
                yield self._finding(
                    fit.step,
                    fit.artifact,
                    f"`{fit.step}` takes `{fit.artifact}` ({what}), and `{node.name}` judges its model on the test side",
                    f"Train on {side} alone; stop early and choose settings on a `valid` side. A model for `deploy` may be "
                    f"fitted on all rows, if nobody judges it on them.",
                )

    def _chosen(self) -> Iterable[Finding]:
        """A model that was chosen by scores on test rows, and is judged on them."""
        for node in self.nodes.values():
            if node.kind not in ("predict", "evaluate"):
                continue
            flows = {artifact: self.flow.get(artifact, _Flow()) for artifact in node.inputs.values()}
            judged = frozenset().union(*[one.rows for one in flows.values()])
            for artifact, flow in flows.items():
                for split, role in sorted(flow.scored & judged):
                    if role == "test" and flow.models and self.maker[artifact].kind != "predict":
                        yield self._finding(
                            self.maker[artifact].name,
                            artifact,
                            f"`{self.maker[artifact].name}` chooses by scores on test rows of `{split}`, and `{node.name}` "
                            f"uses what it chose on the same rows",
                            "Choose on a `valid` side, and let the test side judge the choice once.",
                        )

    def _only_on_trained(self, known: set[str]) -> Iterable[Finding]:
        """A model that is judged on nothing but what it was fitted on (and of which nothing is `known` yet)."""
        judged: dict[str, list[tuple[Node, set[str]]]] = {}
        for node in self.nodes.values():
            if node.kind == "evaluate":
                models = frozenset().union(*[self.flow.get(one, _Flow()).models for one in node.inputs.values()])
                tables = self._tables(node)
                for model in models:
                    judged.setdefault(model, []).append((node, tables))
        for model, places in judged.items():
            fitted = {one for one in self.nodes[model].inputs.values() if self._is_table(one)}
            tables = set().union(*[one for _, one in places])
            if model in known or not tables or not fitted or not all(self._trained(one, fitted) for one in tables):
                continue
            node = places[0][0]
            listed = ", ".join([f"`{one}`" for one in sorted(tables)])
            yield self._finding(
                node.name,
                sorted(tables)[0],
                f"`{node.name}` judges `{model}` on {listed}, which it was fitted on, and nothing judges it on other rows",
                "Divide the rows with `@ps.split`, fit on `train` and judge on `test`.",
            )

    def _tables(self, node: Node) -> set[str]:
        """The artifacts by whose rows a step judges: its own inputs, and what predictions among them were made for."""
        found: set[str] = set()
        for artifact in node.inputs.values():
            maker = self.maker.get(artifact)
            if maker is None or maker.kind in ("train", "evaluate"):
                continue
            if maker.kind == "predict":
                found |= self._tables(maker)
            elif self._is_table(artifact):
                found.add(artifact)
        return found

    def _is_table(self, artifact: str) -> bool:
        """Whether it may hold rows: those that a fitted scaler has passed do."""
        flow = self.flow.get(artifact, _Flow())
        return artifact in self.maker and bool(flow.rows or not flow.models)

    def _trained(self, artifact: str, fitted: set[str]) -> bool:
        """Whether the rows of an artifact are among those fitted on: the same artifact, or the same sides of splits."""
        if artifact in fitted:
            return True
        mine = self.flow[artifact].rows
        return bool(mine) and mine <= frozenset().union(*[self.flow[one].rows for one in fitted])

    def _sides(self, split: str, role: str) -> str:
        listed = [f"`{one}`" for one, said in self.nodes[split].outputs.items() if said == role]
        return " and ".join(listed) or f"the {role} side"

    def _finding(self, step: str, artifact: str, what: str, hint: str) -> Finding:
        return Finding("wiring", "SUSPECT", step, artifact, world=what, where=self.nodes[step].where, hint=hint)


def _apart(some: _Rows, others: _Rows) -> bool:
    """Whether a split, maybe one of the sides of another, keeps these rows apart."""
    for split in {one for one, _ in some} & {one for one, _ in others}:
        if not {role for one, role in some if one == split} & {role for one, role in others if one == split}:
            return True
    return False


def _by_name(rows: _Rows, artifact: str, *, alone: bool) -> _Rows:
    """The sides that an output of a step over several of them holds, as far as its name tells.

    A step that makes several outputs names them by their sides. One that makes a single output named for the training side
    still took the others.
    """
    name = artifact.rpartition(".")[2]
    told = [role for role, words in _TOLD.items() if words.search(name)]
    if len(told) != 1 or (alone and told != ["test"]):
        return rows
    kept = frozenset([one for one in rows if one[1] == told[0]])
    return kept or rows
