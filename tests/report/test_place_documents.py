"""Documents of places have schemas."""

import msgspec

from penstock.report.place_documents import PLACE_DOCUMENTS


def test_each_has_a_schema() -> None:
    for kind, words in PLACE_DOCUMENTS.values():
        assert msgspec.json.schema(kind)
        assert words
