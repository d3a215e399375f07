from typing import get_type_hints

from penstock.model.verdict import Finding
from penstock.report.documents import DOCUMENTS
from penstock.report.row_documents import DroppedDocument, RowFindingDocument, RowsDocument, TraceDocument


def test_commands_have_a_schema() -> None:
    assert DOCUMENTS["trace"][0] is TraceDocument
    assert DOCUMENTS["dropped"][0] is DroppedDocument
    assert DOCUMENTS["rows"][0] is RowsDocument


def test_a_finding_has_the_fields_of_all_findings() -> None:
    assert set(get_type_hints(RowFindingDocument)) == set(Finding.__struct_fields__)
