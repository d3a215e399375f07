"""Object storage whose answers are late, short, wrong or refusals: no artifact is corrupt, and all runs finish."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.faults.runs import BROAD, Project, broad_values
from tests.faults.trials import report, seeded, trials
from tests.proxies import FaultyProxy
from tests.services import S3Server

from penstock.model.digest import digest_bytes
from penstock.stores.remote import RemoteStore

pytestmark = [
    pytest.mark.needs("moto", "proc"),
    pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 180),
]


def port(server: S3Server) -> int:
    return urlsplit(server.url).port or 0


def test_what_is_written_is_read_whatever_answers_the_service_gives(
    s3: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blobs small and large, written, looked for, read on another machine, verified and removed."""
    count, wrong, large = trials(150), 0, 0
    kept: dict[str, bytes] = {}
    with FaultyProxy(port(s3_server), share=0.1, seed=1) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        trial = 0
        while proxy.requests < count:
            trial += 1
            chance = seeded(trial)
            writer, reader = RemoteStore(s3, tmp_path / "writer"), RemoteStore(s3, tmp_path / f"reader{trial}")
            size = 17_000_000 if trial % 40 == 3 else chance.choice([0, 1, 5_000, 300_000])
            large += size > 16 * 1024 * 1024
            data = chance.randbytes(size)
            with writer.writer() as file:
                file.write(data)
                blob = file.finish()
            writer.sync()
            assert blob.digest == digest_bytes(data)
            assert reader.has(blob.digest)
            wrong += reader.data(blob.digest) != data
            kept[blob.digest] = data
            if chance.random() < 0.3:
                gone = chance.choice(sorted(kept))
                reader.remove(gone)
                del kept[gone]
                assert not writer.has(gone)
        faults, requests = dict(proxy.faults), proxy.requests
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.url)
    store = RemoteStore(s3, tmp_path / "last")
    assert set(store.digests()) == set(kept)
    assert all(store.inspect(digest) == "good" for digest in kept)
    assert store.quarantined() == []
    assert wrong == 0
    report(
        "S3 that gives wrong answers", requests=requests, faults=faults, blobs=trial, large=large, corrupt=wrong, lost=0
    )
    assert sum(faults.values()) > 0


def test_runs_finish_whatever_answers_the_service_gives(s3: str, s3_server: S3Server, tmp_path: Path) -> None:
    count, rounds = trials(60), 0
    with FaultyProxy(port(s3_server), share=0.1, seed=2) as proxy:
        environment = {**s3_server.environment(), "PENSTOCK_STORE": f"{s3}/runs", "PENSTOCK_STORE_CACHE": "1000000"}
        project = Project(tmp_path / "p", BROAD, **environment)
        project.make_store = lambda: RemoteStore(f"{s3}/runs", tmp_path / "other", 1_000_000)
        while proxy.requests < count:
            rounds += 1
            code = project.run("--set", f"first.start={rounds}", AWS_ENDPOINT_URL=proxy.url)
            assert code == 0, project.said()[-4000:]
            assert set(project.statuses().values()) <= {"succeeded", "reused"}
            project.assert_values(broad_values(rounds))
        faults, requests = dict(proxy.faults), proxy.requests
    project.assert_sound()
    report("runs on S3 that gives wrong answers", requests=requests, faults=faults, rounds=rounds, corrupt=0, failed=0)
