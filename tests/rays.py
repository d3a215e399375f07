"""A Ray cluster of several nodes on this machine, small enough for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["cluster"]

SMALL: dict[str, Any] = {"object_store_memory": 80 << 20, "include_dashboard": False}


@contextmanager
def cluster(nodes: int = 1, cpus: int = 2, **more: Any) -> Iterator[Any]:
    """A head and further nodes, with so many processors each."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus, **SMALL, **more})
    try:
        for _ in range(nodes - 1):
            made.add_node(num_cpus=cpus, **SMALL)
        yield made
    finally:
        made.shutdown()
