"""A script or notebook run once, with the calls of its own functions on tables noted: what each took, before it could alter it.

Only functions that the file defines at its top level, or imports from its own folder, are noted, and only when a table is among
what they take. Text is compiled with one more decorator on each of them; what it does is otherwise what it always did.
"""

import ast
import builtins
import functools
import importlib
import inspect
import linecache
import sys
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from penstock.model.task import Failure
from penstock.values.alter import fresh
from penstock.values.table import is_table
from penstock.work.failures import failure_of

__all__ = ["Call", "Recorder", "Split", "has_rows", "len_of", "plain_function"]

_RECORDED, _IMPORTED, _PREDICTED = "__penstock_recorded__", "__penstock_imported__", "__penstock_predicted__"
_PREDICTS = frozenset({"predict", "predict_proba", "predict_log_proba", "decision_function", "score"})
_KEPT = 3  # calls of one function that are noted
_MARK = "__penstock_function__"
_DEPTH = 8


class Split(NamedTuple):
    """A call of scikit-learn's `train_test_split`: what was divided, and the positions of its rows on both sides."""

    tables: tuple[Any, ...]
    train: Any
    test: Any


class Call:
    """One call of a function: its arguments by name as they were before it, what it returned, and what was called in it. `after`:
    something had been predicted before."""

    __slots__ = ("after", "arguments", "error", "function", "inside", "name", "output", "splits")

    def __init__(self, name: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        self.name, self.function, self.arguments = name, function, dict(arguments)
        self.output: Any = None
        self.error = ""
        self.after = False
        self.inside: list[Call] = []
        self.splits: list[Split] = []

    @property
    def rows(self) -> int:
        """The rows of its largest table."""
        return max([len_of(one) for one in self.arguments.values()], default=0)

    @property
    def failed(self) -> bool:
        """Whether it raised."""
        return bool(self.error)


def len_of(value: Any) -> int:
    """The rows of a table; 0 for what is none."""
    if not is_table(value):
        return 0
    if isinstance(value, Mapping):
        return len(next(iter(value.values())))
    if type(value).__name__ == "LazyFrame":  # its rows are counted by whoever needs them
        return 2
    shape = getattr(value, "shape", None)
    return int(shape[0]) if shape is not None else int(value.num_rows)


def has_rows(value: Any) -> bool:
    """Whether a value is a table of a library of tables or arrays, with two rows at least."""
    return is_table(value) and not isinstance(value, Mapping) and len_of(value) > 1


def plain_function(value: Any) -> Any:
    """A function as the file has it, without what notes its calls."""
    return getattr(value, _MARK, value)


class Recorder:
    """Runs cells in one namespace, `__main__`, and notes calls.

    `root` is the folder whose own modules are looked into; `file` is the script's path ("" for a notebook).
    """

    current: "Recorder | None" = None

    def __init__(self, root: Path, file: str = "") -> None:
        self.root = root
        self.calls: list[Call] = []
        self.counts: dict[str, int] = {}
        self.defined: dict[str, str] = {}
        self.untabled: dict[str, str] = {}
        self.splits: list[Split] = []
        self.predicted = False
        self._local = threading.local()
        module = types.ModuleType("__main__")
        self.namespace = vars(module)
        self.namespace.update(
            {"__file__": file} if file else {"display": _nothing, "get_ipython": _Shell, "In": [""], "Out": {}}
        )
        self.namespace[_RECORDED] = self.recorded
        self.namespace[_IMPORTED] = self._imported
        self.namespace[_PREDICTED] = self._predicts
        self.namespace["__builtins__"] = builtins
        self._module = module

    def run(self, name: str, text: str) -> Failure | None:
        """Run one cell; `name` is the path that its lines go by. Returns why it did not end, if it did not."""
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        sys.modules["__main__"] = self._module
        Recorder.current = self
        try:
            tree = _Predicting().visit(_Marked().visit(ast.parse(text, name)))
            code = compile(ast.fix_missing_locations(tree), name, "exec", dont_inherit=True)
            exec(code, self.namespace)  # noqa: S102 - to run the file is what was asked for
        except SystemExit as end:
            return failure_of(end) if end.code not in (None, 0) else None
        except Exception as error:
            return failure_of(error)
        finally:
            Recorder.current = None
        return None

    def hook_splits(self) -> None:
        """Note from now on how scikit-learn's `train_test_split` divides rows. Nothing where it is not installed."""
        try:
            selection: Any = importlib.import_module("sklearn.model_selection")
            numpy: Any = importlib.import_module("numpy")
        except ImportError:
            return
        original = plain_function(selection.train_test_split)

        @functools.wraps(original)
        def train_test_split(*arrays: Any, **options: Any) -> Any:
            recorder = Recorder.current
            if recorder is None or not arrays or not len_of(arrays[0]):
                return original(*arrays, **options)
            *parts, train, test = original(*arrays, numpy.arange(len_of(arrays[0])), **options)
            made = Split(tuple([one for one in arrays if is_table(one)]), train, test)
            recorder.splits.append(made)
            for call in recorder._stack():
                call.splits.append(made)
            return parts

        setattr(train_test_split, _MARK, original)
        selection.train_test_split = train_test_split

    def _stack(self) -> list[Call]:
        if not hasattr(self._local, "stack"):
            self._local.stack = []
        found: list[Call] = self._local.stack
        return found

    def recorded(self, function: Any) -> Any:
        """The function, such that its calls are noted."""
        if not callable(function) or isinstance(function, type):
            return function
        code = getattr(inspect.unwrap(function), "__code__", None)
        name = getattr(function, "__name__", "function")
        if code is not None:
            self.defined[name] = f"{code.co_filename}:{code.co_firstlineno}"
        return _watched(function)

    def _imported(self, names: Sequence[str]) -> None:
        """Note the calls of functions that came from files of the same folder."""
        for name in names:
            value = self.namespace.get(name)
            if not isinstance(value, types.FunctionType) or inspect.isgeneratorfunction(value):
                continue
            file = Path(value.__code__.co_filename)
            if self.root in file.parents and "site-packages" not in file.parts:
                self.namespace[name] = self.recorded(value)

    def _predicts(self, value: Any) -> Any:
        """Note that something was predicted; the value is handed on."""
        self.predicted = True
        return value

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a function, and note it where it takes a table."""
        name = getattr(function, "__name__", "function")
        stack = self._stack()
        given = [*args, *options.values()]
        if not any(has_rows(one) for one in given):
            kinds = [type(one).__name__ for one in given]
            self.untabled.setdefault(name, ", ".join(kinds) or "nothing")
            return function(*args, **options)
        self.counts[name] = self.counts.get(name, 0) + 1
        note = self._noted(name, function, args, options)
        if note is not None and len(stack) < _DEPTH:
            (stack[-1].inside if stack else self.calls).append(note)
        else:
            note = Call(name, function, {})
        note.after = self.predicted
        stack.append(note)
        try:
            note.output = function(*args, **options)
        except BaseException as error:
            note.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            stack.pop()
        return note.output

    def _noted(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
    ) -> Call | None:
        if self.counts[name] > _KEPT:
            return None
        try:
            bound = inspect.signature(function).bind(*args, **options)
        except (TypeError, ValueError):
            return None
        kinds = [said.kind for said in bound.signature.parameters.values()]
        if any(kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY) for kind in kinds):
            return None
        arguments: dict[str, Any] = {}
        for one, value in bound.arguments.items():
            if bound.signature.parameters[one].kind == inspect.Parameter.VAR_KEYWORD:
                arguments.update(value)
            else:
                arguments[one] = value
        return Call(name, function, {one: _copied(value) for one, value in arguments.items()})


def _copied(value: Any) -> Any:
    try:
        return fresh(value)
    except Exception:  # what can't be copied is handed over as it is
        return value


def _watched(function: Callable[..., Any]) -> Callable[..., Any]:
    def watched(*args: Any, **options: Any) -> Any:
        recorder = Recorder.current
        return function(*args, **options) if recorder is None else recorder.call(function, args, options)

    try:
        functools.update_wrapper(watched, function)
    except (AttributeError, TypeError):
        watched.__name__ = getattr(function, "__name__", "function")
    setattr(watched, _MARK, function)
    return watched


class _Marked(ast.NodeTransformer):
    """Puts the mark on functions at the top level, and after imports; what lies within functions and classes stays."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function that is no generator."""
        if not any(isinstance(one, ast.Yield | ast.YieldFrom) for one in ast.walk(node)):
            place = node.decorator_list[0] if node.decorator_list else node
            node.decorator_list.insert(0, ast.copy_location(ast.Name(_RECORDED, ast.Load()), place))
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Left alone."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Left alone."""
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        """Names that came from elsewhere are looked at."""
        if node.module == "__future__" or any(one.name == "*" for one in node.names):
            return node
        names: list[ast.expr] = [ast.Constant(one.asname or one.name) for one in node.names]
        look = ast.Expr(ast.Call(ast.Name(_IMPORTED, ast.Load()), [ast.Tuple(names, ast.Load())], []))
        return [node, ast.copy_location(look, node)]


class _Predicting(ast.NodeTransformer):
    """Puts a mark around what predicts, wherever it stands: a function that is called later may be given predictions."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A call of a method that predicts or scores."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _PREDICTS:
            return ast.copy_location(ast.Call(ast.Name(_PREDICTED, ast.Load()), [node], []), node)
        return node


def _nothing(*_: Any, **__: Any) -> None:
    """What `display` does where nobody looks."""


class _Shell:
    """What `get_ipython()` gives where there is no IPython: it takes every call, and does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return _nothing
