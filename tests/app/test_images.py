"""Images: found, built, made; and steps that run in them, from the pipeline file on."""

from pathlib import Path

import pytest
from tests.containers import home, image
from tests.services import SECRET

import penstock as ps
from penstock.app import images
from penstock.app.settings import open_store
from penstock.errors import DeclarationError, ExecutorError, MissingExtra, NotFound
from penstock.executors.engines import Engine, find_engine

pytestmark = pytest.mark.timeout(300)
real = pytest.mark.needs("podman", "uv")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return home(tmp_path, monkeypatch)


def pipeline(folder: Path, text: str, **settings) -> ps.Pipeline:
    (folder / "p.py").write_text(f"import os\nimport penstock as ps\n{text}")
    return ps.Pipeline.load(folder / "p.py", **settings)


STEPS = """
@ps.source
def rows(n: int = 3) -> list[int]:
    return list(range(n))

@ps.step
def where(rows: list) -> dict:
    return {"sum": sum(rows), "in": os.path.isdir("/penstock/out"), "uid": os.getuid()}
"""


@real
def test_all_steps_in_containers_by_a_setting_alone(folder: Path) -> None:
    own = pipeline(folder, STEPS)
    here = own.run()
    image()  # so that two tests do not make it at once
    there = own.run(executor="container")
    assert here["where"]["in"] is False
    assert there["where"] == {"sum": 3, "in": True, "uid": 1000}
    assert here.stored("rows").digest == there.stored("rows").digest
    assert {row["status"] for row in own.run(executor="container").steps.values()} == {"reused"}
    assert {row["status"] for row in own.run().steps.values()} == {"reused"}


@real
def test_a_plan_says_what_a_run_in_containers_would_do_and_makes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = pipeline(folder, STEPS)
    own.run()
    image()
    there = ps.Pipeline.load(folder / "p.py", executor="container")

    def made(*_: object, **__: object) -> None:
        raise AssertionError("a plan makes no image")

    with monkeypatch.context() as only:
        only.setattr(images, "_make", made)
        only.setattr(images, "made_of", made)
        assert there.plan()["rows"].action == "run"
    there.run()
    assert not there.plan().runs
    monkeypatch.setattr(Engine, "image", lambda *_: (_ for _ in ()).throw(NotFound("it was removed")))
    assert not there.plan().runs


@real
def test_what_an_image_copies_of_the_state_folder_does_not_count(folder: Path) -> None:
    (project := folder / "project").mkdir()  # beside the caches
    (project / "Containerfile").write_text(f"FROM {image().name}\nCOPY . /everything\n")
    own = pipeline(project, "@ps.step(image='Containerfile')\ndef one(): return 1\n")
    own.run()
    assert (project / ".penstock").is_dir()
    assert not own.plan().runs


@real
@pytest.mark.needs("moto", "obstore")
def test_values_in_object_storage(folder: Path, s3: str) -> None:
    """The runner fetches and sends them: a container has neither a network nor credentials."""
    text = """
@ps.source
def rows(n: int = 200_000): return list(range(n))

def part(item): return [item] * 50_000

@ps.step
def parts(rows): return ps.each([1, 2, 3], part)

@ps.step
def seen(rows, parts):
    return [len(rows), [len(one) for one in parts], [one for one in os.environ if "AWS" in one or "STORE" in one]]
"""
    image()
    own = pipeline(folder, text, store=f"{s3}/values")
    here = own.run(executor="container")
    assert here["seen"] == [200_000, [50_000] * 3, []]
    assert {row["status"] for row in own.run(executor="container").steps.values()} == {"reused"}
    store = open_store(own.settings)
    lost = here.stored("rows").blob
    store.remove(lost)
    again = own.run(executor="container", force=["seen"])
    assert again.steps["rows"]["status"] == "succeeded"
    assert store.has(lost)
    for path in folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    assert not [*(folder / ".penstock" / "containers").iterdir()]


@real
def test_a_folder_of_any_name(folder: Path) -> None:
    image()
    (odd := folder / 'odd: dir,"ü"').mkdir()
    run = pipeline(odd, STEPS).run(executor="container")
    assert run["where"] == {"sum": 3, "in": True, "uid": 1000}


@real
def test_one_step_in_an_image_by_name(folder: Path) -> None:
    name = image().name
    text = STEPS.replace("@ps.step", f"@ps.step(image={name!r})")
    run = pipeline(folder, text).run()
    assert run["where"]["in"] is True
    engine = find_engine()
    assert engine.ask("tag", name, "localhost/another:1")[0] == 0
    again = pipeline(folder, text.replace(name, "localhost/another:1")).run()
    # The same content under another name: the declaration is another, the place is not.
    assert [one.kind for one in again.steps["where"]["reasons"]] == ["code"]


@real
def test_an_image_from_a_containerfile_is_built_once(folder: Path) -> None:
    (folder / "words.txt").write_text("hello")
    (folder / "Containerfile").write_text(f"FROM {image().name}\nCOPY words.txt /words.txt\n")
    text = "@ps.step(image='Containerfile')\ndef said(): return open('/words.txt').read()\n"
    own = pipeline(folder, text)
    assert own.run()["said"] == "hello"
    assert own.run().steps["said"]["status"] == "reused"
    (folder / "words.txt").write_text("other words")
    run = pipeline(folder, text).run()
    assert run["said"] == "other words"
    assert run.steps["said"]["reasons"][0].kind == "image"
    (folder / "Containerfile").write_text(f"FROM {image().name}\nNONSENSE\n")
    with pytest.raises(ExecutorError, match="Containerfile can't be built") as error:
        pipeline(folder, text).plan()
    assert error.value.where == "p.py:3"


@real
def test_an_image_without_python_is_shown_this_machine_s(folder: Path) -> None:
    base = image()
    (folder / "Containerfile").write_text(f"FROM {base.name}\nENV PATH=/usr/bin:/bin\nENV PYTHONPATH=\n")
    piece = images.from_file(find_engine(), "Containerfile", folder)
    found = images.find(piece.digest)
    assert found.python != base.python
    assert set(found.mounts) > set(base.mounts)
    run = pipeline(folder, STEPS.replace("@ps.step", "@ps.step(image='Containerfile')")).run()
    assert run["where"]["in"] is True


@real
def test_an_image_of_an_environment_of_its_own(folder: Path) -> None:
    text = """
@ps.step(env=["iniconfig==2.0.0"])
def version():
    import importlib.metadata
    return importlib.metadata.version("iniconfig")
"""
    run = pipeline(folder, text).run(executor="container")
    assert run["version"] == "2.0.0"


@real
def test_image_build_makes_what_the_executor_looks_for(folder: Path) -> None:
    said: list[str] = []
    own = pipeline(folder, STEPS)
    assert own.image(say=said.append)[0] == image().name
    assert own.image(tag="localhost/called:so", say=said.append)[0] == "localhost/called:so"
    assert find_engine().image("localhost/called:so")


@real
def test_what_is_no_image_is_told_at_the_step(folder: Path) -> None:
    own = pipeline(folder, "@ps.step(image='localhost/no/such:1')\ndef a(): return 1\n")
    with pytest.raises(NotFound, match="no image localhost/no/such:1") as error:
        own.plan()
    assert error.value.where == "p.py:3"


def test_an_image_and_an_env_are_one_too_many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = pipeline(folder, "@ps.step(image='x', env=['iniconfig'])\ndef a(): return 1\n")
    with pytest.raises(DeclarationError, match="an `image` and an `env`"):
        own.plan()


def test_without_an_engine_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = pipeline(folder, "@ps.step(image='x')\ndef a(): return 1\n")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MissingExtra, match="podman or docker") as error:
        own.plan()
    assert error.value.where == "p.py:3"
    assert own.run(executor="inline")["a"] == 1


def test_which_names_are_files(tmp_path: Path) -> None:
    (tmp_path / "Containerfile").touch()
    (tmp_path / "train.Dockerfile").touch()
    assert images.is_file("Containerfile", tmp_path)
    assert images.is_file("train.Dockerfile", tmp_path)
    assert not images.is_file("Dockerfile", tmp_path)
    assert not images.is_file("python:3.12", tmp_path)


def test_what_was_learnt_and_is_gone(folder: Path) -> None:
    with pytest.raises(NotFound, match="gone from the cache"):
        images.find("blake3:00")


VALOHAI = """
- step:
    name: write
    image: {image}
    command:
      - test -f /valohai/repository/words.txt
      - cat words.txt > /valohai/outputs/copied.txt
      - python -c "import json, os; print(json.dumps(dict(uid=os.getuid(), rate=json.load(open('/valohai/config/parameters.json'))['rate'])))"
      - if (echo x > /valohai/repository/../../spoilt) 2>/dev/null; then exit 3; fi
    parameters:
      - name: rate
        type: float
        default: 0.5
- step:
    name: read
    image: {image}
    command: test "$(cat /valohai/inputs/text/copied.txt)" = hello
    inputs:
      - name: text
- pipeline:
    name: both
    nodes:
      - name: write
        type: execution
        step: write
      - name: read
        type: execution
        step: read
    edges:
      - [write.output.*, read.input.text]
"""


@real
def test_commands_of_a_valohai_yaml_run_in_their_images(folder: Path) -> None:
    (folder / "words.txt").write_text("hello")
    (folder / "valohai.yaml").write_text(VALOHAI.format(image=image().name))
    own = ps.Pipeline.load(folder / "valohai.yaml", executor="container")
    run = own.run()
    run.raise_if_failed()
    assert run["write.metadata"] == {"uid": 1000, "rate": 0.5}
    assert (run["write.outputs"] / "copied.txt").read_text() == "hello"
    assert {row["status"] for row in own.run().steps.values()} == {"reused"}


def test_links_are_followed_from_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = tmp_path / "zones"
    (zones / "Etc").mkdir(parents=True)
    (zones / "Etc" / "UTC").write_text("TZif")
    (zones / "UTC").symlink_to("Etc/UTC")
    (zones / "gone").symlink_to("nowhere")
    (zones / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    images._copy(zones, tmp_path / "root")
    made = tmp_path / "root" / str(zones).lstrip("/")
    assert sorted(one.name for one in made.iterdir()) == ["Etc", "UTC"]
    assert (made / "UTC").read_text() == "TZif"
