from typing import get_type_hints

from penstock.app.scripted import note
from penstock.report.script_documents import NoteDocument, ScriptDocument


def test_a_note_has_all_fields() -> None:
    assert set(note("text")) == set(get_type_hints(NoteDocument))
    assert "said" in get_type_hints(ScriptDocument)
