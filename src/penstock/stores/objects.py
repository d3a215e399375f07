"""Objects of a bucket, asked for patiently: what may pass is tried again, what does not is told in words.

obstore speaks with S3, Google Cloud Storage and Azure, and finds credentials where each provider's own tools do; none
of them is ever kept, printed or handed on by Penstock.
"""

import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import from_url

from penstock.errors import SettingsError, StoreError

__all__ = ["PART", "Absent", "Found", "Objects"]

PART = 16 * 1024 * 1024  # bytes of one request: what a slow line moves well within its time limit
_PARTS_AT_ONCE = 4
_CHUNK = 8 * 1024 * 1024  # bytes of an answer that are written at once
_PATIENCE = 120.0  # seconds in which an operation is tried again
_OPENING = 30.0  # the same for a service that has not answered yet: its address may be wrong
_FIRST, _LONGEST = 0.1, 5.0  # seconds: a nap lasts a random part of a limit that doubles from the one to the other
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_METADATA = ("169.254.169.254", "metadata.google.internal")  # asked for credentials on a cloud's own machines alone
_SECRET = re.compile(r"(KEY|SECRET|TOKEN|SAS|PASSWORD)", re.IGNORECASE)

T = TypeVar("T")


class Absent(Exception):
    """There is no such object."""


class Found(NamedTuple):
    """An object: its key, its bytes, when it was written by the server's clock (seconds since 1970), and its tag."""

    key: str
    size: int
    written: float
    tag: str


class Objects:
    """The objects below one address, such as `s3://bucket/prefix`. Serves all threads of a process.

    `patience` is for how many seconds an operation that fails is tried again; `options` go to obstore's client.
    Raises `SettingsError` for an address that can't be one.
    """

    def __init__(self, place: str, *, patience: float = _PATIENCE, options: dict[str, Any] | None = None) -> None:
        self.place = place.rstrip("/")
        self._patience = patience
        self._options = options
        self._lock = threading.Lock()
        self._opened: tuple[int, Any] | None = None
        self._known = False  # that the bucket is there
        self._answered = False

    # asking

    def head(self, key: str) -> Found:
        """What is known of an object. Raises `Absent`."""
        return _found(self._asked("Looking for an object", lambda store: obstore.head(store, key)))

    def list(self, prefix: str) -> Iterator[Found]:
        """All objects below a prefix, in the order in which the server tells them."""
        first = self._asked("Listing", lambda store: list(obstore.list(store, prefix=prefix)))
        for batch in first:
            for one in batch:
                yield _found(one)

    def get(self, key: str, file: int) -> Found:
        """Write an object to an open, empty file. What came is not to be trusted before it is hashed. Raises `Absent`."""

        reached = 0

        def begin(store: Any) -> Found:
            nonlocal reached
            answer = obstore.get(store, key)
            found = _found(answer.meta)
            os.ftruncate(file, 0)
            reached = _pour(answer.stream(min_chunk_size=_CHUNK), file)
            if reached != found.size and found.size <= PART:
                raise _Short(f"{reached} of {found.size} bytes came")
            return found

        found: Found = self._asked("Reading an object", begin)
        if reached > found.size:
            os.ftruncate(file, found.size)
        elif reached < found.size:  # what broke off is not begun anew, but goes on
            os.ftruncate(file, found.size)
            self._get_parts(key, file, found, reached)
        return found

    def _get_parts(self, key: str, file: int, found: Found, begin: int) -> None:
        offsets = iter(range(begin, found.size, PART))  # shared by the threads: `next` on such an iterator is atomic
        failures: list[BaseException] = []

        def work() -> None:
            for offset in offsets:
                if failures:
                    return
                try:
                    self._asked("Reading an object", partial(part, offset=offset))
                except BaseException as error:  # handed to the caller's thread
                    failures.append(error)

        def part(store: Any, offset: int) -> None:
            length = min(PART, found.size - offset)
            data = obstore.get_range(store, key, start=offset, length=length)
            if len(data) != length:
                raise _Short(f"{len(data)} of {length} bytes came")
            _write(file, data, offset)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(_PARTS_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    # writing

    def put(self, key: str, data: bytes) -> None:
        """Write an object, whatever was there."""
        self._asked("Writing an object", lambda store: obstore.put(store, key, data, use_multipart=False))

    def create(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one: then nothing is written, and the answer is False."""

        def ask(store: Any) -> bool:
            try:
                obstore.put(store, key, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            except (
                NotSupportedError,
                NotImplementedError,
            ):  # by some servers that speak S3; equal bytes in one another's place do no harm
                obstore.put(store, key, data, use_multipart=False)
            return True

        answer: bool = self._asked("Writing an object", ask)
        return answer

    def send(self, key: str, path: Path) -> None:
        """Write a large file as an object, in parts. It is there when all of it is."""
        self._asked(
            "Writing an object",
            lambda store: obstore.put(store, key, path, chunk_size=PART, max_concurrency=_PARTS_AT_ONCE),
        )

    def move(self, source: str, target: str) -> None:
        """Give an object another key. Raises `Absent`."""
        self._asked("Moving an object", lambda store: obstore.copy(store, source, target))
        self.delete(source)

    def delete(self, key: str) -> None:
        """Delete an object; that there is none is no error."""

        def ask(store: Any) -> None:
            try:
                obstore.delete(store, key)
            except (NotFoundError, FileNotFoundError):  # obstore raises the one or the other
                return

        self._asked("Removing an object", ask)

    # opening and patience

    def _store(self) -> Any:
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = os.getpid(), _open(self.place, self._options)
            return self._opened[1]

    def _asked(self, doing: str, ask: Callable[[Any], T]) -> T:
        """The answer, asked for again while trouble may pass. Each operation here may be done twice without harm."""
        store, nap = self._store(), _FIRST
        end = time.monotonic() + (self._patience if self._answered else min(self._patience, _OPENING))
        while True:
            try:
                found = ask(store)
                self._answered = True
                return found
            except (NotFoundError, FileNotFoundError):  # obstore raises the one or the other
                self._answered = True
                self._look()
                raise Absent from None
            except BaseError as error:
                if not _passes(error) or time.monotonic() + nap > end:
                    raise self._told(doing, error) from None
            except _Short as error:
                if time.monotonic() + nap > end:
                    raise StoreError(f"{doing} failed in {self.place}: {error}", hint="Look at the network.") from None
            except OSError as error:  # the file that is written to or read from
                raise StoreError(f"{doing} failed: {error.strerror or error}", hint="Free some space.") from error
            time.sleep(nap * random.random())  # noqa: S311 - not a secret
            nap = min(nap * 2, _LONGEST)

    def _look(self) -> None:
        """That an object is not there is believed where its bucket is: a misspelt one would lose everything at once."""

        def ask(store: Any) -> bool:
            try:
                next(iter(obstore.list(store, prefix="blobs", chunk_size=1)), None)
            except (NotFoundError, FileNotFoundError):
                return False
            except BaseError as error:
                if _status(error) == 404:
                    return False
                raise
            return True

        if not self._known and not self._asked("Listing", ask):
            raise _no_bucket(self.place)
        self._known = True

    def _told(self, doing: str, error: BaseError) -> StoreError:
        if _status(error) == 404:
            return _no_bucket(self.place)
        text = _scrubbed(str(error))
        what = f"{doing} failed in {self.place}: "
        scheme = urlsplit(self.place).scheme
        if any(place in text for place in _METADATA):
            return StoreError(f"{what}no credentials were found", hint=_CREDENTIALS.get(scheme, _CREDENTIALS[""]))
        for codes, words, hint in _ANSWERS:
            if any(f"<Code>{code}<" in str(error) for code in codes):
                return StoreError(f"{what}{words}", hint=hint or _CREDENTIALS.get(scheme, _CREDENTIALS[""]))
        if isinstance(error, PermissionDeniedError | UnauthenticatedError):
            hint = f"Reading, writing, listing and deleting must be allowed. {_CREDENTIALS.get(scheme, '')}"
            return StoreError(f"{what}permission denied", hint=hint.strip())
        hint = "Look at the network and at the service; then run again: what was committed is kept."
        if "error sending request" in text:
            address = re.search(r"https?://[^/\s]+", text)
            text = f"{address[0] if address else 'the service'} can't be reached"
        if "allow_http" in text.lower() or "URL scheme is not allowed" in text:
            hint = "The address of the service is not encrypted. If that is meant: AWS_ALLOW_HTTP=true."
        return StoreError(f"{what}{text}", hint=hint)


class _Short(Exception):
    """Less came than was asked for."""


# What S3, and what speaks like it, answer that people can mend: codes, words, and a hint ("": about credentials).
_ANSWERS = (
    (
        ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"),
        "the credentials have expired",
        "Fetch new ones where these came from (`aws sso login`, for a profile of that kind); then run again.",
    ),
    (
        ("RequestTimeTooSkewed", "RequestExpired"),
        "this machine's clock is too far from the service's",
        "Set it: `timedatectl set-ntp true`; then run again.",
    ),
    (("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"), "the service does not know the credentials", ""),
)
_CREDENTIALS = {
    "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (which needs boto3); AWS_REGION as well.",
    "gs": "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS.",
    "az": "Set AZURE_STORAGE_ACCOUNT_NAME, and run `az login` with AZURE_USE_AZURE_CLI=true or set another credential.",
    "": "Give credentials as the provider's own tools take them.",
}


def _no_bucket(place: str) -> StoreError:
    return StoreError(f"there is no such bucket or container: {place}", hint="Make it, or mend the setting `store`.")


def _passes(error: BaseError) -> bool:
    """Whether trouble may be another a moment later."""
    answers = (
        AlreadyExistsError, InvalidPathError, NotSupportedError, PermissionDeniedError, PreconditionError,
        UnauthenticatedError, UnknownConfigurationKeyError,
    )  # fmt: skip
    if isinstance(error, answers):
        return False
    text, status = str(error), _status(error)
    if any(place in text for place in _METADATA) or "URL scheme is not allowed" in text:
        return False
    return not 400 <= status < 500 or status in {408, 409, 425, 429}


def _status(error: BaseError) -> int:
    """The status that the server answered with; 0 where it did not come to an answer."""
    found = re.search(r"status code: (\d{3})", str(error))
    return int(found[1]) if found else 0


def _open(place: str, options: dict[str, Any] | None) -> Any:
    address = urlsplit(place)
    chosen: dict[str, Any] = {"connect_timeout": "10s", "timeout": "60s", **(options or {})}
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    if address.scheme == "s3" and endpoint.scheme == "http" and endpoint.hostname in _LOOPBACK:
        chosen["allow_http"] = True
    given: dict[str, Any] = {}
    if address.scheme == "s3" and (provider := _profile()) is not None:
        given["credential_provider"] = provider
    retrying = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
    try:
        return from_url(place, client_options=chosen, retry_config=retrying, **given)
    except Exception as error:
        raise SettingsError(
            f"the store {place} can't be used: {_scrubbed(str(error))}",
            hint=_CREDENTIALS.get(address.scheme, "Write `s3://bucket/prefix`."),
        ) from None


def _profile() -> Any:
    """What finds credentials of a profile, as AWS's own tools do; None where the environment tells, or boto3 lacks."""
    if os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        return None
    home = Path.home() / ".aws"
    if not (os.environ.get("AWS_PROFILE") or (home / "credentials").exists() or (home / "config").exists()):
        return None
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        return None
    try:
        return Boto3CredentialProvider()
    except Exception as error:  # a profile that is not there
        raise SettingsError(
            f"AWS's profile can't be read: {_scrubbed(str(error))}", hint="Look at AWS_PROFILE and ~/.aws."
        ) from None


def _scrubbed(text: str) -> str:
    """The first line of an error, without what follows `?` in addresses and without any secret of the environment."""
    line = next((one for one in text.splitlines() if one.strip()), "")
    line = re.sub(r"\?\S+", "", re.sub(r"(https?://)[^/\s@]+@", r"\1", line))
    for name, value in os.environ.items():
        if len(value) >= 8 and _SECRET.search(name):
            line = line.replace(value, "…")
    return line[:500]


def _found(meta: Any) -> Found:
    return Found(meta["path"], meta["size"], meta["last_modified"].timestamp(), meta.get("e_tag") or "")


def _pour(chunks: Any, file: int) -> int:
    """Write what comes to a file, until it ends or breaks off; how many bytes came."""
    reached = 0
    while True:
        try:
            chunk = next(chunks, None)
        except (BaseError, OSError):
            return reached
        if chunk is None:
            return reached
        _write(file, chunk, reached)
        reached += len(chunk)


def _write(file: int, data: Any, offset: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(file, view, offset)
        view, offset = view[done:], offset + done
