"""The digest of an object's state: equal for objects that hold the same, whatever their pickles look like.

Two fits of one model differ in their pickled bytes (interning of strings, order of sets, padding between the fields of
a record), though they are the same model. The digest here is taken over what pickling would save, visited member by
member: numbers by their bits, arrays by type, shape and content, sets without order, mappings in order, objects by
their class and reduced state. Identity, addresses and sharing never count. Classes and functions of the user's own
count by their code as well (see `definitions`).
"""

import copyreg
import math
import struct
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from blake3 import blake3
from msgspec import msgpack

from penstock.model.digest import digest_bytes
from penstock.values.definitions import is_users, pieces, qualified_name

__all__ = ["StateError", "definition_digest", "state", "untimed"]

_SCALARS = frozenset({bool, int, float, str, type(None)})
_LARGE = 1 << 20  # from here on several threads hash faster than one
_SHORT = 48
_TIMED = frozenset({"sklearn.model_selection._search", "sklearn.model_selection._search_successive_halving"})
_MOST = 3_000_000  # objects; a walk takes some microseconds for each

_Define = Callable[[Any], bytes]


class StateError(ValueError):
    """The state of an object can't be known: it can't be reduced, or is nested too deeply."""


def _hash(tag: str, parts: Iterable[bytes]) -> bytes:
    """A token for a compound: its digest behind a byte that no scalar's token begins with."""
    pieces = [tag.encode(), b"\x00"]
    for part in parts:
        pieces.append(len(part).to_bytes(8, "little"))
        pieces.append(part)
    return b"\xff" + blake3(b"".join(pieces)).digest()


def _scalar(tag: bytes, data: bytes) -> bytes:
    """A token for a scalar: itself where it is short, which saves a digest; tags are letters."""
    if len(data) < _SHORT:
        return tag + data
    return _hash(tag.decode(), [data]) if len(data) < _LARGE else _hash_buffer(tag.decode(), b"", data)


def _hash_buffer(tag: str, head: bytes, data: Any) -> bytes:
    view = memoryview(data)
    threads = blake3.AUTO if view.nbytes >= _LARGE else 1
    return _hash(tag, [head, blake3(view, max_threads=threads).digest()])


class _Visit:
    """One walk over an object. `define` gives the digest of a class or function of the user's own."""

    def __init__(self, define: _Define, *, lenient: bool = False) -> None:
        self.define = define
        self.lenient = lenient  # within code: what can't be reduced counts by its type
        self.known: dict[int, bytes] = {}
        self.open: dict[int, int] = {}  # objects whose visit is not finished -> depth
        self.keep: list[Any] = []  # so that ids stay theirs
        self.lowest = sys.maxsize  # the outermost open object that was met again
        self.simple: dict[type, bool] = {}  # classes whose instances are their attributes and nothing else

    def any(self, value: Any) -> bytes:
        """The token of one value: equal for equal states, no token the beginning of another's."""
        kind = type(value)
        handler = _EXACT.get(kind)
        if handler is not None:
            return handler(value)
        here = id(value)
        if here in self.known:
            return self.known[here]
        depth = len(self.open)
        if here in self.open:
            self.lowest = min(self.lowest, self.open[here])
            return _hash("cycle", [str(depth - self.open[here]).encode()])
        outer, self.lowest = self.lowest, sys.maxsize
        self.open[here] = depth
        try:
            digest = self._compound(value, kind)
        finally:
            del self.open[here]
            reached, self.lowest = self.lowest, min(outer, self.lowest)
        if reached >= depth:  # nothing inside points outwards: the digest holds wherever the object is met
            if reached == depth:
                self.lowest = outer
            self.known[here] = digest
            self.keep.append(value)
            if len(self.keep) > _MOST:
                raise StateError(f"more than {_MOST:,} objects hang together")
        return digest

    def _compound(self, value: Any, kind: type) -> bytes:
        if kind is list or kind is tuple:
            return self._sequence(kind.__name__, value)
        if kind is dict:
            return self._mapping("dict", value.items())
        if kind is set or kind is frozenset:
            return _hash(kind.__name__, sorted(map(self.any, value)))
        if isinstance(value, (type, types.FunctionType)):
            return self.define(value) if is_users(value) else _hash("name", [qualified_name(value).encode()])
        special = _special(value, kind)
        if special is not None:
            tag, held = special
            return _hash(tag, [self.any(one) for one in held])
        if kind.__module__ == "numpy" and kind.__name__ in ("ndarray", "memmap"):
            return self._array(value)
        return self._reduced(value, kind)

    def _sequence(self, tag: str, value: Iterable[Any]) -> bytes:
        if set(map(type, value)) <= _SCALARS:
            try:
                return _hash(tag + " of scalars", [msgpack.encode(value)])
            except (OverflowError, UnicodeEncodeError):
                pass
        return _hash(tag, [self.any(one) for one in value])

    def _mapping(self, tag: str, items: Iterable[tuple[Any, Any]]) -> bytes:
        return _hash(tag, [self.any(one) for pair in items for one in pair])

    def _array(self, array: Any) -> bytes:
        import numpy as np

        head = f"{array.dtype.str} {array.shape}".encode()
        if array.dtype.hasobject and array.dtype.fields is None:
            return _hash("array", [head, *map(self.any, array.ravel().tolist())])
        if array.dtype.fields is not None:  # field by field: the padding between fields holds anything
            fields = [(name.encode(), self._array(array[name])) for name in array.dtype.names or ()]
            return _hash("records", [str(array.shape).encode(), *[one for field in fields for one in field]])
        flat = np.ascontiguousarray(array).reshape(-1)
        return _hash_buffer("array", head, flat.view(np.uint8) if flat.size else b"")

    def _is_simple(self, kind: Any) -> bool:
        known = self.simple.get(kind)
        if known is None:
            known = self.simple[kind] = (
                kind.__reduce_ex__ is object.__reduce_ex__
                and kind.__reduce__ is object.__reduce__
                and kind.__new__ is object.__new__
                and kind not in copyreg.dispatch_table
                and getattr(kind, "__getstate__", None) is getattr(object, "__getstate__", None)
                and not any(vars(base).get("__slots__") for base in kind.__mro__)
            )
        return known

    def _reduced(self, value: Any, kind: type) -> bytes:
        if self._is_simple(kind) and hasattr(value, "__dict__"):
            return _hash("instance", [self.any(kind), self._state(value.__dict__)])
        try:
            reducer = copyreg.dispatch_table.get(kind)
            reduced = reducer(value) if reducer is not None else value.__reduce_ex__(4)
        except RecursionError:
            raise
        except Exception as error:
            if self.lenient:
                return _hash("opaque", [qualified_name(kind).encode()])
            raise StateError(f"{qualified_name(kind)} can't be reduced: {type(error).__name__}: {error}") from None
        if isinstance(reduced, str):
            return _hash("global", [f"{getattr(value, '__module__', '')}:{reduced}".encode()])
        make, arguments, *rest = reduced
        held, items, pairs = ([*rest, None, None, None])[:3]
        if isinstance(held, dict):
            held = untimed(kind, held)
        parts = [self.any(make), self._sequence("arguments", arguments), self._state(held)]
        parts.append(self._sequence("items", list(items)) if items is not None else b"")
        parts.append(self._mapping("pairs", list(pairs)) if pairs is not None else b"")
        return _hash("object", parts)

    def _state(self, held: Any) -> bytes:
        """The attributes of an object: their order is how they came to be set, which is nobody's content."""
        if type(held) is dict and all(type(name) is str for name in held):
            items = sorted(held.items())
            if _SCALARS.issuperset(map(type, held.values())):
                return self._sequence("attributes", [one for pair in items for one in pair])
            return self._mapping("attributes", items)
        if type(held) is tuple and len(held) == 2 and all(one is None or type(one) is dict for one in held):
            return _hash("slots", [self._state(one) for one in held])
        return self.any(held)


def untimed(kind: type, held: dict[str, Any]) -> dict[str, Any]:
    """The members of an object; of a search over parameters without how many seconds each fit took: no two searches agree on that."""
    if not any(base.__module__ in _TIMED for base in kind.__mro__):
        return held
    results = held.get("cv_results_")
    kept = {name: one for name, one in held.items() if name != "refit_time_"}
    if isinstance(results, dict):
        kept["cv_results_"] = {
            name: one for name, one in results.items() if not name.endswith(("fit_time", "score_time"))
        }
    return kept


def _float(value: float) -> bytes:
    return b"f" + struct.pack("<d", value if not math.isnan(value) else math.nan)


_EXACT: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"n",
    bool: lambda value: b"t" if value else b"u",
    int: lambda value: _scalar(b"i", b"%d" % value if -(1 << 63) < value < 1 << 63 else hex(value).encode()),
    float: _float,
    complex: lambda value: b"c" + struct.pack("<dd", value.real, value.imag),
    str: lambda value: _scalar(b"s", value.encode("utf-8", "surrogatepass")),
    bytes: lambda value: _scalar(b"b", value),
    bytearray: lambda value: _scalar(b"a", bytes(value)),
    type(Ellipsis): lambda _: _hash("ellipsis", []),
    type(NotImplemented): lambda _: _hash("not implemented", []),
    types.ModuleType: lambda value: _hash("module", [value.__name__.encode()]),
    types.BuiltinFunctionType: lambda value: _hash("builtin", _builtin(value)),
}


def _builtin(value: Any) -> list[bytes]:
    owner = getattr(value, "__self__", None)
    if owner is None or isinstance(owner, types.ModuleType):
        return [qualified_name(value).encode()]
    name = owner if isinstance(owner, type) else type(owner)
    return [qualified_name(name).encode(), value.__name__.encode()]


def _special(value: Any, kind: type) -> tuple[str, list[Any]] | None:
    """Objects that pickle doesn't know, or whose own bytes are not canonical: a tag and what they hold."""
    if kind is types.MethodType:
        return "method", [value.__self__, value.__func__]
    if kind in (staticmethod, classmethod):
        return kind.__name__, [value.__func__]
    if kind is property:
        return "property", [value.fget, value.fset, value.fdel]
    if kind is types.MappingProxyType:
        return "mapping proxy", [dict(value)]
    if kind in (types.MemberDescriptorType, types.WrapperDescriptorType, types.MethodDescriptorType):
        return "descriptor", [qualified_name(value.__objclass__), value.__name__]
    package = kind.__module__.partition(".")[0]
    if package == "xgboost" and kind.__name__ == "Booster":
        attributes = value.attributes()
        return "xgboost", [bytes(value.save_raw(raw_format="ubj")), sorted(attributes.items())]
    if package == "lightgbm" and kind.__name__ == "Booster":
        return "lightgbm", [value.model_to_string(num_iteration=-1), value.best_iteration, dict(value.params)]
    if package == "sklearn" and "_stop_words_id" in getattr(value, "__dict__", ()):  # an address, kept by vectorisers
        held = {name: one for name, one in value.__getstate__().items() if name != "_stop_words_id"}
        return "vectoriser", [kind, sorted(held.items())]
    torch = sys.modules.get("torch")
    if torch is not None:
        return _torch_special(value, torch)
    return None


def _torch_special(value: Any, torch: Any) -> tuple[str, list[Any]] | None:
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu()
        if plain.layout is not torch.strided:
            plain = plain.to_dense()
        view = plain.contiguous().reshape(-1).view(torch.uint8) if plain.numel() else plain.reshape(-1)
        return "tensor", [str(value.dtype), tuple(value.shape), bool(value.requires_grad), view.numpy()]
    return None


def _name_only(thing: Any) -> bytes:
    return _hash("name", [qualified_name(thing).encode()])


def definition_digest(thing: Any) -> bytes:
    """The digest of a class or function: its name, and everything of the user's own that its code can reach.

    Each definition is hashed alone, with the others by name, and the set of them is what counts: so circles do no harm,
    and it does not matter where the walk begins. Nothing is kept: what a closure or a class holds may change as a program runs.
    """
    queue, seen, found = [thing], {id(thing)}, []

    def define(other: Any) -> bytes:
        if id(other) not in seen:
            seen.add(id(other))
            queue.append(other)
        return _name_only(other)

    while queue:
        one = queue.pop()
        if not is_users(one):
            found.append(_name_only(one))
            continue
        visit = _Visit(define, lenient=True)
        found.append(_hash("definition", [_name_only(one), *[visit.any(piece) for piece in pieces(one)]]))
    return _hash("definitions", [_name_only(thing), *sorted(found)])


def state(value: Any) -> str:
    """The digest of what `value` holds. Raises `StateError` where that can't be known."""
    try:
        return digest_bytes(_Visit(definition_digest).any(value))
    except RecursionError:
        raise StateError(f"{qualified_name(type(value))} is nested too deeply") from None
