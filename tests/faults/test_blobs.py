"""Stored blobs are damaged behind the store's back: every damage is found, put aside, and mended by doing it again."""

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.trials import report, seeded, trials

from penstock.stores.local import LocalStore

READER = """
import sys
from penstock.errors import Corrupt
from penstock.stores.local import LocalStore
store = LocalStore(sys.argv[1])
for digest in sys.stdin.read().split():
    try:
        print(len(store.data(digest)), "served")
    except Corrupt:
        print("found")
"""


def damage(path: Path, how: str, chance) -> None:
    """Change a file without a trace in its times, as a disk would."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    size = len(data)
    if how == "delete":
        path.unlink()
        return
    if how == "flip":
        data[chance.randrange(size)] ^= 1 << chance.randrange(8)
    elif how == "cut":
        del data[chance.choice([0, 1, size // 2, size - 1]) :]
    elif how == "double":
        data += bytes(data)
    elif how == "zero":
        start = chance.randrange(size)
        data[start:] = bytes(size - start)
        data += b"\0" * (bytes(data) == path.read_bytes())
    path.chmod(0o600)
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_every_damage_is_found(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    count = trials(60)
    contents: dict[str, bytes] = {}
    for trial in range(count):
        chance = seeded(trial)
        data = chance.randbytes(chance.choice([1, 7, 4096, 20_000, 200_000])) + trial.to_bytes(4, "big")
        with store.writer() as writer:
            writer.write(data)
            contents[writer.finish().digest] = data
    store.sync()
    sound = list(contents)[: count // 10]
    told: dict[str, int] = {}
    for trial, digest in enumerate(contents):
        if digest not in sound:
            chance = seeded(-trial)
            how = chance.choice(["flip", "flip", "cut", "double", "delete", "zero"])
            told[how] = told.get(how, 0) + 1
            damage(store._final(digest), how, chance)
    answers = subprocess.run(
        [sys.executable, "-c", READER, tmp_path], input="\n".join(contents), capture_output=True, text=True
    ).stdout.splitlines()
    served = [digest for digest, answer in zip(contents, answers, strict=True) if answer != "found"]
    assert served == sound
    assert set(store.digests()) == set(sound)
    assert len(list((tmp_path / "quarantine").iterdir())) == count - len(sound) - told.get("delete", 0)
    again = LocalStore(tmp_path)
    for digest, data in contents.items():
        with again.writer() as writer:
            writer.write(data)
            assert writer.finish().digest == digest
    again.sync()
    assert all(again.verify(digest) for digest in contents)
    report("damaged blobs", trials=count - len(sound), served=0, **told)
