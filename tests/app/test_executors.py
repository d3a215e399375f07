"""Executors by name."""

import pytest

from penstock.app.executors import BUILT_IN, cores, executor_names, make_executor
from penstock.app.settings import open_store, unbound_settings
from penstock.errors import SettingsError
from penstock.model.step import Entry
from penstock.model.task import Task


def make(name, tmp_path, **options):
    settings = unbound_settings("p", tmp_path, state=str(tmp_path / "state"))
    return make_executor(name, settings, open_store(settings), step_of=lambda name: None, **options)


def test_the_built_in_ones(tmp_path):
    assert set(BUILT_IN) <= set(executor_names())
    assert make("inline", tmp_path).name == "inline"
    local = make("local", tmp_path, workers=3)
    assert (local.name, local.workers) == ("local", 3)
    assert make("local", tmp_path).workers == cores()


def test_inline_steps_are_routed_out_of_the_pool(tmp_path):
    assert make("local", tmp_path, isolations=frozenset({"inline"})).name == "local"


def test_a_container_is_not_replaced_by_a_process(tmp_path):
    local = make("local", tmp_path, isolations=frozenset({"worker", "container"}))
    local.submit(Task("r/a/1", "r", "a", 1, "k", "c", Entry("file"), isolation="container"))
    (ended,) = local.events(0)
    assert ended.failure is not None
    assert ended.failure.kind in ("NotFound", "MissingExtra")


def test_a_misspelt_name_gets_close_matches(tmp_path):
    with pytest.raises(SettingsError, match="no executor `lcoal`") as error:
        make("lcoal", tmp_path)
    assert "`local`" in error.value.hint
