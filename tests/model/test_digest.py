"""Digests: of bytes, and of structures that must never share their bytes."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.model.digest import combine, digest_bytes, is_digest, short

texts = st.lists(st.text(), max_size=5)


def test_the_digest_of_nothing_is_that_of_the_standard() -> None:
    empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"  # from BLAKE3's test vectors
    assert digest_bytes(b"") == f"blake3:{empty}"


@given(st.binary())
def test_any_buffer_has_one_digest(data: bytes) -> None:
    digest = digest_bytes(data)
    assert digest == digest_bytes(bytearray(data)) == digest_bytes(memoryview(data))
    assert is_digest(digest)
    assert digest.startswith(f"blake3:{short(digest)}")


@given(st.text(), texts, st.text(), texts)
def test_different_structures_have_different_digests(one: str, some: list[str], other: str, more: list[str]) -> None:
    assert (combine(one, some) == combine(other, more)) == ((one, some) == (other, more))


@given(st.text(), texts, st.integers(0, 4))
def test_moving_a_border_between_parts_changes_the_digest(domain: str, parts: list[str], at: int) -> None:
    if at + 1 < len(parts) and parts[at]:
        moved = [*parts[:at], parts[at][:-1], parts[at][-1] + parts[at + 1], *parts[at + 2 :]]
        assert combine(domain, moved) != combine(domain, parts)


def test_lone_surrogates_can_be_hashed() -> None:
    assert combine("x", ["\ud800"]) != combine("x", ["\ud801"])


@given(st.text(max_size=80))
def test_what_is_no_digest(text: str) -> None:
    assert not is_digest(text)


def test_digests_are_lower_case_and_whole() -> None:
    digest = digest_bytes(b"x")
    assert not is_digest(digest.upper())
    assert not is_digest(digest[:-1])
    assert not is_digest(digest + "0")
    assert not is_digest(digest.removeprefix("blake3:"))
