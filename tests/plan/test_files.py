"""Content of files and folders: what counts and what does not."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import ParameterError
from penstock.plan.files import digest_path, settled

OLD = 1_600_000_000


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_content_counts_and_times_do_not(tmp_path):
    file = write(tmp_path / "a.csv", "1")
    before = digest_path(file)
    os.utime(file, (OLD, OLD))
    assert digest_path(file) == before
    write(file, "2")
    assert digest_path(file) != before


def test_an_edit_of_equal_size_whose_time_is_set_back_is_seen(tmp_path):
    file = write(tmp_path / "a.csv", "1")
    os.utime(file, (OLD, OLD))
    stats = {}
    before = digest_path(file, stats)
    write(file, "2")
    os.utime(file, (OLD, OLD))
    assert digest_path(file, stats) != before


def test_what_is_remembered_is_not_read_again(tmp_path, monkeypatch):
    file = write(tmp_path / "a.csv", "1")
    info = file.stat()
    stats = {str(file): (info.st_size, info.st_ctime_ns, info.st_ino, "blake3:known")}
    assert digest_path(file, stats) == "blake3:known"


def test_what_was_altered_just_now_is_not_remembered(tmp_path):
    file = write(tmp_path / "a.csv", "1")
    stats = {}
    digest_path(file, stats)
    assert stats == {}


@given(st.dictionaries(st.sampled_from(["a", "b", "c/d", "c/e"]), st.text(max_size=3), min_size=1))
def test_folders_are_their_names_and_contents(tmp_path_factory, content):
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    for name, text in content.items():
        write(one / name, text)
    for name, text in reversed(content.items()):
        write(two / name, text)
    assert digest_path(one) == digest_path(two)
    write(two / "one_more", "")
    assert digest_path(one) != digest_path(two)


def test_a_renamed_file_and_an_empty_folder_count(tmp_path):
    write(tmp_path / "in/a", "1")
    seen = {digest_path(tmp_path / "in")}
    (tmp_path / "in/a").rename(tmp_path / "in/b")
    seen.add(digest_path(tmp_path / "in"))
    (tmp_path / "in/empty").mkdir()
    seen.add(digest_path(tmp_path / "in"))
    assert len(seen) == 3


def test_links_are_followed_and_circles_end(tmp_path):
    file = write(tmp_path / "a", "1")
    (tmp_path / "link").symlink_to(file)
    assert digest_path(tmp_path / "link") == digest_path(file)
    folder = tmp_path / "in"
    write(folder / "x", "1")
    (folder / "up").symlink_to(folder)
    assert digest_path(folder).startswith("blake3:")


def test_nothing_there_says_so(tmp_path):
    with pytest.raises(ParameterError, match=r"nothing\.csv can't be read"):
        digest_path(tmp_path / "nothing.csv")


def test_only_a_file_at_rest_is_known_by_its_times(tmp_path, monkeypatch):
    file = write(tmp_path / "a", "1")
    assert settled(file) == ()
    info = file.stat()
    monkeypatch.setattr("penstock.plan.files.time.time_ns", lambda: info.st_ctime_ns + 3_000_000_000)
    assert settled(file) == (info.st_size, info.st_ctime_ns, info.st_ino)
    assert settled(tmp_path) == settled(tmp_path / "nothing") == ()


def test_a_pattern_gives_the_names_that_match_it(tmp_path):
    (tmp_path / "a.txt").write_text("1")
    with pytest.raises(ParameterError):
        digest_path(tmp_path / "*.txt")
    one = digest_path(tmp_path / "*.txt", patterns=True)
    (tmp_path / "a.txt").write_text("2")
    (tmp_path / "b.csv").write_text("2")
    assert digest_path(tmp_path / "*.txt", patterns=True) == one
    (tmp_path / "b.txt").write_text("2")
    assert digest_path(tmp_path / "*.txt", patterns=True) != one


def test_what_runs_write_beside_a_pipeline_is_no_content_of_its_folder(tmp_path):
    (tmp_path / "a").write_text("1")
    before = digest_path(tmp_path)
    for name in (".penstock", "__pycache__"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("1")
    assert digest_path(tmp_path) == before
