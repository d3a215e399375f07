import pytest

from penstock.errors import SettingsError
from penstock.ledger.address import Address


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgres://me:hunter22@host:5433/db", "postgresql://me@host:5433/db"),
        ("postgresql:///db?host=/run/postgresql&password=hunter22", "postgresql:///db?host=/run/postgresql"),
        ("postgresql://host/db?schema=team_2&sslkey=hunter22", "postgresql://host/db?schema=team_2"),
    ],
)
def test_what_is_shown_holds_no_secret(text: str, shown: str) -> None:
    address = Address(text)
    assert str(address) == shown
    assert "hunter22" not in repr(address)
    assert address.has_password == ("hunter22" in text and "sslkey" not in text)


def test_what_libpq_gets() -> None:
    address = Address("postgresql://me:a%40b@host/db?schema=ours&sslmode=require&options=-c%20jit%3Doff")
    assert address.dsn == "postgresql://me:a%40b@host/db?sslmode=require"
    assert (address.schema, address.database, address.options) == ("ours", "db", "-c jit=off")
    assert address.scrubbed("no password a@b or a%40b") == "no password … or …"


@pytest.mark.parametrize(
    "text", ["mysql://host/db", "postgresql://host:port/db", "postgresql://h/d?schema=a;drop", "x"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Address(text)
    assert "postgresql://" in caught.value.hint or "small letters" in caught.value.hint
