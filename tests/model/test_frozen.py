import msgspec
import pytest

from penstock.model.frozen import Breach, FrozenColumn, FrozenTable


def test_a_table_travels_and_leaves_out_what_is_not_said() -> None:
    one = FrozenTable(
        "flights", columns={"a": FrozenColumn("integer", least=0), "b": FrozenColumn("text", values=["x"])}
    )
    said = msgspec.to_builtins(one)
    assert said["columns"]["a"] == {"type": "integer", "least": 0}
    assert msgspec.convert(said, FrozenTable) == one


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="leest"):
        msgspec.convert({"source": "a", "columns": {"x": {"type": "text", "leest": 1}}}, FrozenTable)


def test_a_breach_is_plain() -> None:
    assert Breach("a", "it is gone").rows == ()
