import os
import random
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from tests.proxies import CuttingProxy
from tests.services import PostgresServer

from penstock.errors import LedgerError, SchemaMismatch
from penstock.ledger.address import Address
from penstock.ledger.postgres import PostgresLedger
from penstock.ledger.schema import MIGRATIONS
from penstock.ledger.server import ServerConnections, ServerSession
from penstock.model.event import Committed, RunStarted, Warned
from penstock.testing.histories import begin
from penstock.testing.samples import make_execution, make_run

pytestmark = [pytest.mark.needs("postgres", "psycopg")]


def asked(place: str, sql: str) -> list[tuple]:
    address = Address(place)
    with psycopg.connect(address.dsn, options=f"-c search_path={address.schema}", autocommit=True) as connection:
        return connection.execute(sql).fetchall()


def count(session: ServerSession) -> int:
    return session.execute("UPDATE counters SET value = value + 1 WHERE name = 'fence' RETURNING value").fetchone()[0]


# transactions


def test_whatever_goes_wrong_inside_nothing_remains(postgres: str) -> None:
    connections = ServerConnections(Address(postgres))

    def work(session: ServerSession) -> None:
        count(session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        connections.writing(work)
    assert connections.writing(count) == 1
    connections.close()


def test_nobody_writes_beside(postgres: str) -> None:
    """Who adds to what was read a moment before loses nothing, with any number of threads and objects."""
    several = [ServerConnections(Address(postgres)) for _ in range(3)]

    def work(session: ServerSession) -> None:
        value = session.execute("SELECT value FROM counters WHERE name = 'fence'").fetchone()[0]
        time.sleep(0.001)
        session.execute("UPDATE counters SET value = ? WHERE name = 'fence'", (value + 1,))

    threads = [
        threading.Thread(target=lambda one=one: [one.writing(work, durable=turn % 2 == 0) for turn in range(10)])
        for one in several
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert several[0].writing(count) == 91
    for one in several:
        one.close()


def test_reading_is_of_one_moment(postgres: str) -> None:
    connections, other = ServerConnections(Address(postgres)), ServerConnections(Address(postgres))

    def work(session: ServerSession) -> list[int]:
        ask = "SELECT value FROM counters WHERE name = 'fence'"
        first = session.execute(ask).fetchone()[0]
        other.writing(count)
        return [first, session.execute(ask).fetchone()[0]]

    assert connections.reading(work) == [0, 0]
    connections.close()
    other.close()


def test_a_forked_child_has_connections_of_its_own(postgres: str) -> None:
    connections = ServerConnections(Address(postgres))
    assert connections.writing(count) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if connections.writing(count) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert connections.writing(count) == 3
    connections.close()


def test_connections_of_threads_that_ended_are_closed(postgres: str) -> None:
    connections = ServerConnections(Address(postgres))
    for _ in range(5):
        thread = threading.Thread(target=connections.writing, args=(count,))
        thread.start()
        thread.join()
    assert len(connections._connections._all) <= 2
    connections.close()
    with pytest.raises(LedgerError, match="was closed"):
        connections.writing(count)


# tables


def test_many_make_the_tables_at_once(postgres: str) -> None:
    problems: list[BaseException] = []

    def make() -> None:
        try:
            PostgresLedger(postgres).close()
        except BaseException as error:  # handed to the test
            problems.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert asked(postgres, "SELECT value FROM counters WHERE name = 'schema'") == [(len(MIGRATIONS),)]


def test_an_older_ledger_is_brought_up_to_date_and_a_newer_one_left(postgres: str) -> None:
    newer = (*MIGRATIONS, "CREATE TABLE more (name TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID;")
    with PostgresLedger(postgres) as ledger:
        begin(ledger)
    with PostgresLedger(postgres, migrations=newer) as ledger:
        assert ledger.run("last").id == "run-1"
    assert asked(postgres, "SELECT count(*) FROM more") == [(0,)]
    with pytest.raises(SchemaMismatch, match=f"version {len(newer)}"):
        PostgresLedger(postgres)


def test_a_migration_that_fails_leaves_the_old(postgres: str) -> None:
    PostgresLedger(postgres).close()
    with pytest.raises(LedgerError):
        PostgresLedger(postgres, migrations=(*MIGRATIONS, "CREATE TABLE more (a TEXT); SELECT nonsense;"))
    assert PostgresLedger(postgres).check() == []
    assert asked(
        postgres, "SELECT count(*) FROM pg_tables WHERE tablename = 'more' AND schemaname = current_schema"
    ) == [(0,)]


def test_tables_of_something_else_are_left_alone(postgres: str) -> None:
    schema = Address(postgres).schema
    with psycopg.connect(Address(postgres).dsn, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.theirs (a int)")
    with pytest.raises(LedgerError, match="something else"):
        PostgresLedger(postgres)


# trouble


def test_a_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LedgerError) as caught:
        PostgresLedger("postgresql://me:hunter22@127.0.0.1:9/db", patience=0.0)
    assert "postgresql://me@127.0.0.1:9/db" in caught.value.what
    assert "hunter22" not in str(caught.value)


def test_who_may_not_enter_is_told_at_once(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = postgres.replace("penstock@", "nobody:hunter22@")
    naps: list[float] = []
    monkeypatch.setattr("penstock.ledger.server.time.sleep", naps.append)
    with pytest.raises(LedgerError, match="nobody") as caught:
        PostgresLedger(place)
    assert naps == []
    assert "hunter22" not in str(caught.value)


def test_a_lost_connection_is_made_anew(postgres_server: PostgresServer) -> None:
    with CuttingProxy(postgres_server.port) as proxy, PostgresLedger(postgres_server.ledger(proxy.port)) as ledger:
        begin(ledger)
        for number in range(5):
            assert proxy.cut()
            assert ledger.commit("run-1", [make_execution(f"s{number}")], {}) == ()
            proxy.cut()
            assert len(ledger.recent("p")) == number + 1


class Cuts:
    """Cuts the line at one chosen statement of the next transaction: before it, or after it was done."""

    def __init__(self, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch) -> None:
        self.proxy, self.at, self.after = proxy, -1, False
        self.done: list[str] = []
        real = psycopg.Connection.execute

        def execute(connection: object, query: str, *arguments: object, **options: object) -> object:
            self.done.append(str(query))
            here, self.at = self.at == 0, self.at - 1
            if here and not self.after:
                self.proxy.cut()
                time.sleep(0.02)
            found = real(connection, query, *arguments, **options)
            if here and self.after:
                self.proxy.cut()
                raise psycopg.OperationalError("server closed the connection unexpectedly")
            return found

        monkeypatch.setattr(psycopg.Connection, "execute", execute)

    def next(self, at: int, after: bool) -> None:
        self.at, self.after = at, after
        self.done.clear()


@pytest.mark.parametrize("after", [False, True])
def test_a_line_cut_at_any_statement_loses_and_doubles_nothing(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Before the end is asked for, after it was, and when the answer is on its way."""
    with CuttingProxy(postgres_server.port) as proxy, PostgresLedger(postgres_server.ledger(proxy.port)) as ledger:
        begin(ledger)
        cuts = Cuts(proxy, monkeypatch)
        cuts.next(-1, after)
        ledger.commit("run-1", [make_execution("s")], {}, [Warned("s", "k", "first")])
        statements = len(cuts.done)
        assert cuts.done[-1] == "COMMIT"
        for at in range(statements):
            name, warned = f"s{at}", Warned(f"s{at}", "k", "committed")
            lease = ledger.claim([make_execution(name).key], "me", 30)[make_execution(name).key]
            cuts.next(at, after)
            assert ledger.commit("run-1", [make_execution(name)], {lease.key: lease.fence}, [warned]) == ()
            assert ledger.claim([lease.key], "you", 30)[lease.key].owner == "you"  # it was given back
        for at in range(statements):
            cuts.next(at, after)
            ledger.record("run-1", [Warned(f"r{at}", "k", "recorded")])
        cuts.next(-1, after)
        events = [one.event for one in ledger.events("run-1")]
        told = [one.step for one in events if type(one) is Warned]
        assert sorted(told) == sorted(["s", *[f"{kind}{at}" for kind in "sr" for at in range(statements)]])
        done = [one.execution.step for one in events if type(one) is Committed]
        assert sorted(done) == sorted(["s", *[f"s{at}" for at in range(statements)]])
        assert type(events[0]) is RunStarted
        assert len(list(ledger.executions())) == statements + 1
        assert ledger.check() == []
        assert proxy.cuts >= statements


def test_an_outage_is_waited_for(postgres_server: PostgresServer) -> None:
    with CuttingProxy(postgres_server.port) as proxy, PostgresLedger(postgres_server.ledger(proxy.port)) as ledger:
        begin(ledger)
        proxy.refusing = True
        proxy.cut()
        threading.Timer(1.0, lambda: setattr(proxy, "refusing", False)).start()
        ledger.record("run-1", [Warned("a", "k", "after the outage")])
        assert len(ledger.events("run-1")) == 2


def test_an_outage_that_lasts_is_told(postgres_server: PostgresServer) -> None:
    with CuttingProxy(postgres_server.port) as proxy:
        ledger = PostgresLedger(postgres_server.ledger(proxy.port), patience=0.5)
        begin(ledger)
        proxy.refusing = True
        proxy.cut()
        with pytest.raises(LedgerError, match="the ledger postgresql://penstock@127"):
            ledger.record("run-1", [Warned("a", "k", "w")])
        proxy.refusing = False
        ledger.record("run-1", [Warned("a", "k", "w")])
        assert len(ledger.events("run-1")) == 2
        ledger.close()


PAUSED = """
import sys, time
from penstock.ledger.postgres import PostgresLedger
from penstock.testing.samples import make_execution
ledger = PostgresLedger(sys.argv[1])
execution = make_execution("a", data=b"of the paused one")
fence = ledger.claim([execution.key], "paused", 1.0)[execution.key].fence
def slow(session, first=[True]):
    if first.pop() if first else False:
        print("inside", flush=True)
        time.sleep(3)  # longer than the lease, and than the server lets a transaction be idle
if sys.argv[2] == "inside":
    work = ledger._connections.writing
    def writing(what, durable=True):
        return work(lambda session: (slow(session), what(session))[1], durable=durable)
    ledger._connections.writing = writing
else:
    slow(None)
print("refused" if ledger.commit("run-1", [execution], {execution.key: fence}) else "committed", flush=True)
"""


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_a_paused_process_whose_lease_ran_out_never_commits(
    postgres: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that is paused within a transaction keeps nobody waiting for long."""
    monkeypatch.setattr("penstock.ledger.server._IDLE", 2)
    ledger = PostgresLedger(postgres)
    begin(ledger)
    script = PAUSED.replace(
        "ledger = PostgresLedger", "import penstock.ledger.server as s; s._IDLE = 2\nledger = PostgresLedger"
    )
    paused = subprocess.Popen([sys.executable, "-c", script, postgres, where], stdout=subprocess.PIPE, text=True)
    assert paused.stdout is not None
    try:
        assert paused.stdout.readline() == "inside\n"
        os.kill(paused.pid, signal.SIGSTOP)
        mine = make_execution("a", data=b"of the other")
        for _ in range(100):
            lease = ledger.claim([mine.key], "other", 30)[mine.key]
            if lease.owner == "other":
                break
            time.sleep(0.1)
        assert lease.owner == "other"
        os.kill(paused.pid, signal.SIGCONT)
        assert paused.communicate(timeout=60)[0].splitlines()[-1] == "refused"
    finally:
        paused.kill()
    assert ledger.commit("run-1", [mine], {mine.key: lease.fence}) == ()
    assert list(ledger.executions()) == [mine]
    ledger.close()


def test_who_stands_still_while_it_sends_is_ended_by_whoever_waits(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not count it idle: its statement goes on."""
    monkeypatch.setattr("penstock.ledger.server._WAIT", 1)
    monkeypatch.setattr("penstock.ledger.server._IDLE", 1)
    stuck, other = ServerConnections(Address(postgres)), ServerConnections(Address(postgres))
    inside, ended = threading.Event(), []

    def work(session: ServerSession) -> int:
        if not inside.is_set():
            inside.set()
            session.execute("SELECT pg_sleep(?)", (600,))
        return count(session)

    thread = threading.Thread(target=lambda: ended.append(stuck.writing(work)))
    thread.start()
    inside.wait()
    assert other.writing(count) == 1
    thread.join()
    assert ended == [2]
    stuck.close()
    other.close()


def test_leases_run_on_the_clock_of_the_server(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines whose clocks differ agree on whose turn it is."""
    ledger, other = PostgresLedger(postgres), PostgresLedger(postgres)
    ledger.claim(["k"], "me", 30)
    real = time.time
    for jump in (86_400.0, -86_400.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
        assert other.claim(["k"], "you", 30)["k"].owner == "me"
        assert ledger.renew("me", 30) == 1
    ledger.close()
    other.close()


def test_cuts_at_random_moments(postgres_server: PostgresServer) -> None:
    """The quick form; tests/faults has the full one."""
    draw = random.Random(7)
    stop = threading.Event()
    with CuttingProxy(postgres_server.port) as proxy, PostgresLedger(postgres_server.ledger(proxy.port)) as ledger:
        begin(ledger, make_run("run-1"))

        def cut() -> None:
            while not stop.wait(draw.uniform(0.03, 0.3)):
                proxy.cut()

        cutter = threading.Thread(target=cut)
        cutter.start()
        number = 0
        while number < 40 or proxy.cuts < 3:  # a quick machine has done forty before the first cut
            assert ledger.commit("run-1", [make_execution(f"s{number}")], {}, [Warned(f"s{number}", "k", "w")]) == ()
            ledger.record("run-1", [Warned(f"r{number}", "k", "w")])
            number += 1
        stop.set()
        cutter.join()
        events = [one.event for one in ledger.events("run-1")]
        assert [one.step for one in events if type(one) is Warned] == [
            f"{kind}{each}" for each in range(number) for kind in "sr"
        ]
        assert len(list(ledger.executions())) == number


def test_a_server_that_was_reached_is_waited_for_from_the_beginning(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the tables were not looked at yet."""
    monkeypatch.setattr("penstock.ledger.server._OPENING", 0.0)
    real, left = ServerConnections._prepare, [4]

    def prepare(self: ServerConnections, *arguments: object, **options: object) -> None:
        if left[0]:
            left[0] -= 1
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        real(self, *arguments, **options)

    monkeypatch.setattr(ServerConnections, "_prepare", prepare)
    PostgresLedger(postgres_server.ledger()).close()
    assert left == [0]
