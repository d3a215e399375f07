"""What lies between a program and a service, and does harm: connections cut at random moments, answers that are late, short,
wrong or refusals."""

import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["CuttingProxy", "FaultyProxy"]


class CuttingProxy:
    """Hands bytes on between connections and a port of this machine, until told to cut them, or to refuse new ones."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: list[tuple[socket.socket, socket.socket]] = []
        self._closed = False
        self.refusing = False
        self.cuts = 0

    def __enter__(self) -> "CuttingProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._listener.close()
        self.cut()

    def cut(self) -> int:
        """Cut all connections that there are, without a word; how many."""
        with self._lock:
            pairs, self._open = self._open, []
        for pair in pairs:
            for one in pair:
                _reset(one)
        self.cuts += len(pairs)
        return len(pairs)

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self.refusing:
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                far.settimeout(None)
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                _reset(near)
                continue
            with self._lock:
                self._open.append((near, far))
            threading.Thread(target=self._serve, args=(near, far), daemon=True).start()

    def _serve(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        try:
            while True:
                for one in select.select([near, far], [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    other[one].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                if (near, far) in self._open:
                    self._open.remove((near, far))
            for one in (near, far):
                _reset(one)


def _reset(one: socket.socket) -> None:
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
    except OSError:
        pass
    one.close()


class FaultyProxy:
    """Hands HTTP requests on to a port of this machine; a `share` of them goes wrong, one way or another.

    `ways` are those to choose from: `refused` (503 before anything is done), `forgotten` (503 after it was done), `cut` (the
    answer breaks off), `short` (the answer is whole, and less than was asked for), `flipped` (one bit is another), `slow`.
    """

    WAYS = ("refused", "forgotten", "cut", "short", "flipped", "slow")

    def __init__(self, target: int, share: float = 0.1, seed: int = 0, ways: tuple[str, ...] = WAYS) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._target, self._ways = target, ways
        self.share = share
        self.requests = 0
        self.faults: dict[str, int] = dict.fromkeys(ways, 0)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FaultyProxy":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _way(self) -> str:
        with self._lock:
            self.requests += 1
            if self._random.random() >= self.share:
                return ""
            way = self._random.choice(self._ways)
            self.faults[way] += 1
            return way

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do(self) -> None:
                way = proxy._way()
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if way == "refused":
                    return self.answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
                if way == "slow":
                    time.sleep(0.3)
                status, headers, data = proxy._asked(self.command, self.path, dict(self.headers), body)
                if way == "forgotten":
                    return self.answer(503, {}, b"<Error><Code>InternalError</Code></Error>")
                if self.command == "GET" and data and status in (200, 206):
                    data = _harmed(way, data, proxy._random)
                    if way == "cut":
                        self.answer(status, headers, data, cut=len(data) // 2)
                        return None
                return self.answer(status, headers, data)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do

            def answer(self, status: int, headers: dict[str, str], data: bytes, cut: int = -1) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                        self.send_header(name, value)
                told = headers.get("Content-Length", str(len(data))) if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", told)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data if cut < 0 else data[:cut])
                if cut >= 0:
                    self.wfile.flush()
                    self.close_connection = True

        return Handler

    def _asked(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        line = HTTPConnection("127.0.0.1", self._target, timeout=60)
        try:
            line.request(method, path, body or None, {**headers, "Connection": "close"})
            answer = line.getresponse()
            data = answer.read()
            return answer.status, dict(answer.getheaders()), data
        finally:
            line.close()


_HARMS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "short": lambda data, draw: data[: draw.randrange(len(data))],
    "flipped": lambda data, draw: _flip(data, draw.randrange(len(data) * 8)),
}


def _harmed(way: str, data: bytes, draw: random.Random) -> bytes:
    return _HARMS[way](data, draw) if way in _HARMS else data


def _flip(data: bytes, bit: int) -> bytes:
    found = bytearray(data)
    found[bit // 8] ^= 1 << (bit % 8)
    return bytes(found)
