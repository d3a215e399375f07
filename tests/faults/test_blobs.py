"""Stored blobs are damaged behind the store's back: every damage is found, put aside, and mended by doing it again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.runs import BROAD, Project, broad_values
from tests.faults.trials import report, seeded, trials

from penstock.stores.local import LocalStore

pytestmark = pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)

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


@pytest.mark.needs("proc")
def test_whole_runs_make_again_what_was_damaged(tmp_path: Path) -> None:
    """Blobs of a pipeline are damaged between two runs: no step is given one, and all comes out as it was."""
    project = Project(tmp_path / "p", BROAD)
    rounds, found, verified = max(1, trials(60) // 20), 0, 0
    try:
        assert project.run("--set=first.start=1") == 0, project.said()
        for trial in range(rounds):
            chance = seeded(trial)
            blobs = sorted(path for path in (project.state / "store" / "blobs").rglob("*") if path.is_file())
            hurt = chance.sample(blobs, min(len(blobs), chance.choice([1, 2, 4, 8])))
            for path in hurt:
                damage(path, chance.choice(["flip", "cut", "double", "delete", "zero"]), chance)
            if chance.random() < 0.5:  # `verify` looks at all of it; else the steps themselves meet the damage
                assert "damaged" in project.reading("verify")
                verified += 1
                assert project.run("--set=first.start=1") == 0, project.said()
            else:
                forced = chance.choice(["last", "c3", "gathered", "two"])
                assert project.run("--set=first.start=1", "--force", forced) == 0, project.said()
                assert project.run("--set=first.start=1") == 0, project.said()
                project.reading("verify")  # of what nobody has read since
                assert project.run("--set=first.start=1") == 0, project.said()
            project.assert_values(broad_values(1))
            project.assert_sound(once=False)  # what was lost is committed again
            found += len(hurt)
    finally:
        project.end_all()
    report("damaged blobs of a pipeline", rounds=rounds, damaged=found, verified=verified, served=0, wrong=0)
