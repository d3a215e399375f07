"""The process in which a plain script or notebook runs, is asked about, and has a counter-example done again: `main` reads what is
wanted from its argument, and writes one JSON document a line to the descriptor that is named there: how far it is, and the answer."""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import msgspec

from penstock.app.apart import elsewhere
from penstock.app.joined import Joined
from penstock.app.scripted import Asking, Told, note, repeated
from penstock.app.scripts import Wanted
from penstock.checks.circuit import spread
from penstock.checks.evidence import replay
from penstock.checks.guesses import Text
from penstock.declare.cells import Cell, Said, declares_steps, read_cells, said_in, said_of
from penstock.errors import DeclarationError, NotFound, PenstockError, StepFailed, UnknownName, did_you_mean
from penstock.model.task import Failure
from penstock.model.verdict import Finding, finding_id
from penstock.report.check_views import checks_view, finding_view, json_value
from penstock.report.script_documents import NoteDocument, ScriptDocument
from penstock.work.calls import Recorder, plain_function

__all__ = ["Say", "main", "performed"]

Say = Callable[[str, float], None]
"""Told what is begun now, and within how many seconds the next will be (0: nobody knows)."""

_PDEATHSIG = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>

_DEFINE = "Put the lines that make features into a function that takes a table and returns one, and call it."


def main(argument: str, descriptor: str, alive: str) -> None:
    """Do what is wanted, and tell. Ends with all that it began when nobody holds the other end of `alive` any more."""
    for one in (alive, descriptor):
        os.set_inheritable(int(one), False)  # what the script begins is not to hold them open
    threading.Thread(target=_watch, args=(int(alive),), daemon=True, name="penstock-watchdog").start()
    _die_with_parent()
    with os.fdopen(int(descriptor), "w", encoding="utf-8") as out:

        def tell(document: Mapping[str, Any]) -> None:
            out.write(json.dumps(document) + "\n")
            out.flush()

        def say(text: str, within: float) -> None:
            tell({"say": text, "within": within})

        try:
            tell({"answer": performed(msgspec.json.decode(argument, type=Wanted), say)})
        except PenstockError as error:
            tell({"error": [type(error).__name__, error.what, error.where, error.hint]})
        except Exception as error:  # what nobody expected is told by who began this process
            tell({"broken": "".join(traceback.format_exception(error))})
    os._exit(0)  # threads and windows of the script do not hold it up


def _watch(alive: int) -> None:
    try:
        select.select([alive], [], [])
    except (OSError, ValueError):  # the script closed what it should not: nothing is left to watch
        return
    os.killpg(0, signal.SIGKILL)


def _die_with_parent() -> None:
    """Where a call that never lets go of the interpreter keeps the watchdog from looking."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def performed(wanted: Wanted, say: Say) -> dict[str, Any]:
    """The answer. Raises what a person has to mend before anything can be said."""
    return _Scripted(wanted, say).replayed() if wanted.finding else _Scripted(wanted, say).checked()


class _Scripted:
    """One file, in this process."""

    def __init__(self, wanted: Wanted, say: Say) -> None:
        self.wanted, self.say = wanted, say
        self.path = Path(wanted.file).absolute()
        self.notes: list[NoteDocument] = []
        self.cells = read_cells(self.path)
        self.notebook = self.path.suffix == ".ipynb"
        if any(declares_steps(one.text) for one in self.cells):
            raise DeclarationError(
                f"{self.path.name} declares steps of Penstock",
                hint="In a notebook, check them in a cell: `ps.Pipeline([step, …]).check()`."
                if self.notebook
                else f"Write `penstock check -f {wanted.file}`.",
            )
        self.recorder = Recorder(self.path.parent, "" if self.notebook else str(self.path))
        self.seconds = 0.0

    def name_of(self, cell: Cell) -> str:
        """The path that the lines of a cell go by."""
        return str(self.path.with_name(cell.name))

    def shown(self, where: str) -> str:
        """A place as people write it: relative to where they are."""
        file, colon, line = where.rpartition(":")
        if not colon or not os.path.isabs(file):  # noqa: PTH117 - the name of a cell is no path
            return where
        near = os.path.relpath(file, self.wanted.home)
        return where if near.startswith("..") else f"{near}:{line}"

    def run(self) -> Failure | None:
        """Run it, once. Returns the first failure."""
        sys.argv = [str(self.path), *self.wanted.arguments]
        sys.path[0] = str(self.path.parent)
        if self.notebook:
            os.chdir(self.path.parent)
        if any("train_test_split" in one.text for one in self.cells) or self._near_by("train_test_split"):
            self.recorder.hook_splits()
        begun, first, limit = time.monotonic(), None, self.wanted.limit
        for number, cell in enumerate(self.cells, 1):
            of = f" cell {number} of {len(self.cells)}" if self.notebook else ""
            left = max(limit - (time.monotonic() - begun), 0.001) if limit else 0.0
            self.say(f"running {self.path.name}{of}", left)
            failure = self.recorder.run(self.name_of(cell), cell.text)
            if failure is not None:
                first = first or failure
                self.notes.append(self._failed(failure, cell))
        self.seconds = time.monotonic() - begun
        left_out = [f"`{one}`" for cell in self.cells for one in cell.left_out]
        if left_out:
            more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
            self.notes.append(note(f"left out, as only IPython understands it: {', '.join(left_out[:5])}{more}"))
        return first

    def _near_by(self, word: str) -> bool:
        files = [*self.path.parent.glob("*.py")][:200]
        return any(word in one.read_text(encoding="utf-8", errors="replace") for one in files)

    def _failed(self, failure: Failure, cell: Cell) -> NoteDocument:
        what = f"cell {cell.number}" if self.notebook else "the script"
        message = failure.message.strip().partition("\n")[0]
        return note(
            f"{what} failed: {failure.kind}: {message}", self.shown(failure.where), self._hint(failure), failed=True
        )

    def _hint(self, failure: Failure) -> str:
        if failure.kind == "ModuleNotFoundError":
            return f"It runs with {sys.executable}: install there what it needs, or install Penstock where it runs."
        if failure.kind == "SystemExit" and not self.notebook:
            return f"If it needs arguments, give them after --: `penstock check {self.wanted.file} -- ARGUMENT…`."
        if failure.kind == "EOFError":
            return "Nobody is there to answer what it asks (`input`): give it a value in the file."
        if failure.kind == "FileNotFoundError":
            folder = "its own folder" if self.notebook else "the folder that you are in"
            return f"It runs in {folder}: {os.getcwd()}."  # noqa: PTH109
        return failure.hint

    # check

    def checked(self) -> dict[str, Any]:
        """Run it, and ask its functions."""
        own = said_in(self.cells)
        given = [one for text in self.wanted.said for one in said_of(text, "")]
        failure = self.run()
        self._refuse_nothing(failure)
        begun = time.monotonic()
        text = Text([(self.name_of(one), one.text) for one in self.cells])
        declared = [
            Said(one.table, one.options, one.where and str(self.path.with_name(one.where))) for one in (*own, *given)
        ]
        asking = Asking(self.recorder, text, declared, self.shown, self.say)
        told = asking.ask(self.wanted.only, self.wanted.budget)
        findings = [self._kept(one, told) for one in told.findings]
        findings.sort(key=lambda one: one.verdict != "PROVEN")
        script: ScriptDocument = {
            "file": self.wanted.file,
            "seconds": round(self.seconds, 3),
            "functions": told.functions,
            "said": told.said,
            "notes": [*self.notes, *told.notes],
            "edges": told.edges,
        }
        return {
            "run": "",
            "pipeline": self.path.name,
            **checks_view(told.results, findings),
            "depth": "full",
            "seconds": round(time.monotonic() - begun, 3),
            "budget": self.wanted.budget,
            "left": [
                {"check": one.check, "step": one.step} for one in told.results if one.reason.startswith("not reached")
            ],
            "script": script,
        }

    def _refuse_nothing(self, failure: Failure | None) -> None:
        """Raise where no function was called with a table."""
        recorder, name = self.recorder, self.path.name
        if recorder.counts:
            return
        if failure is not None:
            said = self.notes[0]
            raise StepFailed(
                f"{said['text']}, before a function was called with a table", where=said["where"], hint=said["hint"]
            )
        if not recorder.defined:
            raise DeclarationError(
                f"{name} defines no function: there is nothing that could be asked again", hint=_DEFINE
            )
        if recorder.untabled:
            one, kinds = next(iter(recorder.untabled.items()))
            raise DeclarationError(
                f"no function of {name} was called with a table: `{one}` took {kinds}",
                where=self.shown(recorder.defined.get(one, "")),
                hint="Tables are those of pandas, polars, pyarrow, numpy and scipy.sparse, of two rows at least. "
                + _DEFINE,
            )
        names = ", ".join([f"`{one}`" for one in list(recorder.defined)[:5]])
        raise DeclarationError(
            f"{name} calls none of its functions ({names})", hint="Call them on the tables that they are for."
        )

    def _kept(self, one: Finding, told: Told) -> Finding:
        """A finding under its name, and its counter-example where `penstock replay` finds it."""
        name = one.id or finding_id(one)
        one = msgspec.structs.replace(one, id=name)
        proof = told.evidence.get(name)
        if proof is None or one.verdict != "PROVEN":
            return one
        folder = Path(self.wanted.kept)
        file = os.path.relpath(self.path, folder.parent.parent)
        here = folder.parent.parent == Path(self.wanted.home)
        command = f"penstock replay {name}" + ("" if here else f" -f {self.wanted.file}")
        told_again = msgspec.structs.replace(one, replay=command)
        try:
            data = cloudpickle.dumps(proof)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.pickle").write_bytes(data)
            said = {"file": file, "arguments": self.wanted.arguments, "finding": finding_view(told_again)}
            (folder / f"{name}.json").write_bytes(msgspec.json.encode(said))
        except Exception as error:  # what can't be pickled, or a folder that can't be written to
            self.notes.append(note(f"the counter-example of {name} can't be kept: {type(error).__name__}: {error}"))
            return one
        return told_again

    # replay

    def replayed(self) -> dict[str, Any]:
        """Run it, and call the function on both inputs."""
        folder, name = Path(self.wanted.kept), self.wanted.finding
        said = json.loads((folder / f"{name}.json").read_bytes())
        failure = self.run()
        proof = self._proof(folder / f"{name}.pickle")
        function = self.recorder.namespace.get(proof["function"])
        if not callable(function):
            if failure is not None:
                raise StepFailed(
                    f"finding {name} can't be done again: {self.notes[0]['text']}", where=self.notes[0]["where"]
                )
            hint = did_you_mean(proof["function"], self.recorder.defined) or "Check it anew."
            raise UnknownName(f"{self.path.name} has no function `{proof['function']}` any more", hint=hint)
        calling, both = repeated(plain_function(function), proof["first"]), proof.get("both")
        if both:
            calling = Joined(*both).calling(plain_function(function), both[1])
        again = partial(_called, proof["function"], calling)
        told = replay(again, proof["evidence"], elsewhere({proof["function"]: calling}))
        if told.reason.startswith("the step fails"):
            raise StepFailed(
                f"finding {name} can't be done again: {told.reason}", hint="Mend the function, and ask again."
            )
        return {
            "finding": said["finding"],
            "run": "",
            "moved": told.moved,
            "before": json_value(told.before),
            "after": json_value(told.after),
            "reason": told.reason,
        }

    def _proof(self, path: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = cloudpickle.loads(path.read_bytes())
        except Exception as error:  # written by other versions of the libraries that hold its tables
            raise NotFound(
                f"the counter-example can't be read: {type(error).__name__}: {error}",
                hint=f"`penstock check {self.wanted.file}` finds anew.",
            ) from None
        return found


def _called(name: str, function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return spread(name, function(**given))
