"""How often the tests of faults try: a quick number by default, PENSTOCK_FAULT_TRIALS where it is set."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

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
    """Print what was counted, as one line of JSON (`pytest -s` shows it).

    In full runs the line goes to dist/fault-trials.jsonl as well; where PENSTOCK_FAULT_REPORT names a file, it becomes
    an element of the JSON array there.
    """
    found = {"fault": name, **figures}
    line = json.dumps(found)
    print(line)
    if "PENSTOCK_FAULT_TRIALS" in os.environ:
        path = Path("dist", "fault-trials.jsonl")
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(line + "\n")
    if "PENSTOCK_FAULT_REPORT" in os.environ:
        path = Path(os.environ["PENSTOCK_FAULT_REPORT"])
        with FileLock(f"{path}.lock"):  # tests may run side by side
            listed = json.loads(path.read_text()) if path.exists() else []
            path.write_text("[\n" + ",\n".join(json.dumps(one) for one in [*listed, found]) + "\n]\n")
