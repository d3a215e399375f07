"""Knocking: nobody, somebody else, and one who speaks HTTP/2 as the head of a cluster does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from penstock.executors.knocking import knock

SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with line:
                answer(line)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_nobody_there_is_found_out_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OSError):
        knock(f"127.0.0.1:{port}")


def test_what_speaks_as_a_head_does_is_let_pass() -> None:
    def answer(line: socket.socket) -> None:
        assert line.recv(14) == b"PRI * HTTP/2.0"
        line.sendall(SETTINGS)

    with answering(answer) as address:
        knock(f"ray://{address}")


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x00\x00"])
def test_somebody_else_is_told_apart(said: bytes) -> None:
    with answering(lambda line: line.sendall(said)) as address, pytest.raises(OSError, match="no Ray"):
        knock(address)


def test_one_who_says_nothing_is_not_waited_for() -> None:
    done = threading.Event()
    with answering(lambda _: done.wait(30)) as address:
        with pytest.raises(OSError, match="no Ray"):
            knock(address, patience=0.2)
        done.set()


def test_with_tls_only_the_port_can_be_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USE_TLS", "1")
    with answering(lambda _: None) as address:
        knock(address)


@pytest.mark.parametrize("address", ["auto", "", "nonsense", "host:port"])
def test_what_names_no_port_is_left_to_ray(address: str) -> None:
    knock(address)
