"""Local processes: the contract, and what only they promise."""

import sys
from pathlib import Path
from typing import Any

from penstock.codecs.registry import Codecs
from penstock.executors.local import LocalExecutor
from penstock.model.artifact import Stored
from penstock.stores.local import LocalStore
from penstock.testing.executors import ExecutorContract

LAUNCH = [sys.executable, str(Path(__file__).parent / "launch.py")]


class TestLocal(ExecutorContract):
    def make(self, folder: Path) -> LocalExecutor:
        return LocalExecutor(LAUNCH, workers=2, state=folder / "state", root=folder)

    def value(self, folder: Path, stored: Stored) -> Any:
        return Codecs().decode(stored, LocalStore(folder / "state" / "store"))
