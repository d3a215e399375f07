import sys
from pathlib import Path

# `python -m` puts the folder that one stands in on the path. Workers, and the console script, do without: what is found by
# that accident is not to be found in one of them alone.
if not sys.flags.safe_path and sys.path[:1] == [str(Path.cwd())]:
    sys.path.pop(0)

from penstock.cli import main

raise SystemExit(main())
