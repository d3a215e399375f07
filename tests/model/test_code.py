"""Closures: what counts as the same source."""

from penstock.model.code import VOLATILE, Code, Piece


def piece(kind: str, name: str, digest: str) -> Piece:
    return Piece(kind=kind, name=name, digest=digest)  # type: ignore[arg-type]


FUNCTION = piece("function", "clean", "1")


def test_volatile_pieces_do_not_count_as_source() -> None:
    for kind in VOLATILE:
        one = Code("a", (FUNCTION, piece(kind, "now", "1")))
        other = Code("b", (FUNCTION, piece(kind, "now", "2")))
        assert one.source == other.source == Code("c", (FUNCTION,)).source


def test_every_other_piece_counts_by_kind_name_and_digest() -> None:
    sources = {
        Code("", pieces).source
        for pieces in [
            (),
            (FUNCTION,),
            (FUNCTION, FUNCTION),
            (piece("class", "clean", "1"),),
            (piece("function", "clean2", "1"),),
            (piece("function", "clean", "2"),),
            (piece("function", "clea", "n1"),),
        ]
    }
    assert len(sources) == 7


def test_places_and_texts_do_not_count() -> None:
    moved = Piece(kind="function", name="clean", digest="1", file="other.py", line=7, text="def clean(): ...")
    assert Code("", (moved,)).source == Code("", (FUNCTION,)).source
