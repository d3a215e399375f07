"""Connections by thread: whose they are, when they end, and what a fork makes of them."""

import os
import threading

import pytest

from penstock.errors import LedgerError
from penstock.ledger.threads import PerThread


class Connection:
    def __init__(self):
        self.open = True

    def close(self):
        assert self.open
        self.open = False


@pytest.fixture
def made():
    return []


@pytest.fixture
def held(made):
    def make():
        made.append(Connection())
        return made[-1]

    return PerThread(make, Connection.close, "db", lambda one: one.open)


def in_a_thread(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_each_thread_has_its_own(held, made):
    assert held.found() is None
    mine = held.get()
    assert held.get() is mine is held.found()
    assert in_a_thread(held.get) is not mine
    assert len(made) == 2


def test_that_of_a_thread_that_ended_is_closed_when_another_is_made(held, made):
    theirs = in_a_thread(held.get)
    assert theirs.open
    held.get()
    assert not theirs.open


def test_a_broken_one_is_made_anew(held, made):
    first = held.get()
    first.close()
    assert held.get() is not first
    held.drop()
    assert not made[-1].open
    assert held.found() is None
    assert held.get() is made[-1]
    assert len(made) == 3


def test_after_closing_nothing_is_made(held, made):
    held.get()
    in_a_thread(held.get)
    held.close()
    held.close()
    assert not any(one.open for one in made)
    with pytest.raises(LedgerError, match="the ledger db was closed"):
        held.get()
    assert len(made) == 2


def test_one_that_was_being_made_while_all_were_closed_is_closed():
    made = []

    def make():
        made.append(Connection())
        held.close()
        return made[-1]

    held = PerThread(make, Connection.close, "db")
    with pytest.raises(LedgerError):
        held.get()
    assert not made[0].open


def test_a_forked_child_neither_uses_nor_closes_the_parent_s(held, made):
    mine = held.get()
    child = os.fork()
    if not child:
        code = 1
        try:
            ok = held.found() is None and held.get() is not mine and held.get() is made[1]
            held.close()
            code = 0 if ok and mine.open and not made[1].open else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert held.get() is mine
