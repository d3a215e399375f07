"""What appears in a folder of modules, and what goes."""

import os

from penstock.declare.folders import Folders


def test_modules_and_packages_that_appear_and_go(tmp_path):
    (tmp_path / "a.py").write_text("")
    one = Folders([str(tmp_path), str(tmp_path / "missing")])
    assert one.changed() == []
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "data").mkdir()
    (tmp_path / "a.py").write_text("x = 1")
    assert one.changed() == []
    (tmp_path / "b.py").write_text("")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "a.py").unlink()
    gone = [tmp_path / name for name in ("a.py", "b.py", "package")]
    assert one.changed() == gone
    assert one.changed() == gone  # until somebody loads anew


def test_an_old_folder_is_not_listed_again(tmp_path):
    os.utime(tmp_path, (1, 1))
    one = Folders([str(tmp_path)])
    (tmp_path / "a.py").write_text("")
    os.utime(tmp_path, (1, 1))
    assert one.changed() == []  # nobody can know, without listing it
    os.utime(tmp_path, (2, 2))
    assert one.changed() == [tmp_path / "a.py"]
