from penstock.model.code import Code, Piece
from penstock.report.code_text import code_text


def test_the_pieces_with_a_text_under_their_places() -> None:
    pieces = (
        Piece("function", "line.step", "d", "line.py", 3, "def step():\n    return N\n"),
        Piece("constant", "line.N", "d", "line.py", 1, "N = 3"),
        Piece("package", "polars", "1.0"),
        Piece("value", "line.V", "d", "line.py", 9, "secret"),
    )
    said = code_text(Code("d", pieces))
    assert said == "# line.py:3  line.step\ndef step():\n    return N\n\n# line.py:1  line.N\nN = 3"


def test_nothing_known() -> None:
    assert code_text(None) == code_text(Code("d")) == ""
