"""An image for tests: this machine's Python and what a worker needs, made once and shared by all test processes."""

import os
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

from penstock.app import environments, images
from penstock.executors.container import Image
from penstock.executors.engines import find_engine

__all__ = ["home", "image"]


def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Caches of Penstock's own, apart from the user's; uv keeps what it has fetched, and images stay in the engine."""
    uv = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
    monkeypatch.setenv("UV_CACHE_DIR", uv)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return folder


def image() -> Image:
    """The image that an environment without requirements is made of."""
    with FileLock(Path(tempfile.gettempdir()) / "penstock-test-image.lock", mode=0o666):
        piece = images.made_of(find_engine(), environments.lock([]))
    return images.find(piece.digest)
