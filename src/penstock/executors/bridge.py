"""Between the runner and a container: `python -m penstock.executors.bridge SOCKET COMMAND… DESCRIPTOR`.

The runner's socket can't be inherited by a container, whatever the engine. So the container connects to SOCKET, a path that
is mounted into it, and is handed the descriptor there; from then on both speak as if there were no container. This process
stays until the container has ended, and ends as it did.
"""

import os
import select
import socket
import subprocess
import sys
from pathlib import Path

__all__ = ["main"]

_LOOK = 200  # milliseconds between two looks whether the container lives still


def main() -> None:
    """Start the container, hand over the descriptor, and wait."""
    path, *command, descriptor = sys.argv[1:]
    control = int(descriptor)
    os.set_inheritable(control, False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        Path(path).unlink(missing_ok=True)  # of one that did not come up
        listening.bind(path)
        listening.listen(1)
        # An engine may leave files where it was started, as podman does one named `oom`: not among those of the project.
        container = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=Path(path).parent)
        poll = select.poll()
        poll.register(listening, select.POLLIN)
        while not poll.poll(_LOOK):
            if container.poll() is not None:
                sys.exit(container.returncode or 1)
        line, _ = listening.accept()
        with line:
            socket.send_fds(line, [b"\0"], [control])
    os.close(control)
    Path(path).unlink(missing_ok=True)
    sys.exit(container.wait())


if __name__ == "__main__":
    main()
