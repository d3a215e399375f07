"""Whether somebody who may be Ray listens at an address, told at once: Ray itself tries for minutes."""

import os
import socket

__all__ = ["knock"]

# What begins a conversation in HTTP/2 (RFC 9113, 3.4), which gRPC and so the head of a cluster speak: the client's words,
# and a frame of settings that are all as usual. The other side answers with a frame of settings, of type 4.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_HEADER, _TYPE, _SETTINGS = 9, 3, 4


def knock(address: str, patience: float = 10.0) -> None:
    """Raise `OSError` where nobody listens within `patience` seconds, or somebody who is not Ray. Addresses without a port
    (`auto`) are left to Ray."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdigit():
        return
    with socket.create_connection((host.strip("[]"), int(port)), timeout=patience) as line:
        if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
            return
        line.sendall(_HELLO)
        heard = b""
        try:
            while len(heard) < _HEADER and (more := line.recv(_HEADER - len(heard))):
                heard += more
        except OSError:
            pass
    if len(heard) < _HEADER or heard[_TYPE] != _SETTINGS:
        raise OSError("somebody listens there, but it is no Ray")
