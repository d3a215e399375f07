"""Scopes and the fields that references become."""

from msgspec import structs

from penstock.declare.scopes import NOTHING, Scope, below, digest_text, sorted_refs


def test_references_by_role():
    found = sorted_refs(
        [("r", "b"), ("r", "^a"), ("c", "f.g"), ("a", "=^t"), ("v", "HOME"), ("f", ["s", "x"]), ("w", ["s", "y"])]
    )
    assert found["reads"] == ("a", "b", "f.g")
    assert found["calls"] == ("f.g",)
    assert found["acts"] == ("=t",)
    assert found["variables"] == ("HOME",)
    assert (found["files"], found["wrote"]) == (('["s", "x"]',), ('["s", "y"]',))


def test_looking_at_hints_and_source_is_marked():
    assert "!exact" in sorted_refs([("r", "inspect.signature")])["reads"]
    assert "!source" in sorted_refs([("c", "inspect.getsource")])["reads"]


def test_units_inside_units():
    units = [structs.replace(NOTHING, parent=parent) for parent in (-1, 0, 1, -1)]
    assert below(units, 2, 0) and below(units, 0, 0) and not below(units, 3, 0)


def test_digests_take_any_text():
    assert digest_text("\ud800") != digest_text("")
    assert Scope("def").kind == "def"
