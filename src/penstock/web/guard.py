"""Who may ask: one middleware in front of everything, which refuses whatever it does not know to be allowed.

It holds for every path, method and socket, also for those that are added later. A request must name this server in `Host`
exactly (so that a name which an attacker points at this machine is refused), must not come from another page (`Origin`,
`Sec-Fetch-Site`), and must bear the token: in the cookie that the opened address left, or as `Authorization: Bearer`.
"""

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

__all__ = ["Guard", "allowed_hosts"]

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

_READING = frozenset({"GET", "HEAD"})
_PROOF = b"x-penstock"
_MOST = 1_000_000  # bytes of a request

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}

_LOCKED = (
    "This page shows your data to nobody who does not know its token.\n\n"
    "Open the address that `penstock ui` printed: it holds the token. If the server was started again, the token is another.\n"
)


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """What `Host` may say of a server at an address: its own name and port, and for loopback the other names of it."""
    names = {host, "127.0.0.1", "localhost", "[::1]"} if host in ("127.0.0.1", "localhost", "::1") else {host}
    found = {f"[{one}]" if ":" in one and not one.startswith("[") else one for one in names}
    return frozenset(
        [f"{one}:{port}".lower() for one in found] + ([one.lower() for one in found] if port == 80 else [])
    )


class Guard:
    """An ASGI middleware. `hosts` are the values of `Host` that are this server; with `writes` false, nothing but reading is let through."""

    def __init__(self, app: _App, *, token: str, hosts: Iterable[str], port: int, writes: bool = False) -> None:
        if not token:
            raise ValueError("a server without a token would show everything to everyone")
        self._app, self._token, self._writes = app, token.encode(), writes
        self._hosts = frozenset(one.lower() for one in hosts)
        self._origins = frozenset([f"http://{one}" for one in self._hosts] + [f"https://{one}" for one in self._hosts])
        self._cookie = f"penstock-{port}"  # cookies know no ports: two servers of one machine must not share one

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope.get("headers", ()):
            headers.setdefault(name.lower(), []).append(value)
        status, why = self._judge(scope, headers)
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": why or "there are no sockets here"})
            return
        if status == 302:
            await _answer(send, 302, b"", {"location": why, "set-cookie": self._set_cookie()})
            return
        if status:
            await _answer(send, status, why.encode(), {"content-type": "text/plain; charset=utf-8"})
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                more = [
                    (name.encode(), value.encode()) for name, value in _HEADERS.items() if name.encode() not in given
                ]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await self._app(scope, receive, guarded)

    def _judge(self, scope: _Scope, headers: dict[bytes, list[bytes]]) -> tuple[int, str]:
        """Zero where the request may pass; else a status, and why (for 302, where to)."""
        hosts = headers.get(b"host", [])
        if len(hosts) != 1 or _text(hosts[0]).lower() not in self._hosts:
            return 403, "This server does not go by that name.\n"
        if any(_text(one).lower() not in self._origins for one in headers.get(b"origin", [])):
            return 403, "Requests of other pages are refused.\n"
        if any(_text(one).lower() not in ("same-origin", "none") for one in headers.get(b"sec-fetch-site", [])):
            return 403, "Requests of other pages are refused.\n"
        method = scope.get("method", "")
        asked = parse_qsl(_text(scope.get("query_string", b"")), keep_blank_values=True)
        given = [value for name, value in asked if name == "token"]
        if scope["type"] == "http" and scope.get("path") == "/" and method == "GET" and len(given) == 1:
            if not self._is_token(given[0]):
                return 401, _LOCKED
            rest = urlencode([(name, value) for name, value in asked if name != "token"])
            return 302, "/" + (f"?{rest}" if rest else "")
        if not self._knows(headers):
            return 401, _LOCKED
        if scope["type"] == "http" and method not in _READING and not self._writes:
            return 403, "This page only shows. Started with `penstock ui --allow-run`, it also runs.\n"
        if scope["type"] == "http" and method not in _READING:
            return self._judge_writing(headers)
        return 0, ""

    def _judge_writing(self, headers: dict[bytes, list[bytes]]) -> tuple[int, str]:
        """A browser names the page that a writing request comes from, and lets no other page add a header of this name without
        asking first, which is refused; whoever bears the token in a header of its own is no browser."""
        if not self._bears(headers):
            if not headers.get(b"origin"):
                return 403, "A request that changes something must say where it comes from.\n"
            if headers.get(_PROOF, []) != [b"1"]:
                return 403, f"A request that changes something must bear the header {_PROOF.decode()}: 1.\n"
        lengths = headers.get(b"content-length", [])
        if len(lengths) != 1 or not lengths[0].isdigit() or int(lengths[0]) > _MOST:
            return 413, f"A request that changes something must say its length, at most {_MOST} bytes.\n"
        return 0, ""

    def _bears(self, headers: dict[bytes, list[bytes]]) -> bool:
        told = [_text(one).partition(" ") for one in headers.get(b"authorization", [])]
        return any(kind.lower() == "bearer" and self._is_token(value.strip()) for kind, _, value in told)

    def _knows(self, headers: dict[bytes, list[bytes]]) -> bool:
        if self._bears(headers):
            return True
        for one in headers.get(b"cookie", []):
            try:
                found = SimpleCookie(_text(one)).get(self._cookie)
            except CookieError:
                continue
            if found is not None and self._is_token(found.value):
                return True
        return False

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode("utf-8", "surrogatepass"), self._token)

    def _set_cookie(self) -> str:
        return f"{self._cookie}={self._token.decode()}; HttpOnly; SameSite=Strict; Path=/"


def _text(value: bytes) -> str:
    return value.decode("latin-1")


async def _answer(send: _Send, status: int, body: bytes, more: dict[str, str]) -> None:
    headers = {**_HEADERS, "content-length": str(len(body)), **more}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
