"""Probe leaks of the gallery and their mended twins: `python ask.py [NAME …]`."""

import importlib
import sys
from pathlib import Path

import penstock as ps

NOT_LEAKS = {"ask", "tables"}

if __name__ == "__main__":
    for name in sys.argv[1:] or sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - NOT_LEAKS):
        leak = importlib.import_module(name)
        print(f"{name}: {str(leak.__doc__).splitlines()[0]}")
        if not hasattr(leak, "asked"):
            print(f"  a pipeline: penstock run -f {name}.py")
            continue
        for one in ps.probe(leak.leaky, **leak.asked()).findings:
            if one.verdict == "PROVEN":
                print(f"  {one.check} PROVEN {one.column}: {one.before} became {one.after} in row {one.row or '-'}")
                print(f"    {one.world}")
        again = ps.probe(leak.mended, **leak.asked()).findings
        print(f"  mended: {len(again)} findings")
