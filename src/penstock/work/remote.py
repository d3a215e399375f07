"""Files of other machines and stores, fetched once and kept in a folder of downloads."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from penstock.errors import MissingExtra, ParameterError, PenstockError, extra_hint
from penstock.model.digest import combine

__all__ = ["Bucket", "Downloads", "stub_of"]

_SCHEMES = frozenset({"s3", "gs", "gcs", "azure"})
_INSTEAD = "--set STEP.input.NAME=PATH"
_PATIENCE = 60  # seconds without a byte
_WAITS = (0.5, 2.0)  # seconds before another attempt
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Bucket(Protocol):
    """The objects of a store, as far as inputs need them."""

    def get(self, key: str, file: int) -> Any:
        """Write an object to an open, empty file. Raises `StoreError`, or an exception called `Absent`."""

    def list(self, prefix: str) -> Iterable[Any]:
        """All objects below a prefix, each with its `key`. Raises `StoreError`."""


def _unknown(place: str) -> Bucket:
    raise MissingExtra(f"nobody here opens {place}", hint=extra_hint("object-store"))


class Downloads:
    """Files of other machines and stores, fetched once and kept in a folder. `bucket` opens the store at an address."""

    def __init__(self, folder: Path, bucket: Callable[[str], Bucket] | None = None) -> None:
        self.folder = folder
        self._bucket = bucket or _unknown

    def fetch(self, uri: str) -> list[tuple[str, Path]]:
        """The files that an address names, each with its name below the address, downloaded unless they were before.

        `http(s)://` gives one file; `s3://`, `gs://` and `azure://` one, or all that match a pattern. Raises
        `ParameterError` with what to do about an address that can't be read here, and `MissingExtra`.
        """
        scheme, _, rest = uri.partition("://")
        if scheme in {"http", "https"}:
            name = rest.partition("?")[0].rstrip("/").rpartition("/")[2] or "index"
            return [(name, self._once(uri, _http))]
        if scheme == "stub":
            return [(rest, self._once(uri, _nothing))]
        if scheme in _SCHEMES:
            return self._of_store(scheme, uri, rest)
        known = {"datum": "a file", "dataset": "a dataset version", "model": "a model version"}.get(scheme)
        what = (
            f"{uri} is {known} in Valohai's own catalogue" if known else f"nobody here can read {scheme}:// addresses"
        )
        raise ParameterError(what, hint=f"Give a file of this machine instead: {_INSTEAD}.")

    def _once(self, uri: str, get: Callable[[str, BinaryIO], None]) -> Path:
        place = self.folder / combine("download", [uri])[7:39]
        if place.is_file():
            with suppress(OSError):
                os.utime(place)  # in use: `penstock gc` goes by that
            return place
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".part-")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                get(uri, file)
            part.replace(place)  # whole, or not at all
        finally:
            part.unlink(missing_ok=True)
        return place

    def _of_store(self, scheme: str, uri: str, rest: str) -> list[tuple[str, Path]]:
        root, key = _root(scheme, rest)
        try:
            bucket, names = self._bucket(root), [key]
            folder = key.rpartition("/")[0]
            if any(mark in key for mark in "*?"):
                fixed = key[: min(key.index(mark) for mark in "*?" if mark in key)]
                folder = fixed.rpartition("/")[0]
                names = sorted(one.key for one in bucket.list(folder) if fnmatchcase(one.key, key))
            inner = len(folder) + 1 if folder else 0
            found = []
            for one in names:

                def get(_: str, file: BinaryIO, one: str = one) -> None:
                    bucket.get(one, file.fileno())

                found.append((one[inner:], self._once(f"{root}/{one}", get)))
        except MissingExtra:
            raise
        except Exception as error:
            if isinstance(error, PenstockError):
                why, hint = error.what, error.hint
            else:
                why, hint = "there is no such object" if type(error).__name__ == "Absent" else str(error), ""
            raise ParameterError(
                f"{uri} can't be fetched: {why}",
                hint=f"{hint} A public bucket needs AWS_SKIP_SIGNATURE=true. Or give a file of this machine: {_INSTEAD}.".strip(),
            ) from None
        if not found:
            raise ParameterError(f"{uri} matches nothing", hint="Look at the store, or give files of this machine.")
        return found


def stub_of(uri: str) -> str:
    """An address whose file is empty and bears the name of another's; where that is a pattern, a name that fits it.

    >>> stub_of("s3://bucket/images/*.png?v=1")
    'stub://stub.png'
    """
    name = (uri.partition("://")[2] or uri).partition("?")[0].rstrip("/").rpartition("/")[2] or "file"
    return "stub://" + name.replace("**", "*").replace("*", "stub").replace("?", "x")


def _nothing(uri: str, file: BinaryIO) -> None:
    """The file stays as it is: empty."""


def _http(uri: str, file: BinaryIO) -> None:
    """Fetch, and again where trouble may pass: a server that is busy, a line that breaks off."""
    import http.client
    import urllib.error

    for wait in (*_WAITS, None):
        passing, why = True, ""
        try:
            _download(uri, file)
        except urllib.error.HTTPError as error:
            passing, why = error.code in _BUSY, f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:  # `URLError` is an OSError
            inner = getattr(error, "reason", None) or error
            passing, why = not isinstance(inner, ConnectionRefusedError), str(inner) or type(inner).__name__
        except ValueError as error:  # no address at all
            passing, why = False, str(error)
        else:
            return
        if wait is None or not passing:
            break
        time.sleep(wait)
    raise ParameterError(
        f"{_shown(uri)} can't be fetched: {why}",
        hint=f"Give a file of this machine instead ({_INSTEAD}), or put it into .valohai/inputs/STEP/NAME/.",
    ) from None


def _download(uri: str, file: BinaryIO) -> None:
    import urllib.request

    file.seek(0)
    file.truncate()
    with urllib.request.urlopen(uri, timeout=_PATIENCE) as answer:  # noqa: S310 - http and https alone come here
        shutil.copyfileobj(answer, file, 1 << 20)
        wanted = answer.headers.get("Content-Length")
    # A line that breaks off looks like an end.
    if wanted is not None and wanted.isdigit() and file.tell() != int(wanted):
        raise ConnectionError(f"{file.tell()} of {wanted} bytes came")


def _shown(uri: str) -> str:
    """An address without what follows `?`: signed ones carry a secret there; nor a password."""
    address, mark, _ = uri.partition("?")
    scheme, slashes, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}{'?…' if mark else ''}"


def _root(scheme: str, rest: str) -> tuple[str, str]:
    """Where a store begins, and the key in it. An `azure://` address begins with the account and the container."""
    if scheme == "azure":
        account, _, inner = rest.partition("/")
        container, _, key = inner.partition("/")
        return f"https://{account}.blob.core.windows.net/{container}", key
    bucket, _, key = rest.partition("/")
    return f"{'s3' if scheme == 's3' else 'gs'}://{bucket}", key
