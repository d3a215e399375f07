"""A small server for WSGI applications, on the loopback interface: `python -m penstock.work.wsgi MODULE:NAME PORT`."""

import importlib
import sys
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

__all__ = ["application", "main"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def application(named: str) -> Any:
    """The application that `module:name` names; of a module alone, the one called like its last part, `app` or `application`.

    >>> application("wsgiref.simple_server:demo_app").__name__
    'demo_app'
    """
    module_name, _, name = named.partition(":")
    module = importlib.import_module(module_name)
    for one in [name] if name else [module_name.rpartition(".")[2], "app", "application"]:
        found = getattr(module, one, None)
        if found is not None:
            return found
    raise SystemExit(f"{module_name} has no application `{name or 'app'}`: write `wsgi: module:name`")


def main() -> None:
    """Serve until the process is ended."""
    sys.path.insert(0, "")
    app = application(sys.argv[1])
    try:
        made = make_server("127.0.0.1", int(sys.argv[2]), app, server_class=_Server)
    except OSError as error:
        raise SystemExit(f"port {sys.argv[2]} can't be had: {error.strerror}") from None
    with made as server:
        sys.stdout.write(f"listening on http://127.0.0.1:{server.server_address[1]}/\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
