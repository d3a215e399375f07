"""The shelf: facts and code by content; what is damaged or foreign is a miss."""

import random
from pathlib import Path

import pytest

from penstock.declare import facts as module
from penstock.declare.facts import Shelf

SOURCE = b"def f(x):\n    return x + 1\n"


def entries(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def test_a_second_process_finds_what_the_first_kept(tmp_path, monkeypatch):
    first, code = Shelf(tmp_path).read(SOURCE, "/p/x.py")
    monkeypatch.setattr("builtins.compile", None)  # nothing may be compiled now
    second, again = Shelf(tmp_path).read(SOURCE, "/p/x.py")
    assert first == second
    assert code == again
    assert again.co_filename == "/p/x.py"


def test_content_and_path_find_an_entry(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.read(SOURCE, "/p/x.py")
    shelf.read(SOURCE.replace(b"1", b"2"), "/p/x.py")
    shelf.read(SOURCE, "/p/y.py")
    assert len(entries(tmp_path)) == 3


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_entry_is_a_miss(tmp_path, seed):
    expected = Shelf(tmp_path).read(SOURCE, "/p/x.py")
    [entry] = entries(tmp_path)
    rng, data = random.Random(seed), bytearray(entry.read_bytes())
    if seed % 3 == 0:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif seed % 3 == 1:
        del data[rng.randrange(len(data)) :]
    else:
        data += data[: rng.randrange(1, len(data))]
    entry.write_bytes(data)
    assert Shelf(tmp_path).read(SOURCE, "/p/x.py") == expected
    assert entry.read_bytes() != bytes(data)  # and is mended


def test_another_scheme_is_a_miss(tmp_path, monkeypatch):
    Shelf(tmp_path).read(SOURCE, "/p/x.py")
    monkeypatch.setattr(module, "SCHEME", "facts-of-tomorrow")
    Shelf(tmp_path).read(SOURCE, "/p/x.py")
    assert len(entries(tmp_path)) == 2


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert Shelf(blocked).facts(SOURCE, "/p/x.py").names == {"f": (0,)}


def test_the_scheme_is_changed_with_the_reading():
    # Facts that were kept by an older reading would be wrong: whoever changes what is read gives SCHEME another number,
    # and then brings this digest up to date.
    from blake3 import blake3

    home = Path(module.__file__).parent
    parts = ["reading", "scoping", "walking", "scopes", "syntax", "pathways", "texts"]
    found = blake3(b"".join(home.joinpath(f"{one}.py").read_bytes() for one in parts)).hexdigest()[:16]
    assert (module.SCHEME, found) == ("facts-3", "301a4ea24a280bfb")
