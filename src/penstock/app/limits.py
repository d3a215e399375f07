"""How many steps may run at once, and what they may use together with other runs: settings made into a gate."""

from collections.abc import Iterable, Iterator, Mapping

from penstock.app.settings import Settings
from penstock.errors import SettingsError, did_you_mean
from penstock.executors.gated import Gated
from penstock.executors.processes import marked
from penstock.model.step import Step
from penstock.ports import Executor
from penstock.run.leases import Leases, owner_is_dead
from penstock.run.shares import LeasedShares

__all__ = ["check_limits", "gated", "limit_problems"]


def limit_problems(steps: Iterable[Step], totals: Mapping[str, int]) -> Iterator[SettingsError]:
    """Each limit that a step asks for and of which nobody said how much there is, or too little."""
    for step in steps:
        for name, count in step.options.limits.items():
            if name not in totals:
                yield SettingsError(
                    f"step `{step.name}` needs {count} of the limit `{name}`, and no setting says how much there is",
                    where=step.where,
                    hint=did_you_mean(name, totals) or f"Set PENSTOCK_LIMITS={name}={count}, or {_toml(name, count)}.",
                )
            elif count > totals[name]:
                yield SettingsError(
                    f"step `{step.name}` needs {count} of the limit `{name}`, and there are {totals[name]}: it could never run",
                    where=step.where,
                    hint=f"Ask for less, or set {_toml(name, count)}.",
                )


def check_limits(steps: Iterable[Step], totals: Mapping[str, int]) -> None:
    """Raise the first of the `limit_problems`."""
    for problem in limit_problems(steps, totals):
        raise problem


def gated(executor: Executor, steps: Iterable[Step], settings: Settings, leases: Leases, max_parallel: int) -> Executor:
    """The executor, behind a gate where steps have limits or `max_parallel` (0: not limited) is said; else itself."""
    limited = any(step.options.limits for step in steps)
    if not limited and not max_parallel:
        return executor
    # A share must not be held by a task that waits for a processor: then no more is handed on than can run.
    workers = max(getattr(executor, "workers", 1), 1)
    most = min(max_parallel or workers, workers) if limited else max_parallel
    return Gated(executor, most, LeasedShares(leases, settings.limits, _gone))


def _gone(owner: str) -> bool:
    """Whether a run's process is no more, and all that it started has ended too."""
    return owner_is_dead(owner) and not marked(int(owner.split("|")[2]))


def _toml(name: str, count: int) -> str:
    return f"`{name} = {count}` under [tool.penstock.limits] in pyproject.toml"
