"""Where stores and ledgers lie: addresses as settings give them, and what opens each.

`local` is a place in the state folder. Of others, an address begins with a scheme: Penstock's own, or one that an installed
package offers (entry points `penstock.stores` and `penstock.ledgers`, by scheme).
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from penstock.errors import MissingExtra, NotFound, SettingsError, did_you_mean, extra_hint
from penstock.model.digest import digest_bytes
from penstock.ports import Ledger, Store

__all__ = [
    "CACHE",
    "COPIES",
    "LOCAL",
    "is_remote",
    "ledger_at",
    "ledger_place_of",
    "ledger_shown",
    "place_of",
    "store_at",
]

CACHE = 20_000_000_000  # bytes: what copies of remote blobs may take on a machine
COPIES = "copies"  # the folder of these copies in the state folder
LOCAL = "local"
_OBJECTS = {"s3": "s3", "gs": "gs", "gcs": "gs", "az": "az"}  # scheme → the provider's own, as obstore knows it
_POSTGRES = ("postgresql", "postgres")
_STORES, _LEDGERS = "penstock.stores", "penstock.ledgers"


def place_of(value: str, home: Path, origin: str) -> str:
    """The address that a setting means: `local`, `scheme://…`, or an absolute path for one of a folder, which `home` is
    where relative ones begin. Raises `SettingsError` where it can't be one, or holds a secret."""
    if value == LOCAL:
        return value
    scheme, _, rest = value.partition("://")
    _refuse_half(value, rest, origin, f'`store = "{scheme.partition(":")[0]}://bucket/prefix"`')
    if not rest or scheme == "file":
        folder = Path(unquote(rest)) if rest else Path(value).expanduser()
        return str(folder if folder.is_absolute() else home / folder)
    address = urlsplit(value)
    if scheme in _OBJECTS:
        if address.username or address.password or address.query or address.fragment:
            raise SettingsError(
                f"{origin}: store = {scheme}://… holds more than a bucket and a prefix",
                hint="Credentials come from where the provider's own tools find them, never from here: see docs/shared.md.",
            )
        if not address.netloc:
            raise SettingsError(
                f"{origin}: store = {value!r} names no bucket", hint=f"Write `{scheme}://bucket/prefix`."
            )
        return f"{_OBJECTS[scheme]}://{address.netloc}{address.path.rstrip('/')}"
    return value


def ledger_place_of(value: str, home: Path, origin: str) -> str:
    """The address that the setting `ledger` means: `local`, `postgresql://…`, or an absolute path of an SQLite file.

    Raises `SettingsError` where it can't be one, or holds a password in a file that others read."""
    if value == LOCAL:
        return value
    _refuse_half(value, value.partition("://")[2], origin, '`ledger = "postgresql://user@host/database"`')
    if "://" not in value:
        path = Path(value).expanduser()
        return str(path if path.is_absolute() else home / path)
    if value.partition("://")[0] in _POSTGRES:
        from penstock.ledger.address import Address

        if Address(value).has_password and origin == "pyproject.toml":
            raise SettingsError(
                f"{origin}: ledger = {Address(value)} holds a password",
                hint="Keep it in ~/.pgpass, PGPASSWORD or a service of PostgreSQL, and name the user alone here.",
            )
    return value


def _refuse_half(value: str, rest: str, origin: str, form: str) -> None:
    """What begins like an address and is none is not taken for the name of a folder."""
    scheme = re.match(r"[a-z][a-z0-9+.-]+(?=:)", value)
    if scheme and not rest:
        raise SettingsError(f"{origin}: {scheme[0]}:… is neither an address nor a path", hint=f"Write {form}.")


def ledger_shown(place: str) -> str:
    """The address of a ledger, without what is secret in it."""
    if place.partition("://")[0] in _POSTGRES:
        from penstock.ledger.address import Address

        return str(Address(place))
    return place.partition("?")[0] if "://" not in place else f"{place.partition('://')[0]}://{_bare(place)}"


def _bare(place: str) -> str:
    return place.partition("://")[2].partition("?")[0].rpartition("@")[2]


def is_remote(place: str) -> bool:
    """Whether a store lies elsewhere, so that what is read of it is copied to this machine."""
    return "://" in place


def store_at(place: str, state: Path, cache: int = CACHE) -> Store:
    """The store at an address. What it keeps on this machine, copies of at most `cache` bytes, lies in the state folder.

    Raises `SettingsError` for an address of an unknown scheme, with close matches, and `MissingExtra` with the command that
    installs what its scheme needs.
    """
    if not is_remote(place):
        from penstock.stores.local import LocalStore

        return LocalStore(state / "store" if place == LOCAL else place)
    scheme = place.partition("://")[0]
    copies = state / COPIES / digest_bytes(place.encode()).removeprefix("blake3:")[:12]
    if scheme in _OBJECTS:
        try:
            from penstock.stores.remote import RemoteStore
        except ImportError as error:
            raise MissingExtra(
                f"the store {place} needs {error.name or error}", hint=extra_hint("object-store")
            ) from None
        return RemoteStore(place, copies, cache)
    made: Store = _offered(_STORES, scheme, place)(place, copies, cache)
    return made


def ledger_at(place: str, *, create: bool) -> Ledger:
    """The ledger at an address (of an SQLite file: its path), begun if it is not there and `create` is said.

    Raises `NotFound` where there is none, `SettingsError` for an address of an unknown scheme, with close matches, and
    `MissingExtra` with the command that installs what its scheme needs.
    """
    scheme = place.partition("://")[0]
    if not is_remote(place):
        from penstock.ledger.sqlite import SqliteLedger

        if not create and not Path(place).exists():
            raise NotFound(f"nothing has run here yet: there is no {place}", hint="Run `penstock run` first.")
        return SqliteLedger(place)
    if scheme in _POSTGRES:
        try:
            from penstock.ledger.postgres import PostgresLedger
        except ImportError as error:
            raise MissingExtra(
                f"the ledger {ledger_shown(place)} needs {error.name or error}", hint=extra_hint("postgres")
            ) from None
        return PostgresLedger(place, create=create)
    made: Ledger = _offered(_LEDGERS, scheme, place)(place, create)
    return made


def _offered(group: str, scheme: str, place: str) -> Any:
    """What an installed package opens addresses of this scheme with."""
    from importlib.metadata import entry_points

    there = {one.name: one for one in entry_points(group=group)}
    if scheme in there:
        return there[scheme].load()
    raise SettingsError(
        f"nothing here opens {scheme}:// (in {scheme}://{_bare(place)})",
        hint=did_you_mean(scheme, [*(_POSTGRES if group == _LEDGERS else (*_OBJECTS, "file")), *there]),
    )
