"""Conditions over metadata and parameters: `metadata.accuracy >= 0.9`, `loss < 0.1`."""

import re
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

__all__ = ["holds"]

_DOTTED = re.compile(r"\b(metadata|parameters?)\.([^\s()<>=!,+*/%]+)")


def holds(expression: str, metadata: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a condition holds, and why it could not be judged ("" if it could; then it does not hold).

    `metadata.x` and `parameter.x` name values; a bare `x` is metadata. A list stands for each of its items: one must do.

    >>> holds("metadata.loss < 0.5", {"loss": 0.1}, {})
    (True, '')
    >>> holds("loss < 0.5", {}, {})
    (False, 'there is no `loss`')
    """
    from leval.excs import NoSuchValue
    from leval.rewriter_evaluator import RewriterEvaluator
    from leval.universe.simple import SimpleUniverse

    class Rewriter(RewriterEvaluator):  # type: ignore[misc]
        def rewrite_keyword(self, kw: str) -> str:
            return f"_{kw}"  # metadata may be called `lambda`

    names: dict[str, Any] = {}
    missing: list[str] = []

    def named(match: re.Match[str]) -> str:
        values = metadata if match[1] == "metadata" else parameters
        key = match[2]
        if key not in values:  # `metadata.a-b` may mean a difference as well
            shorter = [one for one in values if key.startswith(one)]
            if not shorter:
                missing.append(match[0])
                return "None"
            key = max(shorter, key=len)
        name = f"value{len(names)}_"
        names[name] = values[key]
        return name + match[2][len(key) :]

    text = _DOTTED.sub(named, expression.strip())
    if missing:
        return False, f"there is no `{missing[0]}`"
    known = {f"_{key}" if iskeyword(key) else key: value for key, value in {**metadata, **names}.items()}
    why = ""
    for values in _each(known):
        evaluator = Rewriter(SimpleUniverse(functions={}, values=values), max_depth=8)
        try:
            if evaluator.evaluate_expression(text):
                return True, ""
        except NoSuchValue as error:
            lacking = str(error).removeprefix("No value ")
            why = f"there is no `{lacking}`"
        except Exception as error:
            why = str(error) or type(error).__name__
    return False, why


def _each(values: dict[str, Any]) -> "list[dict[str, Any]]":
    lists = [len(one) for one in values.values() if isinstance(one, list)]
    return [
        {key: (one[place] if isinstance(one, list) and place < len(one) else one) for key, one in values.items()}
        for place in range(max(lists, default=1) or 1)
    ]
