"""Services that tests speak with: a server that speaks S3 (moto), and PostgreSQL. Each is started on a free port of this
machine, for the tests of one process."""

import itertools
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

__all__ = ["KEY_ID", "SECRET", "PostgresServer", "S3Server", "free_port"]

KEY_ID, SECRET = "AKIATESTTESTTESTTEST", "secret/of+the/tests/never/to/be/told"


class S3Server:
    """moto's server, in threads of this process."""

    def __init__(self) -> None:
        self._server: Any = None
        self._numbers = itertools.count()
        self.url = ""

    def __enter__(self) -> "S3Server":
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", port=0)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def bucket(self) -> str:
        """The address of a new bucket."""
        name = f"bucket-{next(self._numbers)}"
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/{name}", method="PUT"), timeout=30).read()
        return f"s3://{name}"

    def environment(self) -> dict[str, str]:
        """How S3's own tools are told where it is and how to get in."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }


class PostgresServer:
    """A PostgreSQL server of its own, as a user that is not root, in a folder that goes with it."""

    def __init__(self) -> None:
        self._folder = Path()
        self._numbers = itertools.count()
        self._user = "postgres" if os.geteuid() == 0 else ""
        self.port = 0

    def __enter__(self) -> "PostgresServer":
        # Not below pytest's own folders, which another user may not enter.
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-pg-", dir="/tmp"))
        if self._user:
            shutil.chown(self._folder, self._user, self._user)
        self.port = free_port()
        self._run("initdb", "-D", self.data, "-U", "penstock", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        with (self._folder / "data" / "postgresql.conf").open("a") as file:
            file.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self._folder}'\n"
                "max_connections = 100\nshared_buffers = 64MB\nlog_min_messages = fatal\n"
            )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def data(self) -> str:
        """The folder of its data."""
        return str(self._folder / "data")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", str(self._folder / "log"), "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it: `immediate` as a crash does, `fast` in good order."""
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-m", how, "stop")

    def ledger(self, port: int = 0) -> str:
        """The address of a new ledger, whose tables are not there yet; `port` is that of what lies between, if any."""
        return f"postgresql://penstock@127.0.0.1:{port or self.port}/postgres?schema=ledger_{next(self._numbers)}"

    def _run(self, program: str, *arguments: str) -> None:
        place = shutil.which(program) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{program}")))
        command = [*(["runuser", "-u", self._user, "--"] if self._user else []), place, *arguments]
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert done.returncode == 0, f"{program}: {done.stderr[-2000:]}"


def free_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
