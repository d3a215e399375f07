"""Stored values and their identity."""

from penstock.model.artifact import Stored


def test_the_same_content_under_another_codec_is_another_value() -> None:
    json = Stored(codec="json", digest="d", blob="d", size=1)
    assert json.identity != Stored(codec="pickle", digest="d", blob="d", size=1).identity


def test_only_content_counts_and_not_its_bytes() -> None:
    one = Stored(codec="joblib", digest="state", blob="bytes", size=10)
    assert one.identity == Stored(codec="joblib", digest="state", blob="other bytes", size=12).identity
