"""Logs are found by the events of the run that did the work, and read byte for byte."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import FAILURE, committed, execution, ledger_at, run_of, story

from penstock.errors import NotFound
from penstock.model.event import Begun, Decided, Event, Retrying, RunEnded, RunStarted
from penstock.model.run import Decision
from penstock.model.task import Ended, LogSpan
from penstock.report.logs import find_log, logs_view, read_log


def test_the_log_of_a_failed_step(tmp_path: Path) -> None:
    (tmp_path / "model.log").write_bytes(b"..hello..")
    log = find_log(ledger_at(tmp_path, story()), "last", "model")
    assert (log.attempt, log.status, log.over) == (1, "failed", True)
    assert b"".join(read_log(log.span, tmp_path)) == b"hello"
    assert logs_view(log, tmp_path)["text"] == "hello"


def test_each_attempt_has_its_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"first second")
    events: list[Event] = [
        RunStarted(run_of(("a",))),
        Begun("r1/a/1", "a", 1, log=LogSpan("log", 0, 0)),
        Ended("r1/a/1", "failed", failure=FAILURE, log=LogSpan("log", 0, 6)),
        Retrying("a", 1, 0.0, FAILURE),
        Begun("r1/a/2", "a", 2, log=LogSpan("log", 6, 0)),
    ]
    ledger = ledger_at(tmp_path, events)
    first, second = find_log(ledger, "r1", "a", 1), find_log(ledger, "r1", "a")
    assert logs_view(first, tmp_path)["text"] == "first "
    assert first.over
    assert (second.attempt, second.attempts) == (2, (1, 2))
    assert logs_view(second, tmp_path)["text"] == "second", "it still runs: to the end of the file"
    with pytest.raises(NotFound) as caught:
        find_log(ledger, "r1", "a", 3)
    assert "1, 2" in caught.value.hint


def test_a_silent_step_has_not_printed_what_follows_in_its_worker_s_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"of another step")
    events: list[Event] = [
        RunStarted(run_of(("a",))),
        Begun("r1/a/1", "a", 1, log=LogSpan("log", 0, 0)),
        Ended("r1/a/1", "succeeded", log=LogSpan("log", 0, 0)),
        *committed("a")[1:],
    ]
    log = find_log(ledger_at(tmp_path, events), "r1", "a")
    assert log.over
    assert logs_view(log, tmp_path)["text"] == ""


def test_the_log_of_a_reused_step_is_that_of_the_run_that_did_it(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"done in r1")
    made: list[Event] = [
        RunStarted(run_of(("a",))),
        Begun("r1/a/1", "a", 1),
        Ended("r1/a/1", "succeeded", log=LogSpan("log", 0, 10)),
    ]
    reuse = Decision("a", "reuse", (), "key of a", execution("a"))
    again: list[Event] = [RunStarted(run_of(("a",), "r2")), Decided((reuse,)), RunEnded("succeeded", 0.1)]
    ledger = ledger_at(tmp_path, [*made, *committed("a")[1:], RunEnded("succeeded", 1.0)], again)
    log = find_log(ledger, "r2", "a")
    assert (log.run, log.status) == ("r1", "reused")
    assert logs_view(log, tmp_path)["text"] == "done in r1"


def test_a_step_that_has_not_begun_has_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        find_log(ledger_at(tmp_path, story()), "r1", "report")
    assert "blocked" in caught.value.what
    with pytest.raises(NotFound) as caught:
        find_log(ledger_at(tmp_path / "b", story()), "r1", "reprot")
    assert caught.value.hint == "Did you mean `report`?"


@given(st.binary(max_size=200), st.integers(0, 100), st.integers(0, 100), st.integers(0, 50))
def test_any_part_of_a_log_is_read_as_it_lies_there(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: int, size: int, skip: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    (folder / "log").write_bytes(data)
    assert b"".join(read_log(LogSpan("log", start, size), folder, skip)) == data[start + skip : start + size]
    assert b"".join(read_log(LogSpan("log", start, size), folder, skip, growing=True)) == data[start + skip :]


def test_who_printed_nothing_has_not_printed_what_came_after(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"of the next task in the same file")
    made: list[Event] = [
        RunStarted(run_of(("a",))),
        Begun("r1/a/1", "a", 1, log=LogSpan("log", 0, 0)),
        Ended("r1/a/1", "succeeded", log=LogSpan("log", 0, 0)),
    ]
    ledger = ledger_at(tmp_path, [*made, *committed("a")[1:], RunEnded("succeeded", 1.0)])
    assert logs_view(find_log(ledger, "r1", "a"), tmp_path)["text"] == ""


def test_a_log_that_is_gone_reads_as_nothing(tmp_path: Path) -> None:
    assert list(read_log(LogSpan("none", 0, 5), tmp_path)) == list(read_log(None, tmp_path)) == []


def test_a_log_moves_with_its_state_folder(tmp_path: Path) -> None:
    (tmp_path / "logs" / "r1").mkdir(parents=True)
    (tmp_path / "logs" / "r1" / "a.1.log").write_bytes(b"here")
    span = LogSpan("/where/it/was/.penstock/logs/r1/a.1.log", 0, 4)
    assert b"".join(read_log(span, tmp_path)) == b"here"


def test_bytes_that_are_no_text_are_replaced_in_documents(tmp_path: Path) -> None:
    (tmp_path / "model.log").write_bytes(b"..a\xff\xfeb..")
    log = find_log(ledger_at(tmp_path, story()), "r1", "model")
    assert logs_view(log, tmp_path)["text"] == "a\ufffd\ufffdb."
