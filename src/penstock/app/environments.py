"""Environments of single steps: requirements become a lock, and a lock an environment; both are kept, found by content.

    locks/<question>                   the digest of the lock that answers a question
    environments/<lock>/lock.txt       Python's version, and every package with its version
    environments/<lock>/environment/   the virtual environment, there once it is whole
    lent/<place>/site-packages         this very Penstock, and nothing else of where it is installed

All lie in the user's cache, and may be removed while nothing runs.
"""

import ast
import contextlib
import fcntl
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

import penstock
from penstock.app.rebuilding import lock_of, uv
from penstock.app.recording import environment
from penstock.declare.packages import Packages
from penstock.errors import ExecutorError, NotFound
from penstock.model.digest import combine, digest_bytes

__all__ = ["Lock", "accept", "build", "cache", "imported", "install", "launch", "lend", "lent", "lock", "text_of"]

_PYTHON = re.compile(r"^python\s*(?P<version>[=<>!~].*)$", re.IGNORECASE)
_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_UNREACHED = re.compile(
    r"dns error|error sending request|failed to fetch|connection (?:refused|reset)|timed out|tcp connect", re.IGNORECASE
)
_OLDEST = (3, 11)  # that Penstock runs on
_SETTINGS = ("UV_", "PIP_")  # environment variables that alter what a requirement resolves to


class Lock(Struct, frozen=True):
    """What requirements came to: `text` names Python and every package, with versions; `digest` is its hash; `python`
    the version of the interpreter."""

    text: str
    digest: str
    python: str


def cache() -> Path:
    """The folder of the user's caches that is Penstock's."""
    home = os.environ.get("XDG_CACHE_HOME")
    if home:
        return Path(home) / "penstock"
    return Path.home() / ("Library/Caches/penstock" if sys.platform == "darwin" else ".cache/penstock")


def imported(sources: Mapping[Path, bytes]) -> list[str]:
    """The distributions that these files import, as requirements without versions; those of a folder or an address here
    with where they came from."""
    tops: set[str] = set()
    for data in sources.values():
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(data)):
                if isinstance(node, ast.Import):
                    tops.update([one.name.partition(".")[0] for one in node.names])
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    tops.add(node.module.partition(".")[0])
    packages = Packages()
    names = {name for top in tops - set(sys.stdlib_module_names) for name, _ in packages.of(top)}
    return sorted([_from_here(name) for name in names if _plain(name) != "penstock"])


def lock(requirements: Sequence[str], beside: Sequence[str] = (), where: str = "") -> Lock:
    """What an environment of these requirements consists of, resolved once.

    `beside` are packages that it needs as well, at the versions that are here where they go together with the rest; so
    does Penstock's worker. A requirement on `python` chooses the interpreter. Raises `MissingExtra` without uv,
    `NotFound` where there is no such Python or the requirements can't be had together.
    """
    wanted, spec = _split(requirements)
    named = {_plain(_name_of(one)) for one in wanted}
    more = [one for one in _needed(beside) if _plain(_name_of(one)) not in named]
    asked = sorted({*wanted, *more})
    interpreter, version = _interpreter(spec, where)
    here = lock_of(environment())
    settings = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_SETTINGS)]
    question = combine("environment", [*asked, "", version, here, *settings]).partition(":")[2]
    answer = cache() / "locks" / question
    with contextlib.suppress(OSError, ValueError):
        digest = answer.read_text("utf-8").strip()
        text = (_home(digest) / "lock.txt").read_text("utf-8")
        if digest_bytes(text.encode()) == digest:
            return Lock(text, digest, version)
    text = f"# Python {version}\n" + _resolved(asked, interpreter, here, where)
    digest = digest_bytes(text.encode())
    _write(_home(digest) / "lock.txt", text)
    _write(_home(digest) / "python", interpreter)
    _write(answer, digest)
    return Lock(text, digest, version)


def accept(text: str) -> str:
    """Take in a lock from elsewhere, for the interpreter of its version that is here; its digest. Raises `NotFound`."""
    digest = digest_bytes(text.encode())
    version = text.partition("\n")[0].removeprefix("# Python ").strip()
    own = "{}.{}.{}".format(*sys.version_info[:3])
    interpreter = sys.executable if version == own else _interpreter(f"=={version}", "")[0]
    _write(_home(digest) / "lock.txt", text)
    _write(_home(digest) / "python", interpreter)
    return digest


def text_of(digest: str) -> str:
    """The lock of this digest, as it is kept."""
    return (_home(digest) / "lock.txt").read_text("utf-8")


def build(digest: str) -> Path:
    """The interpreter of a lock's environment, which is built if it is not there. Raises `NotFound` or `ExecutorError`."""
    home = _home(digest)
    place = home / "environment"
    interpreter = place / "bin" / "python"
    if interpreter.exists():
        return interpreter
    try:
        with _alone(home / "building"):
            if not interpreter.exists():
                _build(home, place)
    except OSError as error:
        raise ExecutorError(f"an environment can't be built in {home}: {error}", hint="Make room there.") from None
    return interpreter


def install(lock: Lock, folder: Path, where: str = "") -> None:
    """Put the packages of a lock into a folder, for this Python."""
    with tempfile.TemporaryDirectory() as place:
        listed = Path(place, "lock.txt")
        listed.write_text(lock.text, "utf-8")
        # With bytecode: in a container none can be written beside it, and each would compile all that it imports.
        _put(["--requirement", str(listed)], folder, ["--python", sys.executable, "--compile-bytecode"], where)


def lend(packages: Sequence[str], python: str, where: str = "") -> Path:
    """A folder with these packages, at the versions that are here, for another Python: what a worker needs and may lack."""
    here = dict([one.partition("==")[::2] for one in lock_of(environment()).splitlines()])
    wanted = sorted([f"{one}=={here[one]}" if one in here else one for one in packages])
    folder = cache() / "support" / combine("support", [python, *wanted])[7:23] / "site-packages"
    if not folder.is_dir():
        with _alone(folder.parent / "building"):
            if not folder.is_dir():
                with tempfile.TemporaryDirectory(dir=folder.parent) as place:
                    made = Path(place, "made")
                    _put(wanted, made, ["--python-version", python, "--only-binary", ":all:"], where)
                    made.rename(folder)
    return folder


def _put(what: Sequence[str], folder: Path, how: Sequence[str], where: str) -> None:
    command = [uv(), "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *how, *what]
    done = _run(command)
    if done.returncode and _UNREACHED.search(done.stderr):
        done = _run([*command, "--offline"])
    if done.returncode:
        raise NotFound(f"packages can't be had for it: {_words(done)}", where=where, hint="Run once with a network.")


def launch(interpreter: Path) -> list[str]:
    """The command that starts the server of workers in an environment, with this very Penstock."""
    begin = f"import sys; sys.path.insert(0, {str(lent())!r}); from penstock.app.worker import main; main()"
    return [str(interpreter), "-P", "-E", "-c", begin]


def lent() -> Path:
    """A folder in which this Penstock lies alone: of where it is installed, an environment must see nothing else."""
    home = Path(penstock.__file__).parent
    # By this name, what lies in it counts as installed, and not as the project's.
    folder = cache() / "lent" / digest_bytes(str(home).encode()).partition(":")[2][:16] / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (folder / "penstock").symlink_to(home)
    return folder


def _split(requirements: Sequence[str]) -> tuple[list[str], str]:
    """The packages that are asked for, and what is asked of Python."""
    matches = [_PYTHON.match(one.strip()) for one in requirements]
    specs = [found["version"].strip() for found in matches if found is not None]
    return [one.strip() for one, found in zip(requirements, matches, strict=True) if found is None], ",".join(specs)


def _needed(beside: Sequence[str]) -> Iterator[str]:
    yield from beside
    for one in importlib.metadata.requires("penstock") or ():
        if "extra ==" not in one:
            yield one
    for name in ("pyarrow", "numpy", "tzdata"):  # tables travel by two of them; time zones are in the third
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version(name)
            yield name


def _from_here(name: str) -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, ValueError, KeyError):
        said = importlib.metadata.distribution(name).read_text("direct_url.json")
        if said:
            return f"{name} @ {json.loads(said)['url']}"
    return name


def _name_of(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[1] if found is not None else requirement


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _interpreter(spec: str, where: str) -> tuple[str, str]:
    """The interpreter that is asked for, and its version; this one, if nothing is asked."""
    own = "{}.{}.{}".format(*sys.version_info[:3])
    if not spec:
        return str(Path(sys.executable)), own
    command = [uv(), "python", "find", "--no-project", "--no-python-downloads", spec]
    done = _run(command)
    if done.returncode:
        plain = re.sub(r"[^0-9.]", "", spec.partition(",")[0]).strip(".")
        raise NotFound(f"there is no Python {spec} here", where=where, hint=f"uv python install {plain}")
    interpreter = done.stdout.strip()
    asked = _run([interpreter, "-I", "-c", "import sys; print('{}.{}.{}'.format(*sys.version_info[:3]))"])
    version = asked.stdout.strip()
    if not version or tuple(int(one) for one in version.split(".")[:2]) < _OLDEST:
        raise NotFound(
            f"Python {version or spec} is too old for Penstock's worker",
            where=where,
            hint="Ask for python>=3.11, or let the step start that Python itself.",
        )
    return interpreter, version


def _resolved(asked: Iterable[str], interpreter: str, here: str, where: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        # What stands in the output beforehand is preferred: versions that are here stay as they are.
        known = Path(folder, "lock.txt")
        known.write_text(here, "utf-8")
        question = Path(folder, "asked.txt")
        question.write_text("".join([f"{one}\n" for one in asked]), "utf-8")
        command = [uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python", interpreter]
        command += ["--output-file", str(known), str(question)]
        done = _run(command)
        if done.returncode and _UNREACHED.search(done.stderr):
            done = _run([*command, "--offline"])
            if done.returncode:
                raise NotFound(
                    f"the package index can't be reached, and not all that is needed was fetched before: {_words(done)}",
                    where=where,
                    hint="Run once with a network; what was resolved and fetched is then kept.",
                )
        if done.returncode:
            raise NotFound(
                f"these requirements can't be had together: {_words(done)}",
                where=where,
                hint="Loosen `env=`: versions that it does not name follow what is installed here.",
            )
        return known.read_text("utf-8")


def _build(home: Path, place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home, prefix="making-") as folder:
        made = Path(folder) / "environment"
        python = (home / "python").read_text("utf-8")
        done = _run([uv(), "venv", "--quiet", "--relocatable", "--python", python, str(made)])
        if not done.returncode:
            command = [uv(), "pip", "install", "--quiet", "--no-deps", "--compile-bytecode"]
            command += ["--python", str(made / "bin" / "python"), "--requirement", str(home / "lock.txt")]
            done = _run(command)
            if done.returncode and _UNREACHED.search(done.stderr):
                done = _run([*command, "--offline"])
        if done.returncode:
            raise NotFound(f"its environment can't be built: {_words(done)}", hint=f"Its lock is {home / 'lock.txt'}.")
        made.rename(place)


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    bare = {
        name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    }
    # Interpreters that pyenv keeps are not on the path unless they were chosen.
    root = os.environ.get("PYENV_ROOT")
    kept = sorted(Path(root).glob("versions/*/bin"), reverse=True) if root else []
    bare["PATH"] = os.pathsep.join([bare.get("PATH", os.defpath), *map(str, kept)])
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=bare, check=False)


def _words(done: "subprocess.CompletedProcess[str]") -> str:
    plain = re.sub(r"[×╰─▶│╷├]+", " ", done.stderr or done.stdout)
    return " ".join(re.sub(r"\b(?:error|cause): ", "", plain).split())[-800:]


def _home(digest: str) -> Path:
    return cache() / "environments" / digest.partition(":")[2]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, "utf-8")
    beside.replace(path)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One at a time, on this machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
