"""How often the tests of faults try: a quick number by default, PENSTOCK_FAULT_TRIALS where it is set."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

__all__ = ["places", "report", "seeded", "trials"]


def trials(quick: int) -> int:
    """The number of trials: `quick`, or what the environment asks for."""
    return int(os.environ.get("PENSTOCK_FAULT_TRIALS", quick))


def seeded(trial: int) -> random.Random:
    """The chance of one trial, which its number gives back."""
    return random.Random(f"penstock {trial}")


def places(count: int, quick: int) -> Iterator[int]:
    """`count` places 1, 2, 3 …, all of them if many trials are asked for, else `quick` spread over them."""
    most = trials(quick)
    yield from range(1, count + 1, max(1, -(-count // most)))


def report(name: str, **figures: object) -> None:
    """Print what was counted, as one line of JSON (`pytest -s` shows it); in full runs to dist/fault-trials.jsonl as well."""
    line = json.dumps({"fault": name, **figures})
    print(line)
    if "PENSTOCK_FAULT_TRIALS" in os.environ:
        path = Path("dist", "fault-trials.jsonl")
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(line + "\n")
