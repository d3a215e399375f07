import msgspec

from penstock.model.bench import BenchAnswer, BenchRequest, Pair
from penstock.model.verdict import CheckResult, Finding


def test_questions_and_answers_travel() -> None:
    asked = BenchRequest((Pair("as-of", "features"), Pair("overlap", "")), "quick", 2.0, ("noisy",))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(asked), type=BenchRequest) == asked
    answer = BenchAnswer(
        (CheckResult("as-of", "features", "PROVEN", "5 cuts", 12, 400, 0.5),),
        (Finding("as-of", "PROVEN", "features", "features", "x", before=1, after=2),),
        {"0123": {"row": 3}},
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(answer), type=BenchAnswer) == answer
