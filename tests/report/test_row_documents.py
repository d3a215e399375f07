from penstock.report.documents import DOCUMENTS
from penstock.report.row_documents import DroppedDocument, RowsDocument, TraceDocument


def test_commands_have_a_schema() -> None:
    assert DOCUMENTS["trace"][0] is TraceDocument
    assert DOCUMENTS["dropped"][0] is DroppedDocument
    assert DOCUMENTS["rows"][0] is RowsDocument
