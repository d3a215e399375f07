"""What a run records of itself: commit, environment, machine, source snapshot."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from penstock.graph.graph import Graph
from penstock.model.contract import Contract
from penstock.model.digest import digest_bytes
from penstock.model.waiver import Waiver
from penstock.ports import Ledger

__all__ = ["GitState", "as_text", "contract_record", "environment", "graph_record", "machine", "new_run_id", "snapshot"]

_DIFF_LIMIT = 1 << 20


def new_run_id() -> str:
    """An id that sorts by time and is short enough to type: `20261121-153042-x7k2`."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    tail = "".join([alphabet[byte % len(alphabet)] for byte in os.urandom(4)])
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + tail


class GitState:
    """The commit of a folder and what differs from it, asked in the background while the plan is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        if any((one / ".git").exists() for one in (folder, *folder.parents)):
            self._process = self._git("status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", ".")

    def read(self, seconds: float = 2.0) -> tuple[str, bool, str]:
        """(commit, whether anything differs, the difference as a diff); empty where there is no git."""
        if self._process is None:
            return "", False, ""
        status = self._output(self._process, seconds)
        commit = ""
        dirty = False
        for line in status.splitlines():
            if line.startswith("# branch.oid "):
                commit = line.removeprefix("# branch.oid ").replace("(initial)", "")
            elif line and not line.startswith("#"):
                dirty = True
        diff = ""
        if dirty and commit:
            process = self._git("diff", "--no-color", "--no-ext-diff", "HEAD", "--", ".")
            diff = self._output(process, seconds)[:_DIFF_LIMIT] if process else ""
        return commit, dirty, diff

    def _git(self, *arguments: str) -> "subprocess.Popen[bytes] | None":
        try:
            return subprocess.Popen(
                ["git", "--no-optional-locks", *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return None

    @staticmethod
    def _output(process: "subprocess.Popen[bytes]", seconds: float) -> str:
        try:
            return process.communicate(timeout=seconds)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return ""


def environment() -> dict[str, str]:
    """Each installed distribution with its version, and `python` and `platform`.

    Read from the names of the metadata folders, which is a hundred times faster than parsing them.
    """
    found = {"python": platform.python_version(), "platform": sys.platform}
    for entry in sys.path:
        if not entry or not entry.endswith(("site-packages", "dist-packages")):
            continue
        try:
            names = os.listdir(entry)  # noqa: PTH208 - a hundred names, no paths wanted
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info"):
                distribution, _, version = name[:-10].rpartition("-")
                found.setdefault(distribution.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))


def machine() -> dict[str, Any]:
    """Host name, cores that this process may use, and memory in bytes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {"host": os.uname().nodename, "cores": cores, "memory": memory, "system": platform.system()}


def as_text(value: object) -> str:
    """A parameter's value as the command line would be given it, so that a run can be resumed and done again.

    >>> as_text({"a": [1, None]}), as_text("x"), as_text(0.5)
    ('{"a":[1,null]}', 'x', '0.5')
    """
    if isinstance(value, str | int | float | os.PathLike | None):
        return str(value)
    try:
        return msgspec.json.encode(value, enc_hook=_plain_path).decode()
    except (TypeError, ValueError, OverflowError):
        return str(value)


def _plain_path(value: object) -> str:
    if isinstance(value, os.PathLike):
        return str(value)
    raise TypeError


def graph_record(graph: Graph, waivers: Sequence[Waiver] = ()) -> dict[str, Any]:
    """The graph as data: for each step its kind, place, inputs (argument → artifact), outputs (artifact → role), what is waived of what
    checks find in it, and a source's contract."""
    found: dict[str, Any] = {}
    for step in graph.steps.values():
        one: dict[str, Any] = {"kind": step.kind, "where": step.where}
        if step.inputs:
            one["inputs"] = {argument: artifact for argument, (_, artifact) in graph.inputs(step.name).items()}
        if len(step.outputs) != 1 or step.outputs[0].name:
            one["outputs"] = {step.artifact(output): output.role for output in step.outputs}
        if step.contract is not None:
            one["contract"] = contract_record(step.contract)
        if step.options.target:
            one["target"] = list(step.options.target)
        if step.options.description:
            one["description"] = step.options.description
        if step.options.tags:
            one["tags"] = list(step.options.tags)
        mine = [msgspec.to_builtins(waiver) for waiver in waivers if waiver.step == step.name]
        if mine:
            one["waivers"] = mine
        found[step.name] = one
    return found


def contract_record(contract: Contract) -> dict[str, Any]:
    """A contract as data; a delay after `time` is `{"seconds": …}`, a clock column is its name."""
    late = {
        column: {"seconds": clock.total_seconds()} if isinstance(clock, timedelta) else clock
        for column, clock in contract.known_at.items()
    }
    said = {
        "key": list(contract.key),
        "time": contract.time,
        "known_at": late,
        "label": list(contract.label),
        "group": list(contract.group),
        "contract": contract.freeze,
        "fail_on": list(contract.fail_on),
    }
    return {name: value for name, value in said.items() if value}


def snapshot(sources: Mapping[Path, bytes], ledger: Ledger) -> str:
    """Keep the project's own source files; the digest of their list (path → digest, as JSON)."""
    digests = {str(path): digest_bytes(content) for path, content in sorted(sources.items())}
    listed = msgspec.json.encode(digests)
    digest = digest_bytes(listed)
    if ledger.data(digest) is None:
        for path, content in sources.items():
            if ledger.data(digests[str(path)]) is None:
                ledger.put(content)
        ledger.put(listed)
    return digest
