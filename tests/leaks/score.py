"""How well Penstock tells leaks from what only looks like one: `python -m tests.leaks.score [NAME …]`."""

import sys
import time

from tests.leaks import CASES
from tests.leaks.judged import Judged, judge
from tests.leaks.pipelines import PAIRS

__all__ = ["main"]


def main(names: list[str]) -> int:
    """Judge the cases named (or all), print what is wrong and how much is right."""
    began, judged = time.monotonic(), []
    for case in CASES.values():
        if not names or case.name in names:
            judged.append(judge(case))
            if wrong := _wrong(judged[-1]):
                print(f"{case.name:55} {wrong}", flush=True)
    guilty, innocent = [one for one in judged if one.case.leaks], [one for one in judged if not one.case.leaks]
    missed, convicted, pairs = _pairs(names)
    if guilty:
        found, placed = sum(one.found for one in guilty), sum(one.place for one in guilty)
        print(
            f"leaky  {len(guilty):4}   PROVEN {found} ({found / len(guilty):.1%}), step and columns right {placed} ({placed / len(guilty):.1%})"
        )
    if innocent:
        print(f"clean  {len(innocent):4}   PROVEN {sum(bool(one.false) for one in innocent)}")
    if pairs:
        print(
            f"pairs  {pairs:4}   of pipelines, tables, graphs and estimators: found as they are {pairs - missed}, clean twins accused {convicted}"
        )
    print(f"in {time.monotonic() - began:.0f} s")
    return int(any(not one.place for one in judged) or missed > 0 or convicted > 0)


def _pairs(names: list[str]) -> tuple[int, int, int]:
    """Of the pairs of twins, how many leaks are not found as they are, how many clean ones are accused, and how many pairs there are."""
    missed = convicted = count = 0
    for name, pair in PAIRS.items():
        if names and name not in names:
            continue
        leaky, clean = pair.leaky(), pair.clean()
        missed, convicted, count = missed + (leaky != pair.expected), convicted + bool(clean), count + 1
        if leaky != pair.expected or clean:
            print(f"{name:55} found {leaky or 'nothing'}, in its twin {clean or 'nothing'}", flush=True)
    return missed, convicted, count


def _wrong(one: Judged) -> str:
    parts = [f"missed {', '.join(map(' of '.join, one.missed))}"] if one.missed else []
    parts += [f"falsely PROVEN {', '.join(map(' of '.join, one.false))}"] if one.false else []
    return "; ".join(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
