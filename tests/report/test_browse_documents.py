import msgspec

from penstock.report.browse_documents import BROWSE_DOCUMENTS
from penstock.report.documents import DOCUMENTS


def test_each_has_a_schema_and_a_name_of_its_own() -> None:
    for name, (kind, words) in BROWSE_DOCUMENTS.items():
        assert name not in DOCUMENTS
        assert words and kind.__doc__
        assert msgspec.json.schema(kind)["$defs"]
