"""Files of other machines and stores, fetched once and kept in a folder of downloads."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from penstock.errors import MissingExtra, ParameterError
from penstock.model.digest import combine

__all__ = ["fetch", "stub_of"]

_SCHEMES = frozenset({"s3", "gs", "gcs", "azure"})
_PATIENCE = 60  # seconds without a byte


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
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(uri, timeout=_PATIENCE) as answer:  # noqa: S310 - http and https alone come here
            shutil.copyfileobj(answer, file, 1 << 20)
    except (OSError, ValueError) as error:  # `URLError` is an OSError
        reason = getattr(error, "reason", "") or error
        if isinstance(error, urllib.error.HTTPError):
            reason = f"{error.code} {error.reason}"
        raise ParameterError(
            f"{uri} can't be fetched: {reason}",
            hint="Give a file of this machine instead (--set STEP.input.NAME=PATH), or put it into .valohai/inputs/STEP/NAME/.",
        ) from None


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
        raise MissingExtra(f"{uri}: reading {scheme}:// needs `obstore`", hint="pip install obstore") from None
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
