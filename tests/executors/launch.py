"""A worker's process for tests: real codecs and store, functions from pickles or plainly executed files."""

import sys
from pathlib import Path
from typing import Any

from penstock.codecs.registry import Codecs
from penstock.executors.server import Fork, serve
from penstock.executors.worker import work
from penstock.model.code import Code
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.plan.files import digest_path
from penstock.stores.local import LocalStore
from penstock.values.functions import dumps
from penstock.work.outputs import Target
from penstock.work.perform import Kit


def kit(state: Path) -> Kit:
    namespaces: dict[str, dict[str, Any]] = {}

    def resolve(task: Task) -> Any:
        entry = task.entry
        if entry.kind == "pickle":
            import cloudpickle

            return cloudpickle.loads(entry.data), None
        if entry.path not in namespaces:
            namespaces[entry.path] = {"__name__": "steps_of_a_file", "__file__": entry.path}
            exec(compile(Path(entry.path).read_text(), entry.path, "exec"), namespaces[entry.path])
        return namespaces[entry.path][entry.name], None

    def target(function: Any) -> Target:
        name = function.__name__
        return Target(Entry("pickle", name=name, data=dumps(function)), Code(name), ("item",), name)

    return Kit(Codecs(), LocalStore(state / "store"), resolve, list, digest_path, target, (str(state / "store"),))


def compose(fork: Fork) -> Kit:
    return kit(Path(fork.hello.state))


if __name__ == "__main__":
    work(serve(int(sys.argv[-1])), compose, 1 << 30).run()
