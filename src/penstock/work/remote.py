"""Files of other machines and stores, fetched once and kept in a folder of downloads."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from penstock.errors import MissingExtra, ParameterError, extra_hint
from penstock.model.digest import combine

__all__ = ["fetch", "stub_of"]

_SCHEMES = frozenset({"s3", "gs", "gcs", "azure"})
_PATIENCE = 60  # seconds without a byte
_WAITS = (0.5, 2.0)  # seconds before another attempt
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


def fetch(uri: str, downloads: Path) -> list[tuple[str, Path]]:
    """The files that an address names, each with its name below the address, downloaded unless they were before.

    `http(s)://` gives one file; `s3://`, `gs://` and `azure://` one, or all that match a pattern. Raises `ParameterError` with
    what to do about an address that can't be read here.
    """
    scheme, _, rest = uri.partition("://")
    if scheme in {"http", "https"}:
        name = rest.partition("?")[0].rstrip("/").rpartition("/")[2] or "index"
        return [(name, _once(uri, downloads, _http))]
    if scheme == "stub":
        return [(rest, _once(uri, downloads, _nothing))]
    if scheme in _SCHEMES:
        return _store(scheme, uri, rest, downloads)
    known = {"datum": "a file", "dataset": "a dataset version", "model": "a model version"}.get(scheme)
    what = f"{uri} is {known} in Valohai's own catalogue" if known else f"nobody here can read {scheme}:// addresses"
    raise ParameterError(what, hint="Give a file of this machine instead: --set STEP.input.NAME=PATH.")


def stub_of(uri: str) -> str:
    """An address whose file is empty and bears the name of another's; where that is a pattern, a name that fits it.

    >>> stub_of("s3://bucket/images/*.png?v=1")
    'stub://stub.png'
    """
    name = (uri.partition("://")[2] or uri).partition("?")[0].rstrip("/").rpartition("/")[2] or "file"
    return "stub://" + name.replace("**", "*").replace("*", "stub").replace("?", "x")


def _nothing(uri: str, file: BinaryIO) -> None:
    """The file stays as it is: empty."""


def _once(uri: str, downloads: Path, get: Callable[[str, BinaryIO], None]) -> Path:
    place = downloads / combine("download", [uri])[7:39]
    if place.is_file():
        with suppress(OSError):
            os.utime(place)  # in use: `penstock gc` goes by that
        return place
    downloads.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=downloads, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            get(uri, file)
        part.replace(place)  # whole, or not at all
    finally:
        part.unlink(missing_ok=True)
    return place


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
        hint="Give a file of this machine instead (--set STEP.input.NAME=PATH), or put it into .valohai/inputs/STEP/NAME/.",
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


def _store(scheme: str, uri: str, rest: str, downloads: Path) -> list[tuple[str, Path]]:
    try:
        import obstore
        from obstore.store import from_url
    except ImportError:
        raise MissingExtra(f"{uri}: reading {scheme}:// needs `obstore`", hint=extra_hint("object-store")) from None
    root, key = _root(scheme, rest)
    try:
        store = from_url(root)
        names = [key]
        if any(mark in key for mark in "*?"):
            from fnmatch import fnmatchcase

            fixed = key[: min(key.index(mark) for mark in "*?" if mark in key)]
            folder = fixed.rpartition("/")[0]
            listed = [one["path"] for batch in obstore.list(store, prefix=folder or None) for one in batch]
            names = sorted(one for one in listed if fnmatchcase(one, key))
            inner = len(folder) + 1 if folder else 0
        else:
            inner = len(key.rpartition("/")[0]) + 1 if "/" in key else 0
        found = []
        for one in names:

            def get(_: str, file: BinaryIO, one: str = one) -> None:
                for chunk in obstore.get(store, one).stream():
                    file.write(chunk)

            found.append((one[inner:], _once(f"{root}/{one}", downloads, get)))
    except Exception as error:
        raise ParameterError(
            f"{uri} can't be fetched: {error}".splitlines()[0],
            hint="Check the credentials in the environment, or give a file of this machine: --set STEP.input.NAME=PATH.",
        ) from None
    if not found:
        raise ParameterError(f"{uri} matches nothing", hint="Look at the store, or give files of this machine.")
    return found
