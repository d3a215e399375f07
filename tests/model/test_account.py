import msgspec

from penstock.model.account import Account, Part, Rate, Reason


def test_accounts_survive_storage() -> None:
    one = Account(
        "joined", "clean", "clean", ("joined",), "key", "key id", 9, 8, 6, 2, 1, 0, True,
        (Rate("label", "delay", (Part("missing", 2, 2),)),), (Reason("null", "`delay` is missing", 2),), ("a",), (("b", 2),),
    )  # fmt: skip
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Account) == one
