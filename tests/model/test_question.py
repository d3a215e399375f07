import msgspec

from penstock.model.question import Asking, CellQuestion, KeyQuestion, OrderQuestion
from penstock.model.step import Entry


def test_questions_travel() -> None:
    for question in (
        CellQuestion(1, 7, "x", ("id",), own={"t": (7,)}, fixed=("y",)),
        OrderQuestion(0, "t"),
        KeyQuestion(0, "t", ("id",)),
    ):
        asking = Asking(Entry("file", "/p.py", "step"), question, ("a", "b"), {"n": "3"}, 0, {"n": "blake3:1"})
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(asking), type=Asking) == asking
