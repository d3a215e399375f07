"""Penstock runs machine-learning training pipelines as graphs, and proves that they do not leak.

Names are loaded when they are first used, so that `import penstock` costs next to nothing.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if sys.version_info < (3, 11):  # noqa: UP036 - where the package was not installed but put on the path
    raise ImportError(f"Penstock needs Python 3.11 or newer; this is {sys.version.split()[0]}, {sys.executable}")

if TYPE_CHECKING:
    from penstock.app.estimating import probe_estimator
    from penstock.app.pipeline import Pipeline
    from penstock.app.probing import probe
    from penstock.app.recall import history, load
    from penstock.declare.python import Seed, deploy, evaluate, predict, required, source, split, step, train
    from penstock.declare.waivers import waive
    from penstock.work.context import checkpoint, each, figure, hold, metric, note, progress, skip

__all__ = [
    "Pipeline",
    "Seed",
    "__version__",
    "checkpoint",
    "deploy",
    "each",
    "evaluate",
    "figure",
    "history",
    "hold",
    "load",
    "metric",
    "note",
    "predict",
    "probe",
    "probe_estimator",
    "progress",
    "required",
    "skip",
    "source",
    "split",
    "step",
    "train",
    "waive",
]

__version__ = "0.1.0"

_HOMES = {
    "Pipeline": "penstock.app.pipeline",
    "history": "penstock.app.recall",
    "load": "penstock.app.recall",
    "probe": "penstock.app.probing",
    "probe_estimator": "penstock.app.estimating",
    "waive": "penstock.declare.waivers",
    **dict.fromkeys(
        ("Seed", "deploy", "evaluate", "predict", "required", "source", "split", "step", "train"),
        "penstock.declare.python",
    ),
    **dict.fromkeys(
        ("checkpoint", "each", "figure", "hold", "metric", "note", "progress", "skip"), "penstock.work.context"
    ),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'penstock' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
