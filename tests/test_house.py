"""The rules of the house (CONTRIBUTING.md), asserted."""

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import get_args

import msgspec
import pytest

import penstock
from penstock import errors
from penstock.model import event

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "penstock"
SOURCES = sorted(PACKAGE.rglob("*.py"))
DOCS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

LONGEST = 500
FORBIDDEN_NAMES = {"utils", "util", "base", "common", "helpers", "core", "manager"}

# Source files without a test file of their own, and why.
UNTESTED = {
    "ports.py": "protocols only; penstock.testing holds a contract suite for each",
    "__main__.py": "two lines, run by tests/cli/test_commands.py",
    "cli/__main__.py": "two lines, run by every test of the command line in a process",
    "web/__main__.py": "two lines, run by tests/web/test_page.py",
}

# Files that import inside functions, and why. Everywhere else imports stand at the top.
LATE_IMPORTS: dict[str, str] = {
    "app/browsing.py": "pyarrow and numpy are for who looks into tables, and codecs are loaded when a value is read",
    "app/contracts.py": "frozen contracts need pyarrow, numpy and PyYAML, which most commands do without",
    "app/executors.py": "only the executor that was asked for is loaded, and entry points only for names of others",
    "app/pipeline.py": "a valohai.yaml is read by modules that Python pipelines do without, and drawings are for notebooks",
    "app/placing.py": "environments and images are looked at for steps that ask for them",
    "app/places.py": "only the store and the ledger that the settings name are loaded, and entry points only for schemes of others",
    "app/result.py": "rows of a run are followed for who asks, and drawings are for notebooks",
    "app/ray_agent.py": "ray is an extra; the agent tells in words that it is not there",
    "app/settings.py": "reading a ledger needs no store and no TOML reader; SQLite stays off the way of `import penstock`",
    "app/told.py": "rich is imported when rich asks for its form",
    "app/tracing.py": "following rows needs pyarrow and numpy, which everything else does without",
    "app/values.py": "codecs are loaded when a value is read or written",
    "app/leaks.py": "rich is imported when rich asks for its form",
    "app/workspace.py": "checks are loaded where there is something that they could judge",
    "app/worker.py": "cloudpickle is for functions that no file holds, and questions about rows are rare",
    "checks/pairs.py": "entry points are looked through when a run is checked",
    "checks/report.py": "rich is imported when rich asks for its form",
    "cli/__init__.py": "`penstock --version` answers before anything heavy is imported",
    "cli/pytest_plugin.py": "whoever tests something else with pytest must not wait for pipelines to be loaded",
    "cli/commands.py": "errors are told with msgspec, which `--help` does without",
    "codecs/arrays.py": "numpy is imported when an array is met",
    "codecs/arrow.py": "pyarrow and numpy are imported when a table is met",
    "codecs/arrow_tables.py": "pyarrow is imported when a table is met",
    "codecs/figures.py": "pillow is imported when an image is met",
    "codecs/glance.py": "pyarrow is imported when a table is met",
    "codecs/models.py": "each library of models is imported when a model of its own is met",
    "codecs/pandas_columns.py": "pandas, numpy and pyarrow are imported when a frame is met",
    "codecs/pandas_frames.py": "pandas, numpy and pyarrow are imported when a frame is met",
    "codecs/pickled.py": "cloudpickle is imported when nothing else takes a value",
    "codecs/polars_frames.py": "polars and pyarrow are imported when a frame is met",
    "codecs/scalars.py": "numpy and pandas are imported when their scalars are met",
    "codecs/sparse.py": "scipy is imported when a sparse matrix is met",
    "declare/facts.py": "reading syntax trees is slow to import, and only unknown sources need it",
    "declare/programs.py": "only steps that start programs or look for plug-ins need metadata and syntax trees",
    "declare/project.py": "the closure looks at modules after their import; the importer comes before it",
    "declare/python.py": "inspect is slow to import; only unusual callables need it",
    "declare/states.py": "dis is slow to import; only code without a source needs it",
    "declare/valohai.py": "the valohai-yaml package is an extra, and slow to import",
    "declare/valohai_checks.py": "the valohai-yaml package is an extra, and slow to import",
    "declare/valohai_pipelines.py": "the valohai-yaml package is an extra, and slow to import",
    "declare/valohai_tree.py": "YAML is read for files that are YAML",
    "declare/values_of.py": "cloudpickle is for values of notebooks that nothing else tells",
    "executors/pool.py": "subprocess is for starting the server of workers, which inline runs do not",
    "executors/processes.py": "ctypes and psutil are for killing and measuring, not for every worker's start",
    "executors/server.py": "traceback is for a server that goes down",
    "stores/objects.py": "boto3 is for those who keep their credentials in its profiles",
    "plan/parameters.py": "cloudpickle is for values that are not plain",
    "rows/frozen_file.py": "PyYAML is imported when a contract is read or written",
    "rows/schemas.py": "pandera is an extra, and slow to import",
    "values/alter.py": "numpy and pyarrow are imported when values of theirs are altered",
    "values/assign.py": "numpy and pyarrow are imported when values of theirs are altered",
    "values/compare.py": "numpy and pyarrow are imported when values of theirs are compared",
    "values/functions.py": "cloudpickle is for functions that no file holds",
    "values/records.py": "pyarrow is imported when rows are met",
    "values/state.py": "numpy is imported when an array is met",
    "values/table.py": "pyarrow is imported when a table is met",
    "work/allowed.py": "the valohai-yaml package is an extra, and slow to import",
    "work/command.py": "the valohai-yaml package is an extra, and slow to import",
    "work/conditions.py": "leval comes with the valohai-yaml package, an extra",
    "work/context.py": "tempfile is for checkpoints outside a run",
    "work/remote.py": "fetching needs network libraries, which most runs do without",
    "work/holding.py": "rows are held to contracts by pyarrow, where one is declared",
    "work/room.py": "YAML is written for commands alone",
    "work/sweep.py": "optuna is an extra, and slow to import",
    "work/watch.py": "glob is for patterns of the native readers, which are rare",
}

# `import penstock` is on the way of every command, every worker and every notebook: none of these may come with it.
HEAVY = (
    *("numpy", "polars", "pandas", "pyarrow", "narwhals", "scipy", "sklearn", "xgboost", "lightgbm", "torch"),
    *("matplotlib", "rich", "click", "yaml", "psutil", "sqlite3", "asyncio", "multiprocessing", "concurrent.futures"),
    *("pydantic", "fastapi", "sqlalchemy", "ray", "obstore", "psycopg", "hypothesis", "pytest"),
)
HEAVY_FOR_VERSION = (*HEAVY, "msgspec", "blake3", "cloudpickle", "inspect", "logging")

# Hosts that a tracked file may name.
HOSTS = {
    *("127.0.0.1", "localhost", "example.com", "example.org"),
    *("www.apache.org", "github.com", "docs.python.org", "peps.python.org", "pypi.org", "packaging.python.org"),
    *("keepachangelog.com", "semver.org", "json-schema.org", "www.w3.org", "spdx.org", "arrow.apache.org"),
    *("docs.pola.rs", "scikit-learn.org", "www.sqlite.org", "sqlite.org", "man7.org", "doi.org", "docs.docker.com"),
    *("docs.valohai.com", "no-color.org", "yaml.org", "docs.oasis-open.org"),
}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


each_source = pytest.mark.parametrize("path", SOURCES, ids=relative)


# --- files


@each_source
def test_no_file_is_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{relative(path)} has {lines} lines: it holds more than one idea"


@each_source
def test_names_say_what_is_inside(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    assert path.parent.name not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "__init__.py"], ids=relative)
def test_each_file_has_a_test_file(path: Path) -> None:
    if relative(path) in UNTESTED:
        return
    test = ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}"
    assert test.is_file(), f"{relative(path)} wants {test.relative_to(ROOT)}"


def test_the_list_of_untested_files_is_true() -> None:
    for name in UNTESTED:
        path = PACKAGE / name
        assert not (ROOT / "tests" / path.relative_to(PACKAGE).parent / f"test_{path.name}").exists()


def test_each_package_says_what_it_is() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        if "static" not in path.parts:
            assert ast.get_docstring(tree(path)), f"{relative(path)} has no docstring"


# --- names


def public(module: ast.Module) -> Iterator[str]:
    """The public names that a module defines itself (what it imports is not its own; type variables are nobody's)."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign) and not _is_type_variable(node.value):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] in {"TypeVar", "ParamSpec"}


def stated(module: ast.Module) -> list[str] | None:
    """What `__all__` lists, or None where there is none."""
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return [ast.literal_eval(one) for one in node.value.elts]  # type: ignore[union-attr]
    return None


def by_kind(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


@each_source
def test_all_is_sorted_and_complete(path: Path) -> None:
    module = tree(path)
    listed = stated(module)
    own = set(public(module))
    if listed is None:
        assert path.name == "__main__.py" or (path.name == "__init__.py" and not own), "there is no __all__"
        return
    assert listed == sorted(listed, key=by_kind), "constants, classes, functions; by name"
    assert len(set(listed)) == len(listed)
    assert own <= set(listed), f"__all__ lacks {sorted(own - set(listed))}"
    assert not [name for name in listed if name.startswith("_") and not name.startswith("__")]


def test_all_names_exist() -> None:
    for module in modules():
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__}.__all__ lists {name}, which is not there"


@cache
def modules() -> tuple[ModuleType, ...]:
    found = [penstock]
    for info in pkgutil.walk_packages(penstock.__path__, "penstock."):
        if not info.name.endswith("__main__"):
            found.append(importlib.import_module(info.name))
    return tuple(found)


def test_the_package_offers_only_what_is_listed() -> None:
    for name in penstock.__all__:
        assert getattr(penstock, name) is not None
    assert set(penstock.__all__) <= set(dir(penstock))


# --- imports


def late_imports(path: Path) -> list[int]:
    return sorted(
        {
            inner.lineno
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        }
    )


@each_source
def test_imports_stand_at_the_top(path: Path) -> None:
    lines = late_imports(path)
    if relative(path) in LATE_IMPORTS:
        assert lines, f"{relative(path)} imports nothing late any more: take it off the list"
        assert len(LATE_IMPORTS[relative(path)]) > 15, "a reason, please"
    else:
        assert not lines, f"{relative(path)} imports inside functions (lines {lines}): list it, with the reason"


def test_the_list_of_late_imports_is_true() -> None:
    assert not [name for name in LATE_IMPORTS if not (PACKAGE / name).is_file()]


@each_source
def test_nobody_imports_from_the_package_itself(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports name the module in full"
            assert node.module != "penstock" or all((PACKAGE / one.name).is_dir() for one in node.names), (
                f"line {node.lineno}: import the module that holds it"
            )


def loaded_by(code: str, heavy: tuple[str, ...]) -> list[str]:
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found = done.stdout.splitlines()[-1].split()
    return [name for name in found if name in heavy]


def test_import_is_light() -> None:
    assert loaded_by("import penstock", HEAVY) == []


def test_using_the_decorators_is_light() -> None:
    code = "import penstock as ps\n@ps.step\ndef one(): return 1\n@ps.train\ndef two(one, seed: ps.Seed): return one"
    assert loaded_by(code, HEAVY) == []


def test_version_needs_next_to_nothing() -> None:
    code = "import penstock.cli as c\nsys.argv = ['penstock', '--version']\ntry: c.main()\nexcept SystemExit: pass"
    assert loaded_by(code, HEAVY_FOR_VERSION) == []


@pytest.mark.needs("import-linter")
def test_rooms_keep_their_order() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_import_contract_has_no_way_around() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    contract = text[text.index("[tool.importlinter]") :]
    assert "exhaustive = true" in contract
    assert "ignore_imports" not in contract
    assert "exclude_type_checking_imports" not in contract


# --- errors


def all_errors(kind: type[errors.PenstockError] = errors.PenstockError) -> Iterator[type[errors.PenstockError]]:
    for module in modules():
        assert module
    yield kind
    for child in kind.__subclasses__():
        yield from all_errors(child)


def test_every_error_says_what_to_do_next() -> None:
    for kind in all_errors():
        own = vars(kind).get("hint_default", "")
        assert len(own) > 10, f"{kind.__name__} has no hint of its own"
        assert own.rstrip("`").endswith((".", "?", "…")), f"{kind.__name__}: a hint is a sentence"
        assert (kind.__doc__ and kind.__doc__ != errors.PenstockError.__doc__) or kind is errors.PenstockError


def test_all_errors_live_in_one_tree() -> None:
    drawn = re.findall(r"(?:├── |└── |^ {4})([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
    here = [kind.__name__ for kind in all_errors() if kind.__module__ == "penstock.errors"]
    assert sorted(drawn) == sorted(here)
    elsewhere = [
        kind for kind in all_errors() if kind.__module__.startswith("penstock.") and kind.__name__ not in drawn
    ]
    assert not elsewhere, f"errors belong into penstock.errors: {elsewhere}"


# --- the docs name everything


@cache
def docs() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in DOCS)


def test_every_command_is_in_the_docs() -> None:
    from penstock.cli.commands import commands

    assert len(commands()) > 5
    for name in commands():
        assert f"penstock {name}" in docs(), f"no page names `penstock {name}`"


def test_every_setting_is_in_the_docs() -> None:
    from penstock.app.settings import Settings

    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for field in msgspec.structs.fields(Settings):
        assert f"`{field.name}`" in page, f"docs/settings.md lacks `{field.name}`"


def test_every_event_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "reference" / "events.md").read_text(encoding="utf-8")
    for kind in get_args(event.Event):
        for name in (kind.__name__, *kind.__struct_fields__):
            assert f"`{name}`" in page, f"docs/reference/events.md lacks `{name}` of {kind.__name__}"


def test_every_word_of_the_design_is_in_the_glossary() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = """step kind role artifact parameter contract digest key graph plan decision task attempt run event ledger
    store codec executor check probe world finding verdict trace view""".split()
    for word in words:
        assert re.search(rf"\*\*{word}\*\*", page), f"docs/glossary.md lacks **{word}**"


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_documented_options_equal_signatures() -> None:
    from penstock.declare.options import SourceOptions, StepOptions

    for options, inherited in ((StepOptions, set()), (SourceOptions, set(StepOptions.__annotations__))):
        own = set(options.__annotations__) - inherited
        described = set(re.findall(r"`(\w+)`", options.__doc__ or ""))
        assert own == described & (own | inherited), f"{options.__name__}: {sorted(own ^ described)}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in DOCS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:"):
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


# --- what is tracked


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        if path.is_file() and path != Path(__file__):
            data = path.read_bytes()
            if b"\0" not in data[:4096]:
                yield path.relative_to(ROOT).as_posix(), data.decode("utf-8")


@pytest.mark.needs("git")
def test_no_file_names_a_machine() -> None:
    places = re.compile(
        r"(?<![\w.~}])/(?:work|root|Users)/\w\w|/home/(?!me\b|you\b|user\b|\w\b)\w|/tmp/(?:team|work)\b|\.pyenv"
    )
    indexes = re.compile(r"(?:extra-|PIP_|UV_)?(?:index-url|INDEX_URL|find-links|FIND_LINKS)\s*=\s*\S")
    for name, text in texts():
        for pattern in (places, indexes):
            found = pattern.search(text)
            assert not found, f"{name} names a machine: {found[0]!r}"


@pytest.mark.needs("git")
def test_no_file_names_a_strange_host() -> None:
    for name, text in texts():
        if name.startswith(("ui/", "src/penstock/web/static/")):
            continue
        for host in re.findall(r"https?://([\w.-]+)", text):
            allowed = host in HOSTS or host.endswith((".example", ".test", ".invalid", ".readthedocs.io"))
            assert allowed, f"{name} names the host {host}"


TOP = {".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"}


@pytest.mark.needs("git")
def test_nothing_that_is_made_is_tracked() -> None:
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        assert "/" in name or name in TOP, f"{name} was left behind by something"
        assert not name.endswith((".pyc", ".parquet", ".db")), name
        assert ".penstock/" not in name, name
        if "web/static/assets/" in name:  # the page's build is committed; tests/web/test_build.py bounds it
            continue
        assert path.is_symlink() or not path.is_file() or os.path.getsize(path) < 1_000_000, f"{name} is large"


def test_each_decision_has_a_number_of_its_own() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in found] == list(range(1, len(found) + 1))
    for path in found:
        title = path.read_text(encoding="utf-8").splitlines()[0]
        assert title.startswith(f"# {int(path.name[:4])}. "), f"{path.name} is titled {title!r}"
