import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError
from tests.proxies import FaultyProxy
from tests.services import S3Server

from penstock.errors import SettingsError, StoreError
from penstock.stores import objects
from penstock.stores.objects import Absent, Objects

pytestmark = [pytest.mark.needs("moto")]


def test_what_was_put_is_got(s3: str, tmp_path: Path) -> None:
    some = Objects(f"{s3}/prefix")
    assert some.create("a", b"one")
    assert not some.create("a", b"two")
    some.put("b/c", b"")
    assert {(one.key, one.size) for one in some.list("")} == {("a", 3), ("b/c", 0)}
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    assert some.get("a", file).size == 3
    assert (tmp_path / "file").read_bytes() == b"one"
    os.close(file)
    some.move("a", "d")
    some.delete("nothing")
    for ask in (lambda: some.head("a"), lambda: some.move("a", "e"), lambda: some.get("a", file)):
        with pytest.raises(Absent):
            ask()
    assert some.head("d").size == 3


def test_trouble_that_passes_is_waited_for(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    some = Objects(s3)
    naps: list[float] = []
    monkeypatch.setattr(objects.time, "sleep", naps.append)
    left = 5

    def ask(store: object) -> str:
        nonlocal left
        left -= 1
        if left:
            raise GenericError("503 Slow Down")
        return "done"

    assert some._asked("Asking", ask) == "done"
    assert len(naps) == 4
    assert all(0 <= nap <= 0.1 * 2**place for place, nap in enumerate(naps))


def test_what_does_not_pass_is_told_at_once(s3: str) -> None:
    def ask(store: object) -> None:
        raise PermissionDeniedError("403 Forbidden at https://service.example/blob?sig=abcdef\nDebug source: all of it")

    with pytest.raises(StoreError) as caught:
        Objects(s3)._asked("Asking", ask)
    assert "permission denied" in caught.value.what
    assert "sig=" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "words", "hint"),
    [
        (400, "ExpiredToken", "the credentials have expired", "aws sso login"),
        (403, "RequestTimeTooSkewed", "this machine's clock is too far from the service's", "timedatectl"),
        (403, "InvalidAccessKeyId", "the service does not know the credentials", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_what_people_can_mend_is_told_in_words(s3: str, status: int, code: str, words: str, hint: str) -> None:
    def ask(store: object) -> None:
        told = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>It is so.</Message></Error>'
        raise GenericError(f"Generic S3 error: Server returned non-2xx status code: {status} Somehow: {told}")

    with pytest.raises(StoreError) as caught:
        Objects(s3)._asked("Asking", ask)
    assert caught.value.what == f"Asking failed in {s3}: {words}"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text", ["https://x.example/y?sig=SECRETSECRET", "https://x.example:SECRETSECRET@x.example/y", "key SECRETSECRET"]
)
def test_no_secret_is_told(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "SECRETSECRET")
    told = objects._scrubbed(f"{text}\nDebug source: SECRETSECRET")
    assert "SECRET" not in told and told


def test_an_address_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be used"):
        Objects("nothing://at/all").head("a")


def test_a_large_object_that_breaks_off_goes_on(
    s3: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(1000) * 40_000
    Objects(s3).send("large", write(tmp_path / "sent", data))
    with FaultyProxy(urlsplit(s3_server.url).port or 0, share=0.0) as proxy:
        ways = iter(["cut"] * 6)  # more than obstore itself goes on after
        monkeypatch.setattr(proxy, "_way", lambda: next(ways, ""))
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        file = os.open(tmp_path / "got", os.O_RDWR | os.O_CREAT)
        assert Objects(s3).get("large", file).size == len(data)
        os.close(file)
        assert next(ways, None) is None
    assert (tmp_path / "got").read_bytes() == data


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
