"""The environment of a run, built again with uv from what was installed then."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import penstock
from penstock.errors import MissingExtra, NotFound

__all__ = ["lock_of", "rebuild", "uv"]

_NOT_PACKAGES = frozenset({"python", "platform", "penstock"})


def lock_of(environment: Mapping[str, str]) -> str:
    """What was installed, as requirements that pip and uv read. Penstock itself is not among them: it does the work.

    >>> lock_of({"python": "3.11.7", "polars": "1.31.0", "penstock": "0.1.0"})
    'polars==1.31.0\\n'
    """
    return "".join([f"{name}=={version}\n" for name, version in environment.items() if name not in _NOT_PACKAGES])


def rebuild(environment: Mapping[str, str], folder: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """Build a virtual environment of these versions in a folder; its interpreter. Only uv looks anything up.

    Raises `MissingExtra` where uv is not there, `NotFound` with uv's own words where a version can't be had.
    """
    command = uv()
    place, lock = folder / "environment", folder / "requirements.txt"
    lock.write_text(lock_of(environment), encoding="utf-8")
    python = environment.get("python", "")
    say(f"building Python {python} with {lock.read_text(encoding='utf-8').count('==')} packages")
    _run([command, "venv", "--quiet", "--python", python or sys.executable, str(place)], f"Python {python}")
    interpreter = place / "bin" / "python"
    _run(
        [command, "pip", "install", "--quiet", "--no-deps", "--python", str(interpreter), "--requirement", str(lock)],
        "these packages",
    )
    _lend(interpreter)
    return interpreter


def uv() -> str:
    """The command uv, on the path or beside this interpreter. Raises `MissingExtra`."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        raise MissingExtra("an environment is built with uv, which is not installed", hint="pip install uv")
    return found


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        words = " ".join((done.stderr or done.stdout).split())
        raise NotFound(
            f"uv can't provide {what}: {words[-1000:]}",
            hint="Build it by hand from `penstock show RUN --json` (`environment`), and call `penstock reproduce` there.",
        )


def _lend(interpreter: Path) -> None:
    """Let the environment use this very Penstock, and nothing else of where it is installed."""
    asked = [str(interpreter), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    home = Path(penstock.__file__).parent
    (packages / "penstock").symlink_to(home)
    name = f"penstock-{penstock.__version__}.dist-info"
    for folder in (home.parent, *map(Path, sys.path)):
        if (folder / name).is_dir():
            (packages / name).symlink_to(folder / name)
            return
