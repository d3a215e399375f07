"""Services that tests speak with: a server that speaks S3 (moto). Each is started on a free port of this machine."""

import itertools
import logging
import urllib.request
from typing import Any

__all__ = ["KEY_ID", "SECRET", "S3Server"]

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
