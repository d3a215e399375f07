"""Podman or docker, by their command line: found by itself, asked about images, and told how a container is to be kept.

Podman is what the tests run, as root. Rootless podman and docker take the same way and are not tried by them.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from penstock.errors import ExecutorError, MissingExtra, NotFound

__all__ = ["ENGINES", "Engine", "Mount", "find_engine", "last_line"]

ENGINES = ("podman", "docker")
_PATIENCE = 60.0  # seconds for a question to the engine


class Mount(Struct, frozen=True):
    """A file or folder of this machine that a container sees, at the same place or at another."""

    source: str
    target: str
    writable: bool = False

    def __str__(self) -> str:
        # One line of CSV: a path may hold whatever a path may, also what parts a `--volume`.
        fields = [f"source={self.source}", f"target={self.target}", *([] if self.writable else ["readonly"])]
        return ",".join(["type=bind", *['"' + one.replace('"', '""') + '"' for one in fields]])


class Engine(Struct, frozen=True):
    """A container engine by its command."""

    name: str
    command: str

    def ask(self, *arguments: str, stdin: bytes | None = None, patience: float = _PATIENCE) -> "tuple[int, str, str]":
        """Run a command of the engine: its exit code, and what it printed on either side."""
        try:
            done = subprocess.run(
                [self.command, *arguments],
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                timeout=patience,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ExecutorError(f"{self.name} does not answer: {error}", hint=f"Try `{self.name} info`.") from None
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def image(self, name: str, where: str = "") -> str:
        """The identity of an image that is here. Raises `NotFound` where it is not."""
        code, out, err = self.ask("image", "inspect", "--format", "{{.Id}}", name)
        if code == 0 and out.strip():
            return out.strip().splitlines()[0].removeprefix("sha256:")
        missing = ("no such image", "not known", "not found")
        if code and not any(one in err.lower() for one in missing):
            raise ExecutorError(
                f"{self.name} can't look at image {name}: {last_line(err)}",
                where=where,
                hint=f"Try `{self.name} info`.",
            )
        raise NotFound(f"there is no image {name} here", where=where, hint=f"Fetch it first: {self.name} pull {name}")

    def containing(self, arguments: Sequence[str], image: str, command: Sequence[str]) -> list[str]:
        """The command that runs one container."""
        return [self.command, "run", *arguments, image, *command]

    def kept(
        self,
        name: str,
        mounts: Sequence[Mount],
        variables: Mapping[str, str],
        *,
        network: bool = False,
        cpus: float = 0,
        memory: int = 0,
        gpus: float = 0,
    ) -> list[str]:
        """How a container is kept: read-only but for what is mounted writable, without capabilities, without a
        network unless asked, as a user that is not root in it and owns outside what the runner owns."""
        found = ["--rm", "--name", name, "--pull=never", "--log-driver=none", "--read-only", "--cap-drop=ALL"]
        found += ["--security-opt=no-new-privileges", "--pids-limit=4096", "--workdir=/"]
        found += [f"--network={'host' if network else 'none'}", "--shm-size=512m", "--entrypoint="]
        found += self._user()
        if cpus:
            found.append(f"--cpus={cpus:g}")
        if memory:
            found += [f"--memory={memory}", f"--memory-swap={memory}"]
        if gpus:
            found += ["--gpus=all"] if self.name == "docker" else ["--device=nvidia.com/gpu=all"]
        for one in mounts:
            found.append(f"--mount={one}")
        for variable, value in variables.items():
            found.append(f"--env={variable}={value}")
        return found

    def _user(self) -> list[str]:
        """The user: outside it is who runs this, so that files can be read; inside it is user 1000, never root."""
        own, group = os.geteuid(), os.getegid()
        if self.name == "docker":  # no mapping for one container: there the runner's own number is taken
            return [f"--user={own}:{group}"]
        if own:
            return ["--userns=keep-id:uid=1000,gid=1000"] if _maps(self) else ["--userns=keep-id"]
        ids = [f"--{kind}={pair}" for kind in ("uidmap", "gidmap") for pair in ("1000:0:1", "0:1:1000")]
        return [*ids, "--user=1000:1000"]


def _maps(engine: Engine) -> bool:
    """Whether a rootless podman can choose the number inside (since 4.3)."""
    code, out, _ = engine.ask("version", "--format", "json")
    try:
        version = str(json.loads(out)["Client"]["Version"]) if code == 0 else "0"
        return tuple(int(one) for one in version.split(".")[:2]) >= (4, 3)
    except (ValueError, KeyError, TypeError):
        return False


def find_engine(where: str = "") -> Engine:
    """The first engine that is installed. Raises `MissingExtra` where none is."""
    for name in ENGINES:
        found = shutil.which(name)
        if found is not None:
            return Engine(name, str(Path(found)))
    raise MissingExtra(
        "containers need podman or docker, and neither is installed",
        where=where,
        hint="Install podman (on Debian and Ubuntu: apt-get install podman), or run with `--executor local`.",
    )


def last_line(text: str) -> str:
    """The last line of what an engine said, which is where it says why."""
    lines = [one.strip() for one in text.splitlines() if one.strip()]
    return lines[-1].removeprefix("Error: ") if lines else "it said nothing"
