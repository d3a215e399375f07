import sqlite3

from penstock.ledger.session import in_doubt, kept_text


class Other:
    doubtful = True
    texts_as_bytes = True


def test_what_a_session_is_asked() -> None:
    session = sqlite3.connect(":memory:")
    assert not in_doubt(session)
    assert kept_text(session, "a\0") == "a\0"
    assert in_doubt(Other())
    assert kept_text(Other(), "ä\0") == "ä\0".encode()
    session.close()
