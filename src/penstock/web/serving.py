"""Serving the page: an address, a token, and a server on it until Ctrl-C."""

import logging
import secrets
import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from penstock.app.launching import Launches
from penstock.app.settings import Settings
from penstock.errors import SettingsError
from penstock.web.server import make_server

__all__ = ["PORT", "read_token", "serve"]

PORT = 8765
"""Where the page is, unless that port is taken or another is asked for."""

_NEXT = 20  # ports that are tried after it
_SHORTEST = 16  # characters of a token that somebody chose


def read_token(file: Path | None, host: str) -> str:
    """The token of a file, or a new one. Raises `SettingsError` where other machines could reach a server that made its own."""
    if file is None:
        if not _is_loopback(host):
            raise SettingsError(
                f"--host {host} lets other machines in, and there is no token that they would know",
                hint="Write one to a file and give it by --token-file; better, leave the server on this machine and use `ssh -L`.",
            )
        return secrets.token_urlsafe(32)
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"the token file {file} can't be read: {error}", hint="It holds one line of ASCII."
        ) from None
    if len(token) < _SHORTEST or not all(one.isalnum() or one in "-_." for one in token):
        raise SettingsError(
            f"the token in {file} is no {_SHORTEST} or more letters, digits, `-`, `_` and `.`",
            hint='python -c "import secrets; print(secrets.token_urlsafe(32))" makes one.',
        )
    return token


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    """A socket at a port; without one asked for, the page's own or one of the next. Raises `SettingsError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried = [port] if port else [*range(PORT, PORT + _NEXT), 0]
    trouble = ""
    for one in tried:
        found = socket.socket(
            family, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )  # named: else asyncio leaves Nagle's delay on
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, one))
            found.listen(64)  # two who only bound the same port would both believe that it is theirs
        except OSError as error:
            found.close()
            trouble = error.strerror or str(error)
            continue
        return found
    raise SettingsError(f"nothing can be served at {host}:{port or PORT}: {trouble}", hint="Give another --port.")


def serve(
    settings: Settings, host: str, port: int, token: str, ready: Callable[[str, int], None], allow_run: bool = False
) -> None:
    """Serve until Ctrl-C; with `allow_run`, the page also runs the pipeline. `ready` is called with the address to open and the port, once it is listened at."""
    listening = _listen(host, port)
    with listening:
        port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            make_server(
                settings, token=token, host=host, port=port, launches=Launches(settings) if allow_run else None
            ),
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        ready(f"http://{shown}:{port}/?token={token}", port)
        uvicorn.Server(config).run(sockets=[listening])
