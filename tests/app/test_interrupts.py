"""Signals while a run is on."""

import os
import signal
import threading

import pytest

from penstock.app.interrupts import Interrupts


@pytest.fixture(autouse=True)
def _not_ignored():
    """Whoever started the tests may ignore these signals (`nohup`, a job in the background)."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_once_is_asked_twice_is_raised():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        assert interrupts.reason() == ""
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.reason() == "Ctrl-C"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("number", "words"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")])
def test_others_stop_cleanly_as_well(number, words):
    with Interrupts() as interrupts:
        os.kill(os.getpid(), number)
        assert interrupts.reason() == words


def test_other_threads_watch_nothing():
    found = []

    def watch():
        with Interrupts() as interrupts:
            found.append(interrupts.reason())

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert found == [""]


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
            assert interrupts.reason() == ""
    finally:
        signal.signal(signal.SIGHUP, before)
