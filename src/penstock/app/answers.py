"""What was found out of stored values, kept beside the ledger: derived, so that losing it costs only finding it again."""

import contextlib
import os
from pathlib import Path

from penstock.model.digest import combine

__all__ = ["Answers"]

_SCHEME = "penstock-rows-5"
"""The domain of questions. Another number forgets all answers: change it when answers come to mean something else."""


class Answers:
    """Small answers by the digest of their question, one file each. Nothing is raised where they can't be kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, *question: str) -> str:
        """The digest of a question: everything that the answer depends on."""
        return combine(_SCHEME, list(question))

    def get(self, key: str) -> bytes | None:
        """The answer, if it was kept."""
        try:
            return self._path(key).read_bytes()
        except OSError:
            return None

    def put(self, key: str, answer: bytes) -> None:
        """Keep an answer. Whoever reads finds all of it or nothing."""
        path = self._path(key)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(answer)
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()

    def _path(self, key: str) -> Path:
        digest = key.rpartition(":")[2]
        return self._folder / digest[:2] / digest[2:]
