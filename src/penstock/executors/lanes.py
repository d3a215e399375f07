"""Room for tasks: processors, memory and devices; and the environments of workers, which follow from them."""

import math
from collections.abc import Iterable

from penstock.model.step import Resources
from penstock.model.task import PREPARED

__all__ = ["Room", "environment_of", "lane_of"]

_DEVICES = "CUDA_VISIBLE_DEVICES"
_THREADS = tuple(sorted(PREPARED - {_DEVICES}))


def lane_of(resources: Resources, devices: tuple[int, ...] = ()) -> str:
    """Tasks of one lane can share a worker: libraries read their thread count and devices once, when imported.

    >>> lane_of(Resources(cpus=1.5))
    '2'
    """
    threads = str(max(1, math.ceil(resources.cpus)))
    return f"{threads}:{','.join([str(one) for one in devices])}" if devices else threads


def environment_of(lane: str) -> dict[str, str]:
    """The environment variables of a lane's workers."""
    threads, _, devices = lane.partition(":")
    found = dict.fromkeys(_THREADS, threads)
    if devices:
        found[_DEVICES] = devices
    return found


class Room:
    """What is free of the machine. A task that asks for more than there is gets all of it, alone."""

    def __init__(self, cpus: float, memory: int | None, gpus: int) -> None:
        self._cpus = cpus
        self._memory = memory
        self._used_cpus = 0.0
        self._used_memory = 0
        self._count = 0
        self._free_devices = list(range(gpus))
        self._gpus = gpus

    def fits(self, wanted: Resources) -> bool:
        """Whether a task can begin now."""
        if not self._count:
            return True
        if min(wanted.cpus, self._cpus) > self._cpus - self._used_cpus + 1e-9:
            return False
        if self._memory is not None and min(wanted.memory, self._memory) > self._memory - self._used_memory:
            return False
        return min(math.ceil(wanted.gpus), self._gpus) <= len(self._free_devices)

    def take(self, wanted: Resources) -> tuple[int, ...]:
        """Take room for a task; the devices that it gets."""
        self._count += 1
        self._used_cpus += min(wanted.cpus, self._cpus)
        self._used_memory += min(wanted.memory, self._memory or 0)
        number = min(math.ceil(wanted.gpus), self._gpus)
        devices, self._free_devices = tuple(self._free_devices[:number]), self._free_devices[number:]
        return devices

    def give_back(self, wanted: Resources, devices: Iterable[int]) -> None:
        """The task is over."""
        self._count -= 1
        self._used_cpus = max(0.0, self._used_cpus - min(wanted.cpus, self._cpus)) if self._count else 0.0
        self._used_memory -= min(wanted.memory, self._memory or 0)
        self._free_devices = sorted([*self._free_devices, *devices])
