"""What every test shares: a clean environment, patient property tests, and parts that a machine may lack."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings
from tests.services import PostgresServer, S3Server

# A shell without a terminal starts jobs in the background with Ctrl-C ignored, and processes that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

OLD_EDAPREP = os.path.join(
    sys.prefix, "others", "edaprep-0.3.0"
)  # beside the packages: two versions of one can't be among them
KEPT = ("PENSTOCK_CI", "PENSTOCK_FAULT_TRIALS", "PENSTOCK_FAULT_REPORT", "PENSTOCK_EDITS")
CI = os.environ.get("PENSTOCK_CI") == "1"

# Settings of the person who runs the tests must not reach them; nor may the width or colour of their terminal.
for _name in list(os.environ):
    if _name.startswith("PENSTOCK_") and _name not in KEPT:
        del os.environ[_name]
# Checks have tests of their own; in all others they would cost seconds and say what nobody asked.
os.environ["PENSTOCK_CHECKS"] = "off"
# Told to keep no bytecode, every process of a test would compile what it imports anew: seconds, with scikit-learn.
for _name in ("PYTHONDONTWRITEBYTECODE", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
    os.environ.pop(_name, None)

# Machines are shared: an example is never too slow, and what was found is printed so that it can be replayed. `make test` draws
# other examples each time; under .ci/run a change is judged by the examples that its author saw it judged by.
settings.register_profile(
    "house", deadline=None, print_blob=True, database=None, derandomize=CI, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


def _command(name: str) -> str:
    return "" if shutil.which(name) else f"the command {name} is not installed"


def _strace() -> str:
    if lack := _command("strace"):
        return lack
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[-200:]}"


def _tmpfs() -> str:
    if os.name != "posix" or os.geteuid() != 0:
        return "only root can mount a tmpfs"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True
        )
        if tried.returncode == 0:
            subprocess.run(["umount", folder], check=True)
            return ""
        return f"a tmpfs can't be mounted here: {tried.stderr.strip()[-200:]}"


def _postgres() -> str:
    found = shutil.which("initdb") or any(
        os.path.exists(f"/usr/lib/postgresql/{version}/bin/initdb") for version in range(12, 30)
    )
    return "" if found else "PostgreSQL is not installed"


def _chromium() -> str:
    found = any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return "" if found else "Chromium is not installed"


def _podman() -> str:
    lacking = _command("podman")
    if lacking:
        return lacking
    with tempfile.TemporaryDirectory() as folder:  # a root file system that can do nothing but end
        libraries = subprocess.run(["ldd", "/bin/true"], capture_output=True, text=True).stdout.split()
        for one in ["/bin/true", *[word for word in libraries if word.startswith("/")]]:
            os.makedirs(folder + os.path.dirname(one), exist_ok=True)
            shutil.copy2(os.path.realpath(one), folder + one)
        command = ["podman", "run", "--rm", "--network=none", "--rootfs", folder, "/bin/true"]
        tried = subprocess.run(command, capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"podman can't run a container here: {tried.stderr.strip()[-200:]}"


def _module(name: str) -> str:
    return "" if importlib.util.find_spec(name) else f"the package {name} is not installed"


def _edaprep_of_old() -> str:
    there = os.path.exists(os.path.join(OLD_EDAPREP, "edaprep"))
    return "" if there else f"pip install --no-deps --target {OLD_EDAPREP} edaprep==0.3.0 puts it there"


def _uv() -> str:
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return "" if os.path.exists(beside) else _command("uv")


def _node() -> str:
    """What builds the page: Node of 20.19 or newer, and npm."""
    if lacking := _command("node") or _command("npm"):
        return lacking
    said = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    version = tuple([int(one) for one in said.removeprefix("v").split(".")[:2] if one.isdecimal()])
    return "" if version >= (20, 19) else f"Node {said} is older than 20.19"


PARTS: dict[str, Callable[[], str]] = {
    "category_encoders": lambda: _module("category_encoders"),
    "chromium": _chromium,
    "edaprep": lambda: _module("edaprep"),
    "edaprep 0.3.0": _edaprep_of_old,
    "git": lambda: _command("git"),
    "import-linter": lambda: _module("importlinter"),
    "moto": lambda: _module("moto"),
    "node": _node,
    "obstore": lambda: _module("obstore"),
    "optuna": lambda: _module("optuna"),
    "podman": _podman,
    "postgres": _postgres,
    "python3.12": lambda: _command("python3.12"),
    "psycopg": lambda: _module("psycopg"),
    "proc": lambda: "" if os.path.isdir("/proc/self/fd") else "there is no /proc",
    "ray": lambda: _module("ray"),
    "root": lambda: "" if os.geteuid() == 0 else "this needs root",
    "statsmodels": lambda: _module("statsmodels"),
    "strace": _strace,
    "ta": lambda: _module("ta"),
    "tmpfs": _tmpfs,
    "torch": lambda: _module("torch"),
    "uv": _uv,
    "user": lambda: "" if os.geteuid() != 0 else "root is not bound by permissions",
}
OPTIONAL = {"python3.12", "torch", "user"}  # skipped with their reason even under .ci/run


@cache
def lack(part: str) -> str:
    """Why a part can't be used here; "" where it can."""
    return PARTS[part]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for part in mark.args:
            if part not in PARTS:
                pytest.fail(f"needs({part!r}): tests/conftest.py knows no such part", pytrace=False)
            if reason := lack(part):
                if CI and part not in OPTIONAL:
                    pytest.fail(f"{part} is missing under PENSTOCK_CI: {reason}", pytrace=False)
                pytest.skip(reason)


@pytest.fixture
def old_edaprep() -> str:
    """The folder from which edaprep 0.3.0 is imported."""
    return OLD_EDAPREP


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A server that speaks S3, for the tests of one process."""
    with S3Server() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new bucket; the environment says where it is and how to get in."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return s3_server.bucket()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, for the tests of one process."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> str:
    """The address of a new ledger in PostgreSQL."""
    return postgres_server.ledger()
