"""The graph as a run records it."""

import subprocess
import sys
from datetime import timedelta

from penstock.checks.nodes import nodes_of, sources_above

GRAPH = {
    "flights": {
        "kind": "source", "where": "f.py:3",
        "contract": {"key": ["id"], "time": "at", "known_at": {"*": {"seconds": 60.0}}, "contract": "f.yaml"},
    },
    "planes": {"kind": "source", "contract": {"key": ["tail"]}},
    "airports": {"kind": "source"},
    "joined": {"kind": "step", "inputs": {"a": "flights", "b": "planes"}, "target": ["late"]},
    "sides": {"kind": "split", "inputs": {"joined": "joined"}, "outputs": {"sides.train": "train", "sides.test": "test"}},
}  # fmt: skip


def test_the_graph_as_a_run_records_it() -> None:
    nodes = nodes_of(GRAPH)
    assert nodes["flights"].contract.clock("x") == timedelta(minutes=1)
    assert nodes["flights"].contract.freeze == "f.yaml"
    assert nodes["flights"].outputs == {"flights": ""}
    assert nodes["joined"].target == ("late",)
    assert nodes["sides"].outputs == {"sides.train": "train", "sides.test": "test"}
    assert [one.name for one in sources_above(nodes, "sides.test")] == ["flights", "planes"]
    assert sources_above(nodes, "nothing") == []


def test_it_is_light() -> None:
    """`penstock lint` looks at the graph where numpy and pyarrow may not even be installed."""
    code = "import sys, penstock.checks.wiring; print(*{'numpy', 'pyarrow', 'polars', 'pandas'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""
