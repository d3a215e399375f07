"""The past, as a decision asks for it: the ledger's executions, and whether their outputs are still there."""

import os
from collections.abc import Iterable
from pathlib import Path

from penstock.errors import ParameterError
from penstock.model.code import Code
from penstock.model.digest import digest_variable
from penstock.model.run import Execution, Reason
from penstock.model.task import ABSENT, HiddenInput
from penstock.plan.files import Stats, digest_path
from penstock.ports import Ledger, Store

__all__ = ["Past"]


class Past:
    """The memory of one pipeline in one ledger. The newest executions are fetched at once, others when asked for.

    Files that steps read without declaring them lie below `root` where their paths are relative.
    """

    def __init__(self, ledger: Ledger, store: Store, pipeline: str, stats: Stats | None = None, root: str = "") -> None:
        self._ledger = ledger
        self._store = store
        self._stats = stats
        self._root = root
        self._last = ledger.recent(pipeline)
        self._known = {one.key: one for one in self._last.values() if one.cached}
        self._withdrawn = {one.key for one in self._last.values() if not one.cached}
        self._gone: set[str] = set()
        self._codes: dict[str, Code | None] = {}
        self._pipeline = pipeline
        self._ended: dict[str, Reason] | None = None

    def find(self, key: str) -> Execution | None:
        """The committed execution of a key, if its outputs are all there."""
        if key in self._gone:
            return None
        return self.whole(self._known.get(key) or self._ledger.find((key,)).get(key))

    def find_all(self, keys: Iterable[str]) -> dict[str, Execution]:
        """The same for many keys: the ledger is asked once for all that is not known yet."""
        wanted = [key for key in keys if key not in self._gone]
        asked = [key for key in wanted if key not in self._known]
        answers = self._ledger.find(asked) if asked else {}
        found = {key: self.whole(self._known.get(key) or answers.get(key)) for key in wanted}
        return {key: one for key, one in found.items() if one is not None}

    def whole(self, found: Execution | None) -> Execution | None:
        """An execution, if its outputs are all there; if not, it is offered no longer."""
        if found is None or found.key in self._gone:
            return None
        if not self._complete(found):
            self.forget([found.key], "an output is not in the store")
            return None
        return found

    def known(self, key: str) -> Execution | None:
        """The same among what this run knows already, without asking the ledger."""
        return self.find(key) if key in self._known else None

    def last(self, step: str) -> Execution | None:
        """The newest execution of a step."""
        return self._last.get(step)

    def ended(self, step: str) -> Reason | None:
        """How a step came to nothing in the newest run that is over: it failed, or skipped itself."""
        if self._ended is None:
            self._ended = {}
            done = [one for one in self._ledger.runs(2, self._pipeline) if one["status"] != "running"]
            for row in self._ledger.steps(done[0]["run"]) if done else ():
                error = row["error"]
                if row["status"] == "failed" and error is not None:
                    what = f"it failed last time: {error.kind}: {error.message}"
                    self._ended[row["step"]] = Reason("failed", what, error.where)
                elif row["status"] == "skipped":
                    self._ended[row["step"]] = Reason("skipped", f"it was skipped last time: {row['reason']}")
        return self._ended.get(step)

    def code(self, digest: str) -> Code | None:
        """A closure of old."""
        if digest not in self._codes:
            self._codes[digest] = self._ledger.code(digest)
        return self._codes[digest]

    def knows(self, steps: Iterable[str]) -> bool:
        """Whether every one of these steps ran before."""
        return all(step in self._last for step in steps)

    def lost(self, key: str) -> bool:
        """Whether this key's outputs were found missing."""
        return key in self._gone or key in self._withdrawn

    def forget(self, keys: Iterable[str], reason: str) -> None:
        """Offer these executions no longer, in this run and later."""
        listed = [key for key in keys if key not in self._gone]
        self._gone.update(listed)
        for key in listed:
            self._known.pop(key, None)
        if listed:
            self._ledger.forget(listed, reason)

    def redone(self, execution: Execution) -> None:
        """An execution was committed in this run."""
        self._gone.discard(execution.key)
        self._known[execution.key] = execution

    def hidden(self, step: str) -> tuple[HiddenInput, ...]:
        """The files and variables that the step read last time without saying so, with the digests that they have now."""
        last = self._last.get(step)
        if last is None or not last.hidden:
            return ()
        return tuple([HiddenInput(one.path, one.where, self._digest(one.path)) for one in last.hidden])

    def _digest(self, path: str) -> str:
        if path[0] == "$":
            value = os.environ.get(path[1:])
            return ABSENT if value is None else digest_variable(value)
        try:
            return digest_path(Path(self._root, path), self._stats, patterns=True)
        except ParameterError:
            return ABSENT

    def _complete(self, execution: Execution) -> bool:
        for one in execution.outputs:
            stored = one.stored
            if stored.data is None and not self._store.has(stored.blob):
                return False
            for part in stored.parts:
                if not self._store.has(part):
                    return False
        return True
