"""Names and programs that texts in code speak of: `frame.query("a > @LIMIT")`, `["python", "-m", "tools.clean"]`."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

__all__ = ["QUERIES", "named_in", "programs_in", "programs_of"]

QUERIES = frozenset(
    (
        *("query", "eval", "evaluate", "sql", "sql_expr", "execute_sql", "from_query", "SQLContext"),
        *("dmatrix", "dmatrices", "ols", "gls", "wls", "glm", "gee", "logit", "probit", "mixedlm", "quantreg", "rlm"),
    )
)
"""Calls that look up the names in a text where they are called: of pandas, numexpr, DuckDB, patsy, statsmodels."""

_WORD = re.compile(r"(@?)\b([A-Za-z_]\w*)\b(\s*\()?")
_LONGEST = 20_000  # characters of a text
_PROGRAM = re.compile(r"^[\w./~-]+\.(py|sh|bash|zsh|R|r|sql|jl|pl|js|ts|stan|rb|lua|bat|ps1)$")
_LAUNCHERS = re.compile(r"^(\S*/)?(sh|bash|zsh|python[\d.]*|uv|env|Rscript|julia|perl|node|make|nice|time|sudo)$")


def named_in(texts: Iterable[str]) -> list[str]:
    """The names in texts, as marks: `?name` for any kind (`@name`, `name(`), `?=name` for variables alone.

    >>> named_in(["a > @LOW", "f(b)"])
    ['?=a', '?=b', '?LOW', '?f']
    """
    found = set()
    for text in texts:
        for at, name, called in _WORD.findall(text[:_LONGEST]):
            found.add(f"?{name}" if at or called else f"?={name}")
    return sorted(found)


def programs_in(text: str) -> list[str]:
    """The programs that a text names: it is the path of one, or a command line.

    >>> programs_in("scripts/run.sh"), programs_in("python -m tools.clean x.csv"), programs_in("see train.py")
    (['!run:scripts/run.sh'], ['!run:-m tools.clean'], [])
    """
    if len(text) > 1000 or ("." not in text and " -m " not in text):
        return []
    words = text.split()
    if len(words) > 1 and not _LAUNCHERS.match(words[0]):
        return []
    found = [f"!run:{word}" for word in words if _PROGRAM.match(word)]
    return found + [f"!run:-m {name}" for flag, name in pairwise(words) if flag == "-m"]


def programs_of(words: Iterable[Any]) -> list[str]:
    """The modules that a command names: `-m` and the text after it.

    >>> programs_of([None, "-m", "tools.clean"])
    ['!run:-m tools.clean']
    """
    return [f"!run:-m {name}" for flag, name in pairwise(words) if flag == "-m" and isinstance(name, str)]
