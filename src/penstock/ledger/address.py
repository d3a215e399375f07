"""The address of a PostgreSQL ledger, which can be shown without what is secret in it."""

import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from penstock.errors import SettingsError

__all__ = ["Address"]

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_FORM = "Write `postgresql://user@host:5432/database?schema=penstock`."
_SHOWN = ("host", "port", "schema", "service")  # parameters that are no secrets


class Address:
    """`postgresql://user@host:port/database?schema=NAME`, with any other parameter that libpq knows.

    `str()` of it shows neither password nor such parameters. Raises `SettingsError` for what can't be an address.

    >>> str(Address("postgresql://me:hunter2@db.example/team?sslmode=require&schema=ours"))
    'postgresql://me@db.example/team?schema=ours'
    """

    def __init__(self, text: str) -> None:
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise SettingsError("the address of the ledger can't be read", hint=_FORM) from None
        if parts.scheme not in {"postgresql", "postgres"}:
            raise SettingsError(f"{parts.scheme or 'this'}: is no address of a PostgreSQL ledger", hint=_FORM)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.schema = given.pop("schema", "penstock")
        if not _NAME.fullmatch(self.schema):
            raise SettingsError(
                f"schema={self.schema!r} of the ledger's address is no plain name",
                hint="Use small letters, digits and _, beginning with a letter.",
            )
        self.options = given.pop("options", "")
        self.database = unquote(parts.path.lstrip("/"))
        self.dsn = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(given, quote_via=quote), ""))
        self.has_password = parts.password is not None or "password" in given
        self._secrets = [one for one in (parts.password, unquote(parts.password or ""), given.get("password")) if one]
        user = f"{parts.username}@" if parts.username else ""
        where = (parts.hostname or "") + (f":{port}" if port else "")
        shown = {name: value for name, value in given.items() if name in _SHOWN}
        if self.schema != "penstock":
            shown["schema"] = self.schema
        self._shown = f"postgresql://{user}{where}{parts.path}" + (f"?{urlencode(shown, safe='/')}" if shown else "")

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"Address({self._shown!r})"

    def scrubbed(self, text: str) -> str:
        """A text without what is secret in this address."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text
