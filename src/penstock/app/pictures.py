"""Stored figures as pictures that a page can hold."""

from collections.abc import Mapping
from typing import NamedTuple

from penstock.app.values import LedgerReader
from penstock.codecs.figures import media_type
from penstock.errors import PenstockError
from penstock.model.artifact import Stored
from penstock.ports import Ledger, Store

__all__ = ["Picture", "picture_of", "pictures_of"]


class Picture(NamedTuple):
    """The bytes of a picture and their media type; both empty where it is none, or its bytes are gone."""

    media_type: str
    data: bytes


def picture_of(stored: Stored, ledger: Ledger, store: Store) -> Picture:
    """A stored figure as a picture."""
    try:
        data = bytes(LedgerReader(stored, ledger, store).data(stored.blob))
    except PenstockError:
        return Picture("", b"")
    kind = media_type(data)
    return Picture(kind, data) if kind else Picture("", b"")


def pictures_of(
    figures: Mapping[tuple[str, str], Stored], ledger: Ledger, store: Store
) -> dict[tuple[str, str], Picture]:
    """The figures of a run, by (step, name)."""
    return {key: picture_of(stored, ledger, store) for key, stored in figures.items()}
