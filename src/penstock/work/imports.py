"""Acting right after a module is imported, or at once where it is imported already."""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:  # what the import system calls; every worker starts without importing it
    from importlib.abc import Loader

__all__ = ["after_import"]

_Action = Callable[[ModuleType], None]


def after_import(name: str, action: _Action) -> None:
    """Call `action` with the module `name`: now if it is imported, else right after it is imported first.

    Once each: an action that was given before for the same name is replaced if it has not been called yet.
    """
    module = sys.modules.get(name)
    if module is not None:
        action(module)
        return
    _FINDER.actions[name] = action
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


class _Finder:
    def __init__(self) -> None:
        self.actions: dict[str, _Action] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.actions:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = cast("Loader", _Loader(spec.loader, self.actions, fullname))
        return spec


class _Loader:
    """The module's own loader, and an action after it."""

    def __init__(self, inner: "Loader", actions: dict[str, _Action], name: str) -> None:
        self._inner = inner
        self._actions = actions
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # From now on the module shows its own loader (resources, `inspect` and pickling look at it).
        module.__loader__ = self._inner
        if module.__spec__ is not None:
            module.__spec__.loader = self._inner
        self._inner.exec_module(module)
        action = self._actions.pop(self._name, None)  # looking for a module is not importing it: only now is it done
        if action is not None:
            action(module)


_FINDER = _Finder()
