"""Classes and functions that a value carries with it: their names, and their members where they are the user's own.

A stored object refers to its class by name. If the user edits a method of that class, objects with equal fields behave
differently, and a digest that knew the name alone would call them equal. So library code counts by name (its version
is part of the environment), the user's own by what it does: byte code, constants, defaults, closures, and the globals
that its code names. Line numbers, comments, file names and a function's own docstring do not count.
"""

import sys
import sysconfig
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

__all__ = ["is_users", "pieces", "qualified_name", "resolve"]

# What a class has because it is a class, or because something was computed and kept on it.
_IGNORED_MEMBERS = frozenset(
    {
        "__abstractmethods__",
        "__annotate__",
        "__annotate_func__",
        "__annotations__",
        "__annotations_cache__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__qualname__",
        "__slotnames__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    }
)


@lru_cache(maxsize=1)
def _library_folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple(sorted({sysconfig.get_path(name) for name in names}))


def _is_library_file(file: str) -> bool:
    return file.startswith(("<frozen", *_library_folders())) or "site-packages" in file or "dist-packages" in file


@lru_cache(maxsize=4096)
def _is_library_module(name: str) -> bool:
    if name.partition(".")[0] in sys.stdlib_module_names or name.partition(".")[0] == "penstock":
        return name != "__main__"
    file = getattr(sys.modules.get(name), "__file__", None)
    return isinstance(file, str) and _is_library_file(file)


def is_users(thing: Any) -> bool:
    """Whether a class or function was written by the user: not in the standard library or an installed package."""
    code = getattr(thing, "__code__", None)
    if isinstance(code, types.CodeType) and not code.co_filename.startswith("<"):
        return not _is_library_file(code.co_filename)
    name = getattr(thing, "__module__", None)
    return isinstance(name, str) and not _is_library_module(name)


def qualified_name(thing: Any) -> str:
    """`module:qualname` of a class or function."""
    return f"{getattr(thing, '__module__', None)}:{getattr(thing, '__qualname__', None)}"


def resolve(module: str, qualname: str) -> Any:
    """The class or function of this name among the modules already loaded, or None."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _code_pieces(code: types.CodeType, skip: int) -> Iterator[Any]:
    yield code.co_code
    yield (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    yield (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags)
    yield code.co_exceptiontable
    for constant in code.co_consts[skip:]:
        if isinstance(constant, types.CodeType):
            yield constant.co_name
            yield from _code_pieces(constant, 0)
        else:
            yield constant


def _names_of(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_of(constant)


def _function_pieces(function: types.FunctionType) -> Iterator[Any]:
    code, world = function.__code__, function.__globals__
    first = code.co_consts[0] if code.co_consts else None
    yield from _code_pieces(code, 1 if isinstance(first, str) and first == function.__doc__ else 0)
    yield function.__defaults__
    yield function.__kwdefaults__
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a cell that is not filled yet
            yield "an empty cell"
    names = set(_names_of(code))
    modules: list[types.ModuleType] = []
    for name in sorted(names & world.keys()):
        yield name
        yield world[name]
        modules += _users_module(world[name])
    for name in sorted(names & sys.modules.keys() - world.keys()):  # imported inside the function
        modules += _users_module(sys.modules[name])
    yield from _reached_in(modules, names)


def _users_module(thing: Any) -> list[types.ModuleType]:
    is_users_own = isinstance(thing, types.ModuleType) and not _is_library_module(thing.__name__)
    return [thing] if is_users_own and hasattr(thing, "__file__") else []


def _reached_in(modules: list[types.ModuleType], names: set[str]) -> Iterator[Any]:
    """What a function's code may name as an attribute of the user's modules: `helpers.clean`."""
    seen: set[str] = set()
    while modules:
        module = modules.pop()
        if module.__name__ in seen:
            continue
        seen.add(module.__name__)
        for name in sorted(names & vars(module).keys()):
            yield f"{module.__name__}.{name}"
            yield vars(module)[name]
            modules += _users_module(vars(module)[name])


def _class_pieces(cls: type) -> Iterator[Any]:
    yield from cls.__bases__
    for name, member in sorted(vars(cls).items()):
        if name not in _IGNORED_MEMBERS and not isinstance(member, types.GetSetDescriptorType):
            yield name
            yield member


def pieces(thing: type | types.FunctionType) -> Iterator[Any]:
    """What the user's class or function is made of, as plain values and as further objects that it refers to."""
    return _class_pieces(thing) if isinstance(thing, type) else _function_pieces(thing)
