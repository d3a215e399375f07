import msgspec

from penstock.report.contract_documents import ContractDiffDocument, FreezeDocument
from penstock.report.documents import DOCUMENTS


def test_they_are_registered_under_their_commands() -> None:
    assert DOCUMENTS["contract-diff"] == (ContractDiffDocument, "contract diff")
    assert DOCUMENTS["contract-freeze"] == (FreezeDocument, "contract freeze")
    for kind in (ContractDiffDocument, FreezeDocument):
        assert msgspec.json.schema(kind)
