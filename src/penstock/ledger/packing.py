"""Values as bytes of msgpack, the form in which the ledger keeps them."""

import contextlib
import functools
import gc
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from penstock.model.event import Event
from penstock.model.run import Action, Execution, Reason, Run
from penstock.model.task import Failure, LogSpan

__all__ = [
    "CommittedRef",
    "DecidedRef",
    "DecisionRef",
    "collector_held",
    "pack",
    "unpack_committed",
    "unpack_decided",
    "unpack_event",
    "unpack_execution",
    "unpack_executions",
    "unpack_failure",
    "unpack_log",
    "unpack_metrics",
    "unpack_reasons",
    "unpack_run",
    "unpack_tags",
]


class DecisionRef(Struct, frozen=True, array_like=True, gc=False):
    """A decision as the ledger keeps it: what is reused is named by its sequence (0 for nothing), not repeated."""

    step: str
    action: Action
    reasons: tuple[Reason, ...]
    key: str
    sequence: int


class DecidedRef(Struct, frozen=True):
    """`Decided` as the ledger keeps it."""

    decisions: tuple[DecisionRef, ...]


class CommittedRef(Struct, frozen=True):
    """`Committed` as the ledger keeps it: the execution by its sequence."""

    sequence: int


def _as_text(value: Any) -> Any:
    return repr(value)  # details that msgpack does not know: better told in words than refused


_encoder = msgspec.msgpack.Encoder(enc_hook=_as_text)


def pack(value: Any) -> bytes:
    """The bytes of a value. What msgpack can't hold (integers beyond 64 bits, lone surrogates in the name of a file)
    becomes text: a detail that can't be kept exactly must not lose the work around it."""
    try:
        return _encoder.encode(value)
    except (OverflowError, UnicodeEncodeError, TypeError, ValueError):
        return _encoder.encode(_tame(msgspec.to_builtins(value, builtin_types=(bytes,), enc_hook=_as_text)))


def _tame(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, bool) or value is None or isinstance(value, float | bytes):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, dict):
        return {_tame(key): _tame(one) for key, one in value.items()}
    return [_tame(one) for one in value]


@functools.cache
def _decoder(kind: Any) -> "msgspec.msgpack.Decoder[Any]":
    return msgspec.msgpack.Decoder(kind)


def unpack_event(data: bytes) -> Event:
    """Any event but `Decided` and `Committed`."""
    found: Event = _decoder(Event).decode(data)
    return found


def unpack_decided(data: bytes) -> DecidedRef:
    """`Decided` as it was kept."""
    found: DecidedRef = _decoder(DecidedRef).decode(data)
    return found


def unpack_committed(data: bytes) -> CommittedRef:
    """`Committed` as it was kept."""
    found: CommittedRef = _decoder(CommittedRef).decode(data)
    return found


def unpack_execution(data: bytes) -> Execution:
    """An execution."""
    found: Execution = _decoder(Execution).decode(data)
    return found


def unpack_executions(bodies: Sequence[bytes]) -> list[Execution]:
    """Many executions."""
    decode = _decoder(Execution).decode
    with collector_held():
        return [decode(body) for body in bodies]


@contextlib.contextmanager
def collector_held() -> Iterator[None]:
    """Hold Python's collector of cycles back. It would search thousands of new values, in vain, again and again:
    reading 10,000 executions took 150 ms instead of 35."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def unpack_run(data: bytes) -> Run:
    """A run."""
    found: Run = _decoder(Run).decode(data)
    return found


def unpack_reasons(data: bytes | None) -> tuple[Reason, ...]:
    """Reasons; none where nothing was kept."""
    found: tuple[Reason, ...] = _decoder(tuple[Reason, ...]).decode(data) if data else ()
    return found


def unpack_metrics(data: bytes | None) -> dict[str, float]:
    """Metrics by name; none where nothing was kept."""
    found: dict[str, float] = _decoder(dict[str, float]).decode(data) if data else {}
    return found


def unpack_failure(data: bytes | None) -> Failure | None:
    """Why a step failed."""
    found: Failure | None = _decoder(Failure).decode(data) if data else None
    return found


def unpack_log(data: bytes | None) -> LogSpan | None:
    """Where a step's printed output lies."""
    found: LogSpan | None = _decoder(LogSpan).decode(data) if data else None
    return found


def unpack_tags(data: bytes | None) -> list[str]:
    """The tags of a run."""
    found: list[str] = _decoder(list[str]).decode(data) if data else []
    return found
