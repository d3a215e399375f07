"""A Ray cluster of several nodes on this machine, small enough for tests; and a head that can be killed and started again."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from tests.services import free_port

from penstock.executors.knocking import knock

__all__ = ["Head", "cluster"]

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


class Head:
    """The head of a cluster and its one node, as `ray start --head` makes them, always at the same address."""

    def __init__(self, cpus: int = 2, **variables: str) -> None:
        self._port, self._cpus = free_port(), cpus
        self._variables = {"RAY_AUTH_MODE": "disabled", **variables}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", f"--port={self._port}"]
        command += [f"--num-cpus={self._cpus}", f"--object-store-memory={80 << 20}", "--include-dashboard=false"]
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **self._variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while True:
            try:
                return knock(self.address)
            except OSError:
                assert time.monotonic() < end and self._process.poll() is None, "the head does not start"
                time.sleep(0.2)

    def kill(self) -> None:
        """Kill it with all that came of it, as when its machine goes."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(psutil.Error):
                for one in psutil.Process(process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        one.kill()
            process.kill()
            process.wait()
