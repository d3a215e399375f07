import sqlite3
from pathlib import Path

from penstock.ledger import codes
from penstock.ledger.schema import prepare
from penstock.model.code import Code, Piece


def test_a_text_is_kept_once(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    prepare(connection, tmp_path / "l.db")
    text = "def helper():\n    return 1\n"
    many = [Code(f"c{n}", (Piece("function", "p.helper", "d", "p.py", n, text),)) for n in range(50)]
    many.append(Code("other", (Piece("function", "p.helper", "d", "p.py", 1, text + "# a comment\n"),)))
    codes.save(connection, many)
    codes.save(connection, many)
    assert connection.execute("SELECT count(*) FROM pieces").fetchone() == (2,)
    assert [codes.load(connection, one.digest) for one in many] == many
    assert codes.unknown(connection, ["c1", "c99"]) == {"c99"}
    connection.close()


def test_a_text_that_is_no_text_is_kept_readable(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    prepare(connection, tmp_path / "l.db")
    codes.save(connection, [Code("c", (Piece("value", "p.x", "d", text="a\udcffb"),))])
    assert codes.load(connection, "c").pieces[0].text == r"a\udcffb"
    connection.close()
