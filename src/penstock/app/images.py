"""Container images: found by name, built from a Containerfile, or made of an environment's lock; and what is inside of them.

What was learnt of an image lies in the user's cache by the digest of the place, and is found there by those who start it.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

import penstock
from penstock.app import environments
from penstock.app.environments import Lock, cache, lent
from penstock.errors import ExecutorError, NotFound
from penstock.executors.container import Image
from penstock.executors.engines import Engine, Mount, last_line
from penstock.model.code import Piece
from penstock.model.digest import combine, digest_bytes

__all__ = ["Say", "find", "from_file", "is_file", "look", "made_of", "piece_of"]

_SITE = "/opt/penstock/site-packages"  # by this name, what lies in it counts as installed
_NEEDED = ("blake3", "cloudpickle", "msgspec", "psutil")  # by the worker
_OLDEST = (3, 11)
_BUILDING = 3600.0  # seconds
_LOOK = (
    "import importlib.util as u, json, sys; print(json.dumps([sys.executable, list(sys.version_info[:3]), "
    "[n for n in sys.argv[1:] if u.find_spec(n)]]))"
)
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE | re.MULTILINE)
_COPY = re.compile(r"^\s*(?:COPY|ADD)\s+((?:\\\n|[^\n])+)", re.IGNORECASE | re.MULTILINE)
_PROGRAMS = (
    *(
        "bash",
        "env",
        "git",
        "grep",
        "sed",
        "tar",
        "gzip",
        "awk",
        "find",
        "xargs",
        "basename",
        "cat",
        "chmod",
        "cp",
        "cut",
        "date",
    ),
    *(
        "dirname",
        "echo",
        "head",
        "ls",
        "mkdir",
        "mv",
        "readlink",
        "rm",
        "seq",
        "sleep",
        "sort",
        "tail",
        "tee",
        "touch",
        "tr",
    ),
    *("uname", "uniq", "wc"),
)
_LIBRARY = re.compile(r"(?:=>\s+)?(/\S+)\s+\(0x")

Say = Callable[[str], None]


def find(place: str) -> Image:
    """What is known of the image of a place. Raises `NotFound` where somebody emptied the cache meanwhile."""
    try:
        return msgspec.json.decode(_record(place).read_bytes(), type=Image)
    except (OSError, msgspec.MsgspecError):
        raise NotFound("what was learnt of the image is gone from the cache", hint="Run again.") from None


def look(engine: Engine, name: str, where: str = "") -> Piece:
    """The piece of an image that is here by this name. Raises `NotFound` where it is not, `ExecutorError` where no
    interpreter runs in it."""
    known = engine.image(name, where)
    place = combine("image", [known])
    if not _record(place).exists():
        _keep(place, _inside(engine, known, name, where))
    return Piece("image", "image", place, text=name)


def is_file(name: str, root: Path) -> bool:
    """Whether an image is given as the file that it is built from."""
    return re.search(r"(?i)(container|docker)file", name.rpartition("/")[2]) is not None and (root / name).is_file()


def from_file(
    engine: Engine, name: str, root: Path, where: str = "", say: Say = lambda _: None, state: Path | None = None
) -> Piece:
    """The piece of an image that is built from a Containerfile: once for what it says, copies and begins with. What it copies
    of the `state` folder does not count: that is another after each run."""
    path = root / name
    text = path.read_text("utf-8", "replace")
    begins = []
    for base in _FROM.findall(text):
        with contextlib.suppress(NotFound):
            begins.append(engine.image(base, where))
    tag = f"localhost/penstock-built:{combine('containerfile', [text, *begins, *_copied(text, path.parent, state)])[7:23]}"
    try:
        return look(engine, tag, where)
    except NotFound:
        pass
    say(f"building {name}")
    code, out, err = engine.ask(
        "build", "--tag", tag, "--file", str(path), "--network=host", str(path.parent), patience=_BUILDING
    )
    if code:
        raise ExecutorError(
            f"{name} can't be built: {last_line(err or out)}",
            where=where,
            hint=f"{engine.name} build --file {name} {Path(name).parent}",
        )
    return look(engine, tag, where)


def piece_of(lock: Lock) -> Piece:
    """The piece of an image that would be made of a lock, whether it is there or not."""
    return Piece("image", "image", combine("made", [lock.digest]), text=lock.text)


def made_of(engine: Engine, lock: Lock, where: str = "", tag: str = "", say: Say = lambda _: None) -> Piece:
    """The piece of an image that holds this machine's Python and the packages of a lock, and nothing else."""
    own = "{}.{}".format(*sys.version_info[:2])
    if not lock.python.startswith(f"{own}."):
        raise NotFound(
            f"an image is made of the Python that is here ({own}), not of {lock.python}",
            where=where,
            hint="Give it a Containerfile: image='Containerfile'.",
        )
    name = tag or f"localhost/penstock:{lock.digest[7:19]}"
    piece = piece_of(lock)
    try:
        engine.image(name, where)
    except NotFound:
        say(f"making an image of {lock.text.count('==')} packages")
        _make(engine, lock, name, where)
    made = Image(name, name, _executable(), (str(lent()), _SITE), (), _penstock())
    # Another checkout of Penstock may have made it.
    if not _record(piece.digest).exists() or find(piece.digest) != made:
        _keep(piece.digest, made)
    return piece


def _record(place: str) -> Path:
    return cache() / "images" / f"{place.partition(':')[2]}.json"


def _keep(place: str, image: Image) -> None:
    path = _record(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(msgspec.json.encode(image))
    beside.replace(path)


def _penstock() -> tuple[str, ...]:
    """What of this machine a container must see to import this very Penstock."""
    return str(lent()), str(Path(penstock.__file__).parent)


# --- what is inside


def _inside(engine: Engine, known: str, name: str, where: str) -> Image:
    options = ["--rm", "--network=none", "--pull=never", "--read-only", "--cap-drop=ALL", "--entrypoint="]
    wanted = [*_NEEDED, "numpy", "pyarrow", "pandas", "polars"]
    words = ""
    for python in ("python3", "python", "/usr/bin/python3"):
        code, out, words = engine.ask(*engine.containing(options, known, [python, "-c", _LOOK, *wanted])[1:])
        if code == 0:
            with contextlib.suppress(ValueError):
                executable, version, there = json.loads(out.strip().splitlines()[-1])
                if tuple(version[:2]) >= _OLDEST:
                    return _with_its_python(known, name, executable, version, there, where)
    return _with_this_python(engine, known, name, words, where)


def _with_its_python(known: str, name: str, executable: str, version: list[int], there: list[str], where: str) -> Image:
    """The image's own interpreter, with what the worker lacks there lent from a folder of this machine."""
    lacking = [one for one in _NEEDED if one not in there]
    if {"pandas", "polars"} & set(there):  # tables travel by these
        lacking += [one for one in ("numpy", "pyarrow") if one not in there]
    after: tuple[str, ...] = ()
    if lacking:
        after = (str(environments.lend(lacking, f"{version[0]}.{version[1]}", where)),)
    return Image(known, name, executable, (str(lent()),), after, (*_penstock(), *after))


def _with_this_python(engine: Engine, known: str, name: str, words: str, where: str) -> Image:
    """An image without an interpreter that will do: this machine's is shown to it, with all that is installed here."""
    seen = dict.fromkeys([sys.base_prefix, sys.prefix, *_penstock()])
    paths = [one for one in sys.path if one and Path(one).is_dir() and "site-packages" in one]
    mounts = (*seen, *[one for one in paths if not any(one.startswith(f"{root}/") for root in seen)])
    volumes = [f"--mount={Mount(one, one)}" for one in mounts]
    options = ["--rm", "--network=none", "--pull=never", "--read-only", "--entrypoint=", *volumes]
    code, _, err = engine.ask(*engine.containing(options, known, [sys.executable, "-c", "import msgspec"])[1:])
    if code or sys.base_prefix in ("/usr", "/usr/local"):
        raise ExecutorError(
            f"image {name} has no Python from 3.11 on, and this machine's does not run in it: {last_line(err or words)}",
            where=where,
            hint="Take an image with Python in it, or leave `image=` out: `penstock image build` makes one.",
        )
    return Image(known, name, sys.executable, (str(lent()),), tuple(paths), mounts)


# --- making one


def _make(engine: Engine, lock: Lock, name: str, where: str) -> None:
    with tempfile.TemporaryDirectory(prefix="penstock-image-") as folder:
        root = Path(folder)
        site = root / _SITE.lstrip("/")
        environments.install(lock, site, where)
        for one in _standard():
            _copy(one, root)
        for one in [*_libraries(root), *_ordinary()]:
            _copy(one, root)
        for place in ("tmp", "proc", "sys", "dev", "run", "etc", "valohai", "penstock"):
            (root / place).mkdir(exist_ok=True)
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\nuser:x:1000:\n")
        path = f"{Path(_executable()).parent}:/usr/local/bin:/usr/bin:/bin"
        changes = [f"--change=ENV {one}" for one in (f"PATH={path}", f"PYTHONPATH={_SITE}", "LANG=C.UTF-8")]
        packed = subprocess.Popen(["tar", "--numeric-owner", "-C", folder, "-c", "."], stdout=subprocess.PIPE)
        done = subprocess.run(
            [engine.command, "import", *changes, "-", name],
            stdin=packed.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
        packed.wait()
        if done.returncode:
            raise ExecutorError(
                f"the image can't be made: {last_line(done.stderr)}", where=where, hint="Make room on the disk."
            )


def _executable() -> str:
    """This interpreter's own file, outside of any virtual environment."""
    return os.path.realpath(sys.executable)


def _standard() -> Iterator[Path]:
    """Files of this machine that every made image has."""
    yield Path(_executable())
    for one in dict.fromkeys([sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]):
        # A virtual environment names folders of its own here.
        yield Path(one.replace(sys.prefix, sys.base_prefix, 1))
    for name in ("/bin/sh", "/usr/share/zoneinfo", "/etc/localtime", "/etc/ssl/certs", "/usr/lib/locale/C.utf8"):
        if Path(name).exists():
            yield Path(name)
    for name in _PROGRAMS:
        found = shutil.which(name, path="/usr/bin:/bin")
        if found is not None:
            yield Path(found)


def _copy(source: Path, root: Path) -> None:
    target = root / str(source).lstrip("/")
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_left_out)
    else:
        shutil.copy2(os.path.realpath(source), target)


def _left_out(folder: str, names: list[str]) -> set[str]:
    """What of a folder is not copied: what no step needs, and links that lead nowhere (`copytree` itself takes a relative link
    for one that starts in the current folder, and would leave out most time zones)."""
    dangling = {one for one in names if not (Path(folder) / one).exists()}
    return dangling | _UNNEEDED(folder, names)


_UNNEEDED = shutil.ignore_patterns("site-packages", "dist-packages", "test", "tests", "idlelib", "*.a", "private")


def _libraries(root: Path) -> list[Path]:
    """The shared libraries of this machine that what is in a folder needs."""
    programs = [one for one in root.rglob("*") if one.is_file() and _is_program(one)]
    found: set[str] = set()
    for start in range(0, len(programs), 100):
        done = subprocess.run(
            ["ldd", *map(str, programs[start : start + 100])], capture_output=True, text=True, check=False
        )
        found.update([one for one in _LIBRARY.findall(done.stdout) if not one.startswith(f"{root}/")])
    return [Path(one) for one in sorted(found) if Path(one).is_file()]


def _ordinary() -> Iterator[Path]:
    """Libraries that programs from elsewhere take for granted."""
    places = [
        Path("/lib64"),
        Path("/usr/lib64"),
        *Path("/lib").glob("*-linux-gnu"),
        *Path("/usr/lib").glob("*-linux-gnu"),
    ]
    for name in ("libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libm.so.6", "libstdc++.so.6"):
        yield from [place / name for place in places if (place / name).is_file()][:1]


def _is_program(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _copied(text: str, folder: Path, state: Path | None) -> Iterator[str]:
    """Names and digests of what a Containerfile copies from its folder."""
    for said in _COPY.findall(text):
        words = said.replace("\\\n", " ").split()
        if any(one.startswith("--from") for one in words):
            continue
        for pattern in [one for one in words if not one.startswith("--")][:-1]:
            for name in sorted(glob.glob(str(folder / pattern.strip('"[],')))):  # noqa: PTH207 - a pattern with folders in it
                place = Path(name)
                for one in sorted(place.rglob("*")) if place.is_dir() else [place]:
                    if one.is_file() and (state is None or not one.is_relative_to(state)):
                        yield str(one.relative_to(folder))
                        yield digest_bytes(one.read_bytes())
