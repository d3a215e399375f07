"""From an import name to the distribution and its version."""

import importlib.metadata

import pytest

from penstock.declare.packages import Packages


@pytest.mark.parametrize(
    ("top", "distribution"),
    [
        ("numpy", "numpy"),
        ("yaml", "PyYAML"),
        ("sklearn", "scikit-learn"),
        ("dateutil", "python-dateutil"),
        ("msgspec", "msgspec"),
        ("PIL", "pillow"),
    ],
)
def test_names_and_versions_are_those_of_the_metadata(top, distribution):
    pytest.importorskip(top)
    [(name, version)] = Packages().of(top)
    assert name.lower() == distribution.lower()
    assert version == importlib.metadata.version(distribution)


def test_agreement_with_the_standard_library():
    packages = Packages()
    for top, names in importlib.metadata.packages_distributions().items():
        if len(set(names)) == 1 and top.isidentifier() and not top.startswith("_"):
            found = [name.lower().replace("_", "-").replace(".", "-") for name, _ in packages.of(top)]
            assert names[0].lower().replace("_", "-").replace(".", "-") in found, top


def test_a_name_that_nobody_provides():
    assert Packages().of("surely_not_installed") == ()


def test_the_scan_is_kept_for_the_same_listing(tmp_path, monkeypatch):
    site = tmp_path / "site"
    info = site / "odd_name-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-name\nVersion: 1.2\n\nText: 3\n")
    (info / "RECORD").write_text("imported_so/__init__.py,,\nodd_name-1.2.dist-info/METADATA,,\n")
    monkeypatch.setattr("sys.path", [str(site)])
    cache = tmp_path / "cache"
    assert Packages(cache).of("imported_so") == (("odd-name", "1.2"),)
    assert len(list(cache.iterdir())) == 1
    (info / "RECORD").unlink()
    assert Packages(cache).of("imported_so") == (("odd-name", "1.2"),)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-name\nVersion: 1.3\n")
    assert Packages(cache).of("imported_so") == (("odd-name", "1.3"),)
    for kept in cache.iterdir():
        kept.write_text("{")
    assert Packages(cache).of("imported_so") == ()


def test_metadata_beside_a_module(tmp_path, monkeypatch):
    (tmp_path / "side-3.0.dist-info").mkdir()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert Packages().beside("side", str(tmp_path)) == (("side", "3.0"),)
    assert Packages().beside("side", "/elsewhere") == ()
