from typing import get_type_hints

from penstock.model.verdict import Altered, CheckResult, Finding
from penstock.report.check_documents import AlteredDocument, CheckDocument, FindingDocument


def test_a_finding_has_the_fields_of_the_model() -> None:
    assert set(get_type_hints(FindingDocument)) == set(Finding.__struct_fields__)
    assert set(get_type_hints(AlteredDocument)) == set(Altered.__struct_fields__)
    assert set(get_type_hints(CheckDocument)) == set(CheckResult.__struct_fields__)
