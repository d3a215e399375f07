"""Settings: from keywords, the environment, and `[tool.penstock]` in pyproject.toml, in this order."""

import contextlib
import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from penstock.app.places import CACHE, LOCAL, ledger_at, ledger_place_of, ledger_shown, place_of, store_at
from penstock.errors import NotFound, PipelineNotFound, SettingsError, did_you_mean
from penstock.ports import Ledger, Store

__all__ = [
    "Settings",
    "cache_folder",
    "find_settings",
    "make_state",
    "open_ledger",
    "open_store",
    "reading_ledger",
    "reading_settings",
    "unbound_settings",
]


class Settings(Struct, frozen=True):
    """Where a pipeline is and how it runs.

    `root`: the project's folder, where relative `Path` parameters start and whose code counts. `file`: the pipeline
    file (None for a pipeline composed in Python). `state`: the folder of ledger, store and logs. `pipeline`: its name
    in the ledger. `executor`: a name; `image`: what containers are made of where a step names none ("": an image of the
    environment); `address`: of a Ray cluster ("": on this machine). `workers`: how many processes (0: as many as cores). `memory` in bytes and
    `gpus`: what steps may use together (0: not limited). `lease`: seconds after which work of a silent runner is free.
    `store`: where blobs are kept (`local`: in the state folder; a folder, or an address such as `s3://bucket/prefix`), and
    `store_cache` the bytes that copies of remote ones may take here. `ledger`: where what happened is written down (`local`: in
    the state folder; an address such as `postgresql://user@host/database`). `max_parallel`: how many steps may run at once (0: as many as there is room for). `limits`: how many shares there are
    of each named limit that steps ask for, across runs. `silent` (seconds) and `slow` (times its longest earlier time): when a step that runs is warned of (0: never).
    """

    root: Path
    file: Path | None
    state: Path
    pipeline: str
    store: str = LOCAL
    store_cache: int = CACHE
    ledger: str = LOCAL
    executor: str = "local"
    image: str = ""
    address: str = ""
    workers: int = 0
    seed: int = 0
    memory: int = 0
    gpus: float = 0
    lease: float = 30.0
    max_parallel: int = 0
    limits: dict[str, int] = {}
    silent: float = 300.0
    slow: float = 1.5
    keep_going: bool = True
    checks: str = "quick"

    def __repr__(self) -> str:
        shown = [
            f"{name}={ledger_shown(self.ledger) if name == 'ledger' else getattr(self, name)!r}"
            for name in self.__struct_fields__
        ]
        return f"Settings({', '.join(shown)})"


_CONVERT: dict[str, type] = {
    "store": str,
    "store_cache": int,
    "ledger": str,
    "executor": str,
    "image": str,
    "address": str,
    "workers": int,
    "seed": int,
    "memory": int,
    "gpus": float,
    "lease": float,
    "max_parallel": int,
    "silent": float,
    "slow": float,
    "keep_going": bool,
    "checks": str,
}
_KNOWN = ("pipeline", "state", "name", "limits", *_CONVERT)
_CHECKS = ("quick", "full", "off")
_PLACES = {"store": place_of, "ledger": ledger_place_of}  # what an address means, said in a folder
_ELSEWHERE = frozenset({"CI", "DEBUG"})  # of the environment, and no settings
_ENDINGS = frozenset({".py", ".yaml", ".yml", ""})
_ABOVE, _BESIDE = 3, 50  # folders above and below that are looked into for a pipeline that is not here
_IMPORTS = re.compile(rb"^[ \t]*(?:import\b[^#\n]*\bpenstock\b|from[ \t]+penstock[ \t]+import\b)", re.MULTILINE)
_ALIAS = re.compile(rb"^[ \t]*import\b[^#\n]*\bpenstock[ \t]+as[ \t]+(\w+)", re.MULTILINE)
_MAKERS = rb"(?:source|step|split|train|predict|evaluate|deploy|Pipeline)\b"
_TAKES = re.compile(rb"^[ \t]*from[ \t]+penstock[ \t]+import\b(?:[^#\n(]*|[ \t]*\([^)]*?)\b" + _MAKERS, re.MULTILINE)


def find_settings(file: str | Path | None = None, *, folder: Path | None = None, **overrides: Any) -> Settings:
    """The settings of a pipeline, without loading it.

    `file` names it; without one, `[tool.penstock] pipeline` does, else it is the one pipeline file in `folder` (the
    current one). Overrides that are None are not said. Raises `PipelineNotFound` or `SettingsError`.
    """
    start = (folder or Path.cwd()).absolute()
    if file is not None:
        path = Path(file) if Path(file).is_absolute() else start / file
        if path.is_dir():
            there = [one.name for one in _pipelines(path)]
            hint = f"Name one of its files: `-f {Path(file) / there[0]}`." if there else "It holds no pipeline."
            raise PipelineNotFound(f"{file} is a folder", hint=hint)
        if not path.is_file():
            raise PipelineNotFound(f"there is no pipeline file {file}", hint=_near(path))
        if path.suffix.lower() not in _ENDINGS:
            raise PipelineNotFound(f"{file} is no pipeline", hint="A pipeline is a Python file, or a valohai.yaml.")
        said, home = _pyproject(path.parent)
    else:
        said, home = _pyproject(start)
        if "pipeline" in said and home is not None:
            path = home / str(said["pipeline"])
            if not path.is_file():
                raise PipelineNotFound(
                    f"[tool.penstock] names pipeline = {said['pipeline']!r}, which is not there",
                    where=str(home / "pyproject.toml"),
                )
        else:
            path = _only_pipeline(start)
    return _settings(path, home or path.parent, said, overrides)


def unbound_settings(name: str, folder: Path | None = None, **overrides: Any) -> Settings:
    """The settings of a pipeline that was composed in Python: its state lies in the current folder."""
    start = (folder or Path.cwd()).absolute()
    said, _ = _pyproject(start)
    return _settings(None, start, {**said, "name": name}, overrides)


def reading_settings(file: str | Path | None = None) -> Settings:
    """The settings of the pipeline, or of the state folder that is here: reading needs no pipeline file.

    Where a folder holds several pipelines, they share one ledger: which of them is meant need not be said (`pipeline`
    is then "").
    """
    try:
        return find_settings(file)
    except PipelineNotFound:
        here = Path.cwd()
        state = Path(os.environ.get("PENSTOCK_STATE") or here / ".penstock").absolute()
        said, home = _pyproject(here)
        found = structs.replace(_settings(None, home or here, said, {"state": str(state)}), pipeline="")
        if file is not None or (found.ledger == LOCAL and not (state / "ledger.db").exists()):
            raise
        return found


def open_ledger(settings: Settings, *, create: bool = False) -> Ledger:
    """The ledger that the settings name. Raises `NotFound` where nothing ever ran and `create` is not said."""
    if settings.ledger != LOCAL:
        return ledger_at(settings.ledger, create=create)
    path = settings.state / "ledger.db"
    if not create and not path.exists():
        raise NotFound(f"nothing has run here yet: there is no {_shown(path)}", hint="Run `penstock run` first.")
    if create:
        make_state(settings.state)
    return ledger_at(str(path), create=create)


@contextlib.contextmanager
def reading_ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger for a look at it, begun if it is not there; an empty one where none can be made."""
    with contextlib.ExitStack() as stack:
        try:
            ledger = open_ledger(settings, create=True)
        except SettingsError:
            if settings.ledger != LOCAL:
                raise
            import tempfile

            folder = stack.enter_context(tempfile.TemporaryDirectory())
            ledger = ledger_at(str(Path(folder) / "ledger.db"), create=True)
        stack.callback(ledger.close)
        yield ledger


def cache_folder(settings: Settings) -> Path:
    """Where compiled code is kept; with it, the state folder is made if it can be."""
    with contextlib.suppress(SettingsError):
        make_state(settings.state)
    return settings.state / "cache"


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Raises `SettingsError` or `MissingExtra`."""
    return store_at(settings.store, settings.state, settings.store_cache)


def make_state(state: Path) -> None:
    """Make a state folder where there is none: read by nobody else, and not tracked by git. Raises `SettingsError`."""
    if not state.is_dir():
        try:
            state.mkdir(parents=True, mode=0o700)
            (state / ".gitignore").write_text("*\n")
        except OSError as error:
            raise SettingsError(
                f"the state folder {_shown(state)} can't be made: {error.strerror}",
                hint="Point PENSTOCK_STATE at a folder that can be written to.",
            ) from None


def _settings(path: Path | None, root: Path, said: Mapping[str, Any], overrides: Mapping[str, Any]) -> Settings:
    _refuse_misspelt(os.environ)
    found: dict[str, Any] = {}
    for name, kind in _CONVERT.items():
        for origin, value in (
            ("pyproject.toml", said.get(name)),
            (f"PENSTOCK_{name.upper()}", os.environ.get(f"PENSTOCK_{name.upper()}")),
            (name, overrides.get(name)),
        ):
            if value is not None and value != "":
                found[name] = _converted(origin, name, kind, value)
                if place := _PLACES.get(name):
                    found[name] = place(found[name], root if origin == "pyproject.toml" else Path.cwd(), origin)
    for origin, value in (
        ("[tool.penstock.limits]", said.get("limits")),
        ("PENSTOCK_LIMITS", os.environ.get("PENSTOCK_LIMITS")),
        ("limits", overrides.get("limits")),
    ):
        if value is not None and value != "":
            found["limits"] = _totals(origin, value)
    unknown = [name for name in overrides if name not in {*_CONVERT, "state", "name", "limits"}]
    if unknown:
        raise SettingsError(f"there is no setting `{unknown[0]}`", hint=did_you_mean(unknown[0], _KNOWN))
    state = overrides.get("state") or os.environ.get("PENSTOCK_STATE") or said.get("state")
    beside = path.parent if path else root
    folder = Path(state) if state else Path(".penstock")
    if not folder.is_absolute():
        # What people type is meant from where they are; what stands in a file, from where it stands.
        folder = (Path.cwd() if state and state != said.get("state") else root if state else beside) / folder
    least = "It is a number of bytes."
    for name, hint in (
        ("workers", "0 means as many as cores."),
        ("max_parallel", "0 means no limit."),
        ("store_cache", least),
        ("silent", "It is a number of seconds; 0 means that nothing is warned of."),
        ("slow", "It is how many times as long as ever before; 0 means that nothing is warned of."),
    ):
        if not found.get(name, 0) >= 0:  # NaN is neither
            raise SettingsError(f"{name}={found[name]}: there can't be fewer than none", hint=hint)
    if found.get("checks", "quick") not in _CHECKS:
        raise SettingsError(
            f"checks={found['checks']!r} is not known",
            hint=did_you_mean(found["checks"], _CHECKS),
        )
    name = overrides.get("name") or said.get("name") or (path.stem if path else "pipeline")
    return Settings(root=_root(root, path), file=path, state=folder, pipeline=str(name), **found)


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    # A setting that is never looked at is worse than an error; what resembles none is not ours to judge.
    known = [name.upper() for name in ("state", "limits", *_CONVERT)]
    for variable in environment:
        name = variable.removeprefix("PENSTOCK_")
        if name != variable and name not in known and name not in _ELSEWHERE:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            if near:
                raise SettingsError(
                    f"there is no setting {variable} for the environment", hint=f"Did you mean PENSTOCK_{near[0]}?"
                )


def _root(home: Path, path: Path | None) -> Path:
    # A pyproject.toml far above must not make the whole of a large repository the project of a small pipeline.
    return path.parent if path is not None else home


def _converted(origin: str, name: str, kind: type, value: Any) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in {"1", "true", "yes", "on"}:
            return True
        if str(value).lower() in {"0", "false", "no", "off"}:
            return False
    elif not isinstance(value, bool) and not (kind is int and isinstance(value, float) and not value.is_integer()):
        try:
            return kind(value)
        except (TypeError, ValueError):
            pass
    wanted = {bool: "a truth value", int: "a whole number", float: "a number"}.get(kind, "a text")
    raise SettingsError(f"{origin}: {name} = {value!r} is not {wanted}")


def _totals(origin: str, value: Any) -> dict[str, int]:
    """Named limits, from a mapping or from text such as `gpu=1,licences=4`."""
    if isinstance(value, str):
        pairs = [one.partition("=") for one in value.split(",") if one.strip()]
        value = {name.strip(): number.strip() for name, _, number in pairs}
    if not isinstance(value, Mapping):
        raise SettingsError(f"{origin} = {value!r} names no limits", hint='Write limits = {gpu = 1}, or "gpu=1".')
    found = {}
    for name, number in value.items():
        try:
            found[str(name)] = int(number) if not isinstance(number, bool | float) else -1
        except (TypeError, ValueError):
            found[str(name)] = -1
        if found[str(name)] < 0:
            raise SettingsError(
                f"{origin}: {name} = {number!r} is not a whole number from 0", hint="Write `gpu=1,licences=4`."
            )
    return found


def _pyproject(folder: Path) -> tuple[dict[str, Any], Path | None]:
    for home in (folder, *folder.parents):
        path = home / "pyproject.toml"
        if not path.is_file():
            continue
        content = path.read_bytes()
        if b"[tool.penstock" not in content:
            continue
        import tomllib

        try:
            said = tomllib.loads(content.decode()).get("tool", {}).get("penstock", {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"it is not valid TOML: {error}", where=str(path)) from None
        for name in said:
            if name not in _KNOWN:
                raise SettingsError(
                    f"[tool.penstock] has no setting `{name}`", where=str(path), hint=did_you_mean(name, _KNOWN)
                )
        return said, home
    return {}, None


def _only_pipeline(folder: Path) -> Path:
    closed: list[Path] = []
    found = _pipelines(folder, closed)
    if len(found) == 1:
        return found[0]
    if not found:
        also = f": {closed[0].name} can't be read" if closed else ""
        raise PipelineNotFound(
            f"there is no pipeline in {_shown(folder)}{also}",
            hint="Check its permissions." if closed else _elsewhere(folder),
        )
    names = ", ".join(path.name for path in found)
    raise PipelineNotFound(
        f"there are {len(found)} pipelines here: {names}", hint=f"Name one with `-f {found[0].name}`."
    )


def _elsewhere(folder: Path) -> str:
    """Where near a folder a pipeline is, in words; "" where none is."""
    below = [path for path in sorted(folder.glob("*/")) if not path.name.startswith((".", "_"))]
    for place in [*list(folder.parents)[:_ABOVE], *below[:_BESIDE]]:
        with contextlib.suppress(OSError):
            if found := _pipelines(place):
                return (
                    f"There is one in {_shown(place)}: go there, or write `-f {os.path.relpath(found[0], Path.cwd())}`."
                )
    return ""


def _pipelines(folder: Path, closed: list[Path] | None = None) -> list[Path]:
    found = []
    for path in sorted(folder.glob("*.py")):
        try:
            content = path.read_bytes()
        except OSError:
            if closed is not None:
                closed.append(path)
            continue
        if _IMPORTS.search(content) and _declares(content):
            found.append(path)
    yaml = folder / "valohai.yaml"
    return [*found, yaml] if yaml.is_file() else found


def _declares(content: bytes) -> bool:
    names = b"|".join({b"penstock", *_ALIAS.findall(content)})
    makes = re.compile(rb"\b(?:" + names + rb")\." + _MAKERS)
    return makes.search(content) is not None or _TAKES.search(content) is not None


def _near(path: Path) -> str:
    beside = (
        [one.name for ending in ("py", "y*ml") for one in path.parent.glob(f"*.{ending}")]
        if path.parent.is_dir()
        else []
    )
    return did_you_mean(path.name, beside) or PipelineNotFound.hint_default


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) and path != here else str(path)
