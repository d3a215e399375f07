"""How well Penstock tells leaks from what only looks like one: `python -m tests.leaks.score [NAME …]`."""

import sys
import time

from tests.leaks import CASES
from tests.leaks.judged import Judged, judge

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
    if guilty:
        found, placed = sum(one.found for one in guilty), sum(one.place for one in guilty)
        print(
            f"leaky  {len(guilty):4}   PROVEN {found} ({found / len(guilty):.1%}), step and columns right {placed} ({placed / len(guilty):.1%})"
        )
    if innocent:
        print(f"clean  {len(innocent):4}   PROVEN {sum(bool(one.false) for one in innocent)}")
    print(f"in {time.monotonic() - began:.0f} s")
    return int(any(not one.place for one in judged))


def _wrong(one: Judged) -> str:
    parts = [f"missed {', '.join(map(' of '.join, one.missed))}"] if one.missed else []
    parts += [f"falsely PROVEN {', '.join(map(' of '.join, one.false))}"] if one.false else []
    return "; ".join(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
