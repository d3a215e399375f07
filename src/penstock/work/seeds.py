"""Global random generators, seeded alike for each task whatever the step imports, and when."""
# ruff: noqa: PLW0603 - generators are a matter of the process, and so is their seed

import random
import sys
from types import ModuleType

from penstock.work.imports import after_import

__all__ = ["seed_generators"]

_seed = 0
_hooked = False


def seed_generators(seed: int) -> None:
    """Seed the generators of `random`, numpy and torch; those that are imported later are seeded then."""
    global _seed, _hooked
    _seed = seed
    random.seed(seed)
    for name, action in _ACTIONS.items():
        module = sys.modules.get(name)
        if module is not None:
            action(module)
        elif not _hooked:
            after_import(name, action)
    _hooked = True


def _numpy(module: ModuleType) -> None:
    module.seed(_seed % 2**32)


def _torch(module: ModuleType) -> None:
    if hasattr(module, "manual_seed"):  # not while its import is under way
        module.manual_seed(_seed % 2**63)


# `import numpy` alone does not load its generators, so their own module is waited for.
_ACTIONS = {"numpy.random": _numpy, "torch": _torch}
