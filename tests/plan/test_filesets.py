"""What the addresses of an input name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import ParameterError
from penstock.plan.filesets import STAND_INS, addresses, digest_of, find_files, is_elsewhere, is_remote


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.csv", "b.csv", "deep/c.csv", "deep/er/d.csv", "e.txt"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def named(root: Path, *uris: str) -> dict[str, tuple[str, str]]:
    return {one.name: (one.full, one.suffix) for one in find_files(uris, root, values={}).files}


def test_one_file(root: Path) -> None:
    assert named(root, "data/a.csv") == {"a.csv": ("data/a.csv", "a.csv")}
    assert named(root, f"file://{root}/data/a.csv") == {"a.csv": ("data/a.csv", "a.csv")}


def test_addresses_of_files_here_are_decoded(root: Path) -> None:
    for name in ("a b.csv", "é.csv", "100%.csv", "c%20d.csv", "q?.csv", "[x].csv"):
        (root / "data" / name).write_text(name)
    for name, address in (
        ("a b.csv", "a%20b.csv"),
        ("é.csv", "%C3%A9.csv"),
        ("100%.csv", "100%25.csv"),
        ("100%.csv", "100%.csv"),
        ("c%20d.csv", "c%20d.csv"),
        ("c%20d.csv", "c%2520d.csv"),
        ("q?.csv", "q%3F.csv"),
        ("[x].csv", "%5Bx%5D.csv"),
    ):
        for host in ("", "localhost"):
            assert list(named(root, f"file://{host}{root}/data/{address}")) == [name]
            assert not is_elsewhere(f"file://{host}{root}/data/{address}", root)
    assert set(named(root, f"file://{root}/data/a%20*")) == {"a b.csv"}
    assert list(named(root, "data/c%20d.csv")) == ["c%20d.csv"], "a plain path is no address"


def test_patterns_and_folders(root: Path) -> None:
    assert set(named(root, "data/*.csv")) == {"a.csv", "b.csv"}
    every = {
        "a.csv": ("data/a.csv", "a.csv"),
        "b.csv": ("data/b.csv", "b.csv"),
        "c.csv": ("data/deep/c.csv", "deep/c.csv"),
        "d.csv": ("data/deep/er/d.csv", "deep/er/d.csv"),
    }
    assert named(root, "data/**/*.csv") == every
    assert named(root, "data/**.csv") == every
    assert set(named(root, "data")) == {*every, "e.txt"}


def test_what_is_not_there(root: Path) -> None:
    with pytest.raises(ParameterError, match=r"data/x.csv names no file"):
        find_files(["data/x.csv"], root, values={})
    with pytest.raises(ParameterError, match="names no file"):
        find_files(["data/*.parquet"], root, values={})


def test_remote_files_are_known_by_their_address(root: Path) -> None:
    (one,) = find_files(["https://example.com/a/b.gz?token=1"], root, values={}).files
    assert (one.name, one.full, one.digest) == ("b.gz", "a/b.gz", "")
    assert is_remote("s3://bucket/x")
    assert not is_remote("C:/x")


def test_stand_ins_take_the_place_of_remote_files_alone(root: Path) -> None:
    place = f"{STAND_INS}/train/images"
    folder = root / place
    folder.mkdir(parents=True)
    (folder / "x.gz").write_text("x")
    remote = find_files(["s3://bucket/x*"], root, values={}, stand_in=place)
    assert [one.name for one in remote.files] == ["x.gz"]
    assert remote.uris == ("s3://bucket/x*",)
    local = find_files(["data/a.csv"], root, values={}, stand_in=place)
    assert [one.name for one in local.files] == ["a.csv"]


def test_parameters_in_addresses(root: Path) -> None:
    (one,) = find_files(["data/{parameter:which}.csv"], root, values={"which": "b"}).files
    assert one.name == "b.csv"
    (kept,) = find_files(["s3://bucket/{parameter:which}"], root, values={"which": None}).files
    assert kept.uri == "s3://bucket/{parameter:which}"


def test_the_digest_follows_names_and_contents(root: Path) -> None:
    before = digest_of(find_files(["data/*.csv"], root, values={}))
    assert digest_of(find_files(["data/*.csv"], root, values={})) == before
    (root / "data" / "a.csv").write_text("other")
    changed = digest_of(find_files(["data/*.csv"], root, values={}))
    (root / "data" / "a.csv").rename(root / "data" / "z.csv")
    assert len({before, changed, digest_of(find_files(["data/*.csv"], root, values={}))}) == 3


def test_addresses_as_people_write_them() -> None:
    assert addresses("a.csv, b.csv\nc.csv") == ("a.csv", "b.csv", "c.csv")
    assert addresses("https://example.com/a,b") == ("https://example.com/a,b",)
    assert addresses(["x y.csv", "", None]) == ("x y.csv",)
    assert addresses(None) == addresses("") == ()


@given(st.lists(st.text(min_size=1).filter(lambda text: text.strip()), max_size=4))
def test_a_list_of_addresses_stays_itself(uris: list[str]) -> None:
    assert addresses(uris) == tuple(uris)


def test_what_is_elsewhere(root: Path) -> None:
    here = ["data", "data/a.csv", "data/**/*.csv", f"file://{root}/data/a.csv", "data/{parameter:x}.csv"]
    assert not [one for one in here if is_elsewhere(one, root)]
    gone = ["s3-eu://bucket/key", "data/x.csv", "data/*.txtx", "file:///no/such", "\0"]
    assert [one for one in gone if is_elsewhere(one, root)] == gone
