"""The page's files are what its source makes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "penstock" / "web" / "static"


def files(folder: Path) -> dict[str, bytes]:
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


@pytest.mark.needs("node")
@pytest.mark.timeout(400)
def test_the_build_is_that_of_the_source(tmp_path: Path) -> None:
    copied = tmp_path / "ui"
    shutil.copytree(ROOT / "ui", copied, ignore=shutil.ignore_patterns("node_modules"))
    environment = {**os.environ, "npm_config_cache": str(tmp_path / "cache")}
    for command in (
        ["npm", "ci", "--no-audit", "--no-fund"],
        ["npm", "run", "build", "--", "--outDir", str(tmp_path / "made")],
    ):
        done = subprocess.run(command, cwd=copied, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    made, committed = files(tmp_path / "made"), files(STATIC)
    assert sorted(made) == sorted(committed), "run `npm ci && npm run build` in ui/, and commit src/penstock/web/static"
    assert made == committed


def test_nothing_of_it_comes_from_elsewhere_or_stands_inline() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert "http://" not in page and "https://" not in page
    assert "<script>" not in page and "<style" not in page and " style=" not in page
    assert page.count("<script") == 1


def test_it_is_small() -> None:
    """What is loaded before the layout: the budget is 250 kB compressed."""
    import gzip

    first = [one for one in STATIC.rglob("*.js") if "elk" not in one.name]
    assert sum(len(gzip.compress(one.read_bytes())) for one in first) < 250_000
