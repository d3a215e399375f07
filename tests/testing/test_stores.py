"""The contract of stores finds what breaks it: each planted bug makes a test of the suite fail."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from penstock.model.digest import digest_bytes
from penstock.ports import Blob
from penstock.stores.local import LocalStore
from penstock.testing.stores import StoreContract


class Credulous(LocalStore):
    """Reads without hashing."""

    def data(self, digest: str) -> memoryview:
        return memoryview(self._open(digest)[0].read_bytes())


class Hasty(LocalStore):
    """Says that a blob is there before it is durable."""

    def has(self, digest: str) -> bool:
        return super().has(digest) or (self._pending / digest[7:]).exists()


class Sharing(LocalStore):
    """Makes a hard link to the user's file."""

    def adopt(self, path: Path) -> Blob:
        digest = digest_bytes(path.read_bytes())
        final = self._final(digest)
        final.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, final)
        return Blob(digest, path.stat().st_size)


class Forgetful(LocalStore):
    """Leaves a damaged blob in its place."""

    def _put_aside(self, path: Path, inode: int) -> None:
        pass


class Greedy(LocalStore):
    """Frees the same bytes each time it is asked."""

    def remove(self, digest: str) -> int:
        return super().remove(digest) or 1234


class Silent(LocalStore):
    """Answers with nothing where there is nothing."""

    def data(self, digest: str) -> memoryview:
        return super().data(digest) if self.has(digest) else memoryview(b"")


class Open(LocalStore):
    """Takes any text for an address."""

    def _final(self, digest: str) -> Path:
        return self.folder / "blobs" / digest[7:9] / digest[7:]


class Eager(LocalStore):
    """Collects whatever its age."""

    def collect(self, digest: str, younger: float) -> int:
        return self.remove(digest)


class Blind(LocalStore):
    """Leaves a blob as old as it was when a writer finds it."""

    def _good(self, final: Path, blob: object) -> bool:
        return final.is_file()


class Meddling(LocalStore):
    """Moves a damaged blob away when it is only looked at."""

    def inspect(self, digest: str) -> Literal["good", "damaged", "gone"]:
        return "good" if self.verify(digest) else "gone"


def suite(store: type[LocalStore]) -> StoreContract:
    made = StoreContract()
    made.make = lambda folder: store(folder / "store")  # type: ignore[method-assign]
    return made


Check = Callable[[StoreContract, Path], object]
PLANTED: list[tuple[type[LocalStore], Check]] = [
    (Credulous, lambda one, path: one.test_damage_is_found_and_put_aside(path, "flip")),
    (Credulous, lambda one, path: one.test_damage_is_found_and_put_aside(path, "cut")),
    (Forgetful, lambda one, path: one.test_damage_is_found_and_put_aside(path, "other")),
    (Hasty, lambda one, path: one.test_a_finished_blob_can_be_read_before_it_is_durable(path)),
    (Sharing, lambda one, path: one.test_a_file_is_adopted_and_left_alone(path)),
    (Greedy, lambda one, path: one.test_remove_frees(path)),
    (Silent, lambda one, path: one.test_what_is_absent_is_corrupt(path)),
    (Eager, lambda one, path: one.test_only_what_is_old_enough_is_collected(path)),
    (Blind, lambda one, path: one.test_only_what_is_old_enough_is_collected(path)),
    (Meddling, lambda one, path: one.test_inspecting_moves_nothing(path)),
    (Open, lambda one, path: one.test_only_digests_are_addresses(path, "../../etc/passwd")),
]


@pytest.mark.parametrize(("store", "check"), PLANTED)
def test_planted_bugs_are_found(tmp_path: Path, store: type[LocalStore], check: Check) -> None:
    for name in ("sound", "broken"):
        (tmp_path / name).mkdir()
    check(suite(LocalStore), tmp_path / "sound")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(suite(store), tmp_path / "broken")
