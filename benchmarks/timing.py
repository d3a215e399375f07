"""Commands in environments of their own, within a limit of time; and how busy others keep the machine meanwhile."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil
from projects import Contender, Project

__all__ = ["Bench", "Cell", "Sizes", "busy", "environment", "lines", "own", "version_of"]


class Sizes(NamedTuple):
    """How much work there is."""

    few: int = 1000
    many: int = 10_000
    rows: int = 5_000_000
    strings: int = 1_000_000
    parts: int = 8
    loops: int = 20_000_000
    processes: int = 100


class Cell(NamedTuple):
    """What one contender did: its seconds, or why there are none, and a remark."""

    seconds: float | None = None
    said: str = ""


# --- environments


@cache
def environment(one: Contender, under: Path) -> tuple[Path, str]:
    """The folder of a contender's commands, installed if need be, and why it has none ("" where it has)."""
    if not one.requires:
        return Path(sys.executable).parent, ""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = under / f"{one.package}-{version}"
    stamp = folder / ".installed"
    wanted = "\n".join(one.requires)
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"installing {one.name} ...", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if uv := shutil.which("uv"):
            commands = [
                [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
                [
                    uv,
                    "pip",
                    "install",
                    "--quiet",
                    "--compile-bytecode",
                    "--python",
                    f"{folder}/bin/python",
                    *one.requires,
                ],
            ]
        else:
            commands = [
                [sys.executable, "-m", "venv", str(folder)],
                [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", *one.requires],
            ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(done.stderr[-2000:], file=sys.stderr)
                return folder / "bin", "does not install"
        stamp.write_text(wanted)
    return folder / "bin", ""


def version_of(one: Contender, commands: Path) -> str:
    """The version of what is installed; "" where nothing is."""
    if not one.package or not (commands / "python").exists():
        return ""
    asked = f"import importlib.metadata as m; print(m.version({one.package!r}))"
    done = subprocess.run([commands / "python", "-c", asked], capture_output=True, text=True, check=False)
    return done.stdout.strip()


# --- one command, one project


class Bench:
    """Runs projects in folders of their own, within a limit of time."""

    def __init__(self, work: Path, sizes: Sizes, limit: float, *, verbose: bool) -> None:
        self.work, self.sizes, self.limit, self.verbose = work, sizes, limit, verbose
        self.number = 0
        self.bin = Path(sys.executable).parent  # where the contender's commands are
        self.port = 0
        self.server: subprocess.Popen[bytes] | None = None

    def write(self, one: Contender, project: Project, count: int) -> Path:
        """A fresh folder with the project in it."""
        self.number += 1
        self.port = free_port() if project.server else 0
        folder = self.work / f"{self.number}"
        values = {
            "{RAN}": str(folder / "ran.txt"),
            "{LAST}": str(count - 1),
            "{COUNT}": str(count),
            "{LOOPS}": str(self.sizes.loops),
            "{ROWS}": str(count),
            "VERSION": version_of(one, self.bin),
        }
        for name, text in project.files.items():
            for place, value in values.items():
                text = text.replace(place, value)  # noqa: PLW2901
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    def variables(self, one: Contender, folder: Path) -> dict[str, str]:
        """The environment: the contender's commands first, nothing of Penstock's settings, no coverage of bytecode."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PENSTOCK_", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV"))
        }
        own = {
            name: value.replace("{FOLDER}", str(folder)).replace("{PORT}", str(self.port))
            for name, value in one.environment.items()
        }
        return {**kept, "PATH": f"{self.bin}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1", **own}

    def run(self, one: Contender, commands: list[list[str]], folder: Path, limit: float) -> Cell:
        """Seconds for all the commands together, or what went wrong."""
        (folder / "home").mkdir(exist_ok=True)
        start = time.perf_counter()
        for command in commands:
            path = folder / "output.txt"
            with path.open("w") as output:
                process = subprocess.Popen(
                    [str(self.bin / command[0]), *command[1:]],
                    cwd=folder,
                    env=self.variables(one, folder),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                try:
                    code = process.wait(max(0.1, limit - (time.perf_counter() - start)))
                except subprocess.TimeoutExpired:
                    return Cell(None, f"> {limit:.0f} s")
                finally:
                    end(process)
            if code:
                return Cell(None, self.wrong(one, path.read_text(errors="replace")))
        return Cell(time.perf_counter() - start)

    def serve(self, one: Contender, project: Project, folder: Path) -> None:
        """Start the service that a project needs, and wait until it answers."""
        if not project.server:
            return
        (folder / "home").mkdir(exist_ok=True)
        command = [word.replace("{PORT}", str(self.port)) for word in project.server]
        with (folder / "server.txt").open("w") as output:
            self.server = subprocess.Popen(
                [str(self.bin / command[0]), *command[1:]],
                cwd=folder,
                env=self.variables(one, folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        for _ in range(600):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.2)

    def leave(self) -> None:
        """End the service, if there is one."""
        if self.server is not None:
            end(self.server)
            self.server = None

    def wrong(self, one: Contender, output: str) -> str:
        """The last error that was named."""
        if self.verbose:
            print(f"--- {one.name}\n{output[-3000:]}", file=sys.stderr)
        named = re.findall(r"\b[A-Z]\w*(?:Error|Exception)\b", output)
        return named[-1] if named else "fails"


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """Nothing that a command started is to disturb the next one."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def lines(folder: Path) -> list[str]:
    """What the steps have left behind."""
    path = folder / "ran.txt"
    return path.read_text().splitlines() if path.is_file() else []


# --- how busy the machine is


def busy() -> float:
    """Seconds that all processors have worked."""
    now = psutil.cpu_times()
    return sum(now) - now.idle - getattr(now, "iowait", 0.0) - getattr(now, "guest", 0.0)


def own() -> float:
    """Seconds that this process and those that it waited for have worked."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
