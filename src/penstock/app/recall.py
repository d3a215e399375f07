"""What notebooks ask of the past: `load` a value of any run, and the `history` of a metric."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, overload

from penstock.app.settings import Settings, find_settings, open_ledger, open_store, reading_settings
from penstock.app.values import load_value
from penstock.app.versions import find_version
from penstock.errors import SettingsError
from penstock.ports import Ledger
from penstock.report.chart import chart_svg
from penstock.report.markup import element, joined
from penstock.report.metric_history import metric_view
from penstock.report.units import number, plural

__all__ = ["History", "Point", "history", "load"]


class Point(NamedTuple):
    """A metric in one run. `started` has a zone (UTC); `value` is None where it was not finite."""

    run: str
    started: datetime
    value: float | None
    name: str
    tags: tuple[str, ...]
    status: str


class History(Sequence[Point]):
    """A metric over runs, the oldest first. Notebooks show it as a chart; `pandas.DataFrame(history)` takes it."""

    def __init__(self, metric: str, points: Sequence[Point]) -> None:
        self.metric = metric
        self._points = tuple(points)

    @property
    def values(self) -> list[float | None]:
        """The values alone."""
        return [one.value for one in self._points]

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Point, ...]: ...
    def __getitem__(self, index: int | slice) -> Point | tuple[Point, ...]:
        return self._points[index]

    def __len__(self) -> int:
        return len(self._points)

    def __iter__(self) -> Iterator[Point]:
        return iter(self._points)

    def __repr__(self) -> str:
        lines = [f"{one.run}  {number(one.value)}  {one.name}".rstrip() for one in self._points]
        return "\n".join([f"<history of {self.metric}: {plural(len(self), 'run')}>", *lines])

    def _repr_html_(self) -> str:
        titles = [f"{one.run} {one.name}".strip() for one in self._points]
        return joined([element("strong", self.metric), element("div", chart_svg(self.values, titles))])


def load(
    artifact: str,
    *,
    run: str = "",
    tag: str = "",
    inputs: Mapping[str, str] | None = None,
    file: str | Path | None = None,
    **settings: Any,
) -> Any:
    """The value of an artifact, of whatever run: `ps.load("model", run="last")`.

    `run` is a run's id or the beginning of it, its name, one of its tags, or `last`; `tag` a tag of the artifact (as in
    `ps.load("model@production")`) or of a run; `inputs` maps inputs of its step to digests, or beginnings of them: the
    newest version that was made from these. Without any of them, it is the value of the newest run that has it.
    `file` names the pipeline, without which it is the one in this folder; settings override, as in `Pipeline.load`.

    Raises `NotFound` with close matches; `Corrupt` where `penstock gc` has removed its bytes.
    """
    found = _settings(file, settings, ("run", "tag", "inputs"))
    ledger = open_ledger(found)
    try:
        store = open_store(found)
        stored = find_version(ledger, store, artifact, found.pipeline, run=run, tag=tag, inputs=inputs)
        return load_value(stored, ledger, store)
    finally:
        ledger.close()


def history(metric: str, *, limit: int = 50, file: str | Path | None = None, **settings: Any) -> History:
    """A metric over the newest runs, the oldest first: `ps.history("scores.rmse")`.

    The end of the name (`rmse`) serves while it is unique. Raises `NotFound` with close matches.
    """
    found = _settings(file, settings, ("limit",))
    ledger: Ledger = open_ledger(found)
    try:
        document = metric_view(ledger, metric, limit, found.pipeline)
    finally:
        ledger.close()
    return History(
        document["metric"],
        [
            Point(
                one["run"],
                datetime.fromisoformat(one["started"]),
                one["value"],
                one["name"],
                tuple(one["tags"]),
                one["status"],
            )
            for one in document["points"]
        ],
    )


def _settings(file: str | Path | None, said: Mapping[str, Any], own: tuple[str, ...]) -> Settings:
    """The settings, where a misspelt word of the function itself is told from one of settings."""
    if not said:
        return reading_settings(file)
    try:
        return find_settings(file, **said)
    except SettingsError as error:
        for name in said:
            near = get_close_matches(name, [*own, "file"], n=1)
            if near:
                error.hint = f"Did you mean `{near[0]}`?"
        raise
