"""Digests of content, and hashes of structures made of them.

A digest is text, `blake3:` and 64 hexadecimal digits. Structures are hashed under a *domain*, each part with its
length, so that no two different structures share their bytes (the discipline of domain-separated canonical hashing).
"""

import os
from collections.abc import Iterable

from blake3 import blake3

__all__ = ["PREFIX", "combine", "digest_bytes", "digest_variable", "is_digest", "short"]

PREFIX = "blake3:"


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """The digest of some bytes.

    >>> digest_bytes(b"")[:14]
    'blake3:af1349b'
    """
    return PREFIX + blake3(data).hexdigest()


def digest_variable(value: str) -> str:
    """The digest of an environment variable's value; its text is kept nowhere, for it may be a secret.

    >>> digest_variable("1") == digest_bytes(b"1")
    False
    """
    return digest_bytes(b"variable" + os.fsencode(value))


def combine(domain: str, parts: Iterable[str]) -> str:
    """The digest of a sequence of texts under a domain; ("ab", "c") and ("a", "bc") differ.

    >>> combine("x", ["ab", "c"]) == combine("x", ["a", "bc"])
    False
    """
    listed = [domain, *parts]
    lengths = ",".join([str(len(part)) for part in listed])
    return digest_bytes("\x00".join([lengths, *listed]).encode("utf-8", "surrogatepass"))


def is_digest(text: str) -> bool:
    """Whether `text` has a digest's form.

    >>> is_digest("blake3:12")
    False
    """
    body = text.removeprefix(PREFIX)
    return len(text) == 71 and len(body) == 64 and not body.strip("0123456789abcdef")


def short(digest: str, size: int = 10) -> str:
    """The first digits of a digest, for people.

    >>> short(digest_bytes(b""))
    'af1349b9f5'
    """
    return digest.removeprefix(PREFIX)[:size]
