"""Finding versions of artifacts: by run, by tag, by what they were made from."""

from pathlib import Path

import pytest

import penstock as ps
from penstock.app.settings import find_settings, open_ledger, open_store
from penstock.app.versions import find_version, find_versions, resolve
from penstock.errors import NotFound

PIPELINE = """
import penstock as ps

@ps.source
def rows(n: int = 3) -> list[int]:
    return list(range(n))

@ps.split
def sides(rows: list) -> dict[str, list]:
    return {"train": rows[1:], "test": rows[:1]}

@ps.train
def model(train: list, rate: float = 1.0) -> float:
    return rate * sum(train)
"""


@pytest.fixture
def made(tmp_path: Path):
    """A folder with three runs: n=3, n=4 with a name, n=3 at another rate with tags."""
    (tmp_path / "line.py").write_text(PIPELINE)
    pipeline = ps.Pipeline.load(tmp_path / "line.py", executor="inline")
    pipeline.run()
    pipeline.run(parameters={"rows.n": 4}, name="four", tags=["night"])
    pipeline.run(parameters={"model.rate": 2.0}, tags=["fast", "model@best"])
    settings = find_settings(tmp_path / "line.py")
    ledger = open_ledger(settings)
    yield ledger, open_store(settings), pipeline
    ledger.close()


def value(stored) -> float:
    from penstock.codecs.registry import Codecs

    return Codecs().decode(stored, None)


def test_all_versions_newest_first(made) -> None:
    ledger, store, _ = made
    found = find_versions(ledger, store, "model")
    assert [value(one.stored) for one in found] == [6.0, 6.0, 3.0]  # n=4 and rate 2 give the same number
    assert all(one.kept for one in found)
    assert [one.tags for one in found] == [("best",), ("best",), ()]  # it is the content that is tagged


def test_by_what_it_was_made_from(made) -> None:
    ledger, store, _ = made
    first = find_versions(ledger, store, "model")[-1].execution.inputs["train"].digest
    for asked in (first, first[:20], first.removeprefix("blake3:")[:8]):
        for name in ("train", "sides.train"):
            found = find_versions(ledger, store, "model", inputs={name: asked})
            assert [value(one.stored) for one in found] == [6.0, 3.0]
    assert find_versions(ledger, store, "model", inputs={"train": "ffff"}) == []
    with pytest.raises(NotFound) as caught:
        find_versions(ledger, store, "model", inputs={"trian": "ab"})
    assert "`train`" in caught.value.hint


def test_one_version(made) -> None:
    ledger, store, pipeline = made
    assert value(find_version(ledger, store, "model")) == 6.0
    pipeline.run()  # reused from the first: its model is the newest run's
    assert value(find_version(ledger, store, "model")) == 3.0
    assert value(find_version(ledger, store, "model", run="last~3")) == 3.0
    assert value(find_version(ledger, store, "model", run="four")) == 6.0
    assert value(find_version(ledger, store, "model", tag="best")) == 6.0
    assert value(find_version(ledger, store, "model@best")) == 6.0
    assert value(find_version(ledger, store, "train", tag="night")) == [1, 2, 3]  # a tag of the run


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ({"artifact": "modle"}, "`model`"),
        ({"artifact": "model", "tag": "bets"}, "`best`"),
        ({"artifact": "modle", "tag": "best"}, "`model`"),
        ({"artifact": "model", "run": "fuor"}, "`four`"),
        ({"artifact": "model", "inputs": {"train": "ffff"}}, "penstock versions model"),
        ({"artifact": "sides", "run": "last"}, "`sides.test`"),
    ],
)
def test_what_is_not_there(made, asked, hint) -> None:
    ledger, store, _ = made
    with pytest.raises(NotFound) as caught:
        find_version(ledger, store, **asked)
    assert hint in caught.value.hint


def test_names_of_two_pipelines(made, tmp_path: Path) -> None:
    ledger, store, _ = made
    (tmp_path / "other.py").write_text(PIPELINE.replace("def sides", "def halves"))
    ps.Pipeline.load(tmp_path / "other.py", executor="inline").run()
    with pytest.raises(NotFound) as caught:
        resolve(ledger, "model")
    assert "`line` and `other`" in caught.value.what or "`other` and `line`" in caught.value.what
    assert resolve(ledger, "model", "line") == ("line", "model", "model")
    assert resolve(ledger, "halves.train") == ("other", "halves.train", "halves")
    with pytest.raises(NotFound):
        resolve(ledger, "train")


def test_bytes_that_are_gone_are_told(made) -> None:
    ledger, store, pipeline = made
    pipeline.run(parameters={"rows.n": 200_000})
    (digest,) = {made.stored.blob for made in ledger.recent("line")["rows"].outputs}
    assert find_versions(ledger, store, "rows")[0].kept
    store.remove(digest)
    assert [one.kept for one in find_versions(ledger, store, "rows")] == [False, True, True]
