from pathlib import Path

import pytest

from penstock.ledger.mounts import filesystem, network_filesystem

LINE = "{number} 1 0:{number} / {place} rw,relatime shared:1 - {kind} source rw\n"


def mounts(folder: Path, *pairs: tuple[str, str]) -> Path:
    path = folder / "mountinfo"
    lines = [LINE.format(number=number, place=place, kind=kind) for number, (place, kind) in enumerate(pairs)]
    path.write_text("".join(lines) + "rubbish\n")
    return path


def test_the_deepest_mount_counts(tmp_path: Path) -> None:
    table = mounts(tmp_path, ("/", "ext4"), ("/data", "nfs4"), ("/data/fast", "xfs"), ("/data", "tmpfs"))
    assert filesystem(Path("/home/x"), table) == "ext4"
    assert filesystem(Path("/data/fast/x"), table) == "xfs"
    assert filesystem(Path("/data/x"), table) == "tmpfs"  # mounted over the nfs4
    assert filesystem(Path("/database"), table) == "ext4"


def test_names_with_spaces(tmp_path: Path) -> None:
    assert filesystem(Path("/my data/x"), mounts(tmp_path, ("/", "ext4"), (r"/my\040data", "cifs"))) == "cifs"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "lustre", "fuse.sshfs", "fuse.glusterfs"])
def test_network_file_systems(tmp_path: Path, kind: str) -> None:
    assert network_filesystem(Path("/net/x"), mounts(tmp_path, ("/", "ext4"), ("/net", kind))) == kind


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuse.mergerfs", "virtiofs"])
def test_local_file_systems(tmp_path: Path, kind: str) -> None:
    assert network_filesystem(Path("/disk/x"), mounts(tmp_path, ("/", "ext4"), ("/disk", kind))) == ""


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    table = mounts(tmp_path, ("/", "ext4"), (str((tmp_path / "real").resolve()), "nfs"))
    assert filesystem(tmp_path / "link" / "ledger.db", table) == "nfs"


def test_no_table_tells_nothing(tmp_path: Path) -> None:
    assert filesystem(tmp_path, tmp_path / "absent") == ""
    assert network_filesystem(tmp_path, tmp_path / "absent") == ""


@pytest.mark.needs("proc")
def test_this_machine_has_file_systems() -> None:
    assert filesystem(Path("/proc/self")) == "proc"
