"""On what kind of file system a path lies. SQLite's locks and shared memory do not work across a network."""

import os
import re
from pathlib import Path

__all__ = ["MOUNTS", "filesystem", "network_filesystem"]

MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fhgfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf",
})  # fmt: skip
_REMOTE_FUSE = ("sshfs", "s3fs", "gcsfuse", "glusterfs", "ceph", "rclone", "goofys", "blobfuse", "juicefs", "davfs")


def filesystem(path: Path, mounts: Path | None = None) -> str:
    """The type of the file system that `path` (which need not exist) lies on, as Linux names it; "" if unknown."""
    try:
        lines = os.fsdecode((mounts or MOUNTS).read_bytes()).splitlines()
    except OSError:
        return ""
    place = os.path.realpath(path)
    best, kind = -1, ""
    for line in lines:
        head, _, tail = line.partition(" - ")
        fields = head.split(" ")
        if len(fields) < 5 or not tail:
            continue
        mounted = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4])
        inside = mounted in ("/", place) or place.startswith(mounted + "/")
        if inside and len(mounted) >= best:  # of two on one point, the later hides the earlier
            best, kind = len(mounted), tail.split(" ", 1)[0]
    return kind


def network_filesystem(path: Path, mounts: Path | None = None) -> str:
    """The type of the file system if it is one that other machines share, else ""."""
    kind = filesystem(path, mounts)
    remote = kind in _NETWORK or (kind.startswith("fuse.") and any(name in kind for name in _REMOTE_FUSE))
    return kind if remote else ""
