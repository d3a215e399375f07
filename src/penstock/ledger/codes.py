"""Closures of steps: each piece's text is kept once, whatever number of closures it is in."""

import functools
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from penstock.ledger.executions import listed
from penstock.ledger.packing import pack
from penstock.ledger.session import Session, kept_text
from penstock.model.code import Code, Piece
from penstock.model.digest import digest_bytes

__all__ = ["load", "save", "unknown"]


def unknown(connection: Session, digests: Iterable[str]) -> set[str]:
    """Which of these closures are not kept yet."""
    wanted = set(digests)
    rows = connection.execute(
        "SELECT digest FROM codes WHERE digest IN (SELECT value FROM json_each(?))", (listed(wanted),)
    )
    return wanted - {row[0] for row in rows}


def save(connection: Session, codes: Iterable[Code]) -> None:
    """Keep closures."""
    texts: dict[str, str | bytes] = {}
    bodies: list[tuple[str, bytes]] = []
    for code in codes:
        slim = []
        for piece in code.pieces:
            digest = ""
            if piece.text:
                text = piece.text.encode("utf-8", "backslashreplace").decode(
                    "utf-8"
                )  # lone surrogates are not storable
                digest = _text_digest(text)
                texts[digest] = kept_text(connection, text)
            slim.append(replace(piece, text=digest))
        bodies.append((code.digest, pack(slim)))
    connection.executemany("INSERT INTO pieces VALUES (?, ?) ON CONFLICT DO NOTHING", texts.items())
    connection.executemany("INSERT INTO codes VALUES (?, ?) ON CONFLICT DO NOTHING", bodies)


def load(connection: Session, digest: str) -> Code | None:
    """A closure, whole."""
    row = connection.execute("SELECT body FROM codes WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        return None
    slim = msgspec.msgpack.decode(row[0], type=tuple[Piece, ...])
    wanted = {piece.text for piece in slim if piece.text}
    texts = dict(
        connection.execute(
            "SELECT digest, text FROM pieces WHERE digest IN (SELECT value FROM json_each(?))", (listed(wanted),)
        ).fetchall()
    )
    return Code(digest, tuple([replace(piece, text=_text(texts.get(piece.text, ""))) for piece in slim]))


def _text(kept: str | bytes) -> str:
    return kept if isinstance(kept, str) else bytes(kept).decode()


@functools.lru_cache(maxsize=4096)
def _text_digest(text: str) -> str:
    return digest_bytes(text.encode("utf-8"))
