"""Guards: what a step can reach besides its arguments, as it was, and whether it still is.

From the function one comes to what it closes over, the globals that it names, its object and its defaults;
from there to modules, optimizers, lists, dicts and other objects with attributes. Of all these the plain
values are compared by value, and the rest by identity. A step that changes any of it itself does something in
Python that a replay would leave out.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

from engine.autograd.hooks import LeafHooks
from engine.autograd.tape import Variable
from engine.backends import native
from engine.capture.arguments import PLAIN, hooked
from engine.capture.watched import Watched
from engine.nn import Module
from engine.optim.lr_scheduler.scheduler import LRScheduler
from engine.optim.optimizer import Optimizer

_ABSENT = object()
# a list or dict with more than this is guarded by its length alone: it is data
_LARGE = 1000
# of an optimizer's groups: what goes into the tensor of rates before each replay
_RATES = ("lr", "initial_lr")
_FOREIGN = {*sys.stdlib_module_names, "numpy", "scipy", "engine"} - {"__main__"}


class Surroundings:
    """What can be reached from some objects, as it is now.

    tensors: all tensors among it, each with its array
    problem: what about it can't be captured; empty where nothing
    """

    def __init__(self, roots: list[tuple[str, Any]]) -> None:
        self.tensors: list[tuple[str, Any, Any, bool]] = []
        self.problem = ""
        self._seen: dict[int, Any] = {}
        self._spaces: set[tuple[int, frozenset[str]]] = set()
        self._watched: list[Watched] = []
        self._todo = list(roots)
        while self._todo:
            path, found = self._todo.pop()
            if not isinstance(found, PLAIN) and id(found) not in self._seen:
                self._seen[id(found)] = found
                self._visit(path, found)
        checked = [each for each in self._watched if each.checked]
        self._guards = guards = native.guards()
        self._guarded = [each for each in checked if guards is not None and each.add is not None]
        self._checked = [each for each in checked if guards is None or each.add is None]
        if guards is not None:
            for each in self._guarded:
                each.guard(guards)
            for _, x, array, requires in self.tensors:
                guards.add_attributes(x, "_data", array, "_requires", requires)

    def changed(self, within: bool = False) -> str:
        """What isn't any more as it was; empty where all is.

        within: since the beginning of the step itself, so that what changes from step to step counts too
        """
        for watched in self._watched if within else self._checked:
            if watched.ids != watched.now():
                difference = watched.difference()
                if difference:
                    return difference
        if within or self._guards is None:
            return self._tensors_changed(self.tensors)
        if LeafHooks.ever_made and (changed := self._tensors_changed(self.tensors)):
            return changed
        k = self._guards.changed(0)
        while k >= 0:
            at = k - len(self._guarded)
            changed = self._guarded[k].difference() if at < 0 else self._tensors_changed(self.tensors[at:])
            if changed:
                return changed
            k = self._guards.changed(k + 1)
        return ""

    @staticmethod
    def _tensors_changed(tensors: list[tuple[str, Any, Any, bool]]) -> str:
        for path, x, array, requires in tensors:
            if x._data is not array:
                return f"{path} has other memory than before"
            if x._requires is not requires:
                return f"{path}.requires_grad was {requires}"
            if LeafHooks.ever_made and hooked(x):
                return f"{path} has hooks"
        return ""

    def _visit(self, path: str, found: Any) -> None:
        if isinstance(found, Variable):
            self._tensor(path, found)
        elif isinstance(found, Module):
            self._module(path, found)
        elif isinstance(found, Optimizer):
            self._optimizer(path, found)
        elif isinstance(found, (list, tuple, dict)):
            self._container(path, found)
        elif isinstance(found, types.FunctionType):
            self._function(path, found)
        elif isinstance(found, types.MethodType):
            self._todo += [(path, found.__self__), (path, found.__func__)]
        elif isinstance(found, functools.partial):
            self._todo += [(path, found.func), (path, found.args), (path, found.keywords)]
        elif not isinstance(found, (type, types.ModuleType)) and hasattr(found, "__dict__"):
            self._object(path, found)

    def _tensor(self, path: str, x: Any) -> None:
        self.tensors.append((path, x, x._data, x._requires))
        if hooked(x):
            self._refuse(f"{path} has hooks, and what they do in Python would be left out")
        if x._node is not None:
            self._refuse(f"{path} is the result of an operation that was recorded outside the step")

    def _module(self, path: str, module: Any) -> None:
        if module.__dict__.get("_hooks") is not None:
            self._refuse(f"{path} has hooks, and what they do in Python would be left out")
        self._watch(path, module.__dict__)
        self._methods(path, type(module))

    def _methods(self, path: str, kind: type) -> None:
        for each in kind.__mro__:
            if not _foreign(each.__module__):
                for name, found in vars(each).items():
                    function = getattr(found, "fget", getattr(found, "__func__", found))
                    if isinstance(function, types.FunctionType):
                        self._todo.append((f"{path}.{name}", function))

    def _optimizer(self, path: str, optimizer: Any) -> None:
        if optimizer._before or optimizer._after:
            self._refuse(f"{path} has hooks, and what they do in Python would be left out")
        rates = [group["lr"] for group in optimizer.param_groups]
        self._watched.append(
            Watched(f"{path}'s lr", rates, lambda: [g["lr"] for g in optimizer.param_groups], False)
        )
        for k, group in enumerate(optimizer.param_groups):
            self._watch(f"{path}.param_groups[{k}]", group, without=_RATES)
            self._seen[id(group)] = group
        self._watch(path, optimizer.__dict__, without=("defaults",))

    def _container(self, path: str, found: Any) -> None:
        if len(found) > _LARGE:
            self._watched.append(Watched(f"len({path})", [len(found)], lambda: [len(found)]))
        elif isinstance(found, dict):
            self._watch(path, found, subscript=True)
        elif isinstance(found, list):
            self._watched.append(
                Watched(path, list(found), lambda: found, add=lambda to, values: to.add_items(found, values))
            )
            self._todo += [(f"{path}[{k}]", each) for k, each in enumerate(found)]
        else:
            self._todo += [(f"{path}[{k}]", each) for k, each in enumerate(found)]

    def _function(self, path: str, function: Any) -> None:
        if _foreign(function.__module__ or ""):
            return
        self._todo += [(path, function.__defaults__), (path, function.__kwdefaults__)]
        names = function.__code__.co_freevars
        for name, cell in zip(names, function.__closure__ or (), strict=True):
            self._watched.append(
                Watched(
                    name,
                    [_content(cell)],
                    functools.partial(_contents, cell),
                    add=functools.partial(_guard_content, cell),
                )
            )
            self._todo.append((name, _content(cell)))
        self._names(function.__globals__, _names(function.__code__))

    def _names(self, space: dict[str, Any], names: set[str]) -> None:
        """Globals by their names, also those of the user's modules among them."""
        for name in names & space.keys():
            value = space[name]
            read, add = functools.partial(_global, space, name), functools.partial(_guard_value, space, name)
            self._watched.append(Watched(name, [value], read, add=add))
            self._todo.append((name, value))
            visited = id(value), frozenset(names)
            if (
                isinstance(value, types.ModuleType)
                and not _foreign(value.__name__)
                and visited not in self._spaces
            ):
                self._spaces.add(visited)
                self._names(vars(value), names)

    def _object(self, path: str, found: Any) -> None:
        if isinstance(found, LRScheduler):
            # it changes from step to step, and what it does arrives in the groups' rates
            self._watch(path, found.__dict__, checked=False, deep=False)
        elif not _foreign(type(found).__module__):
            self._watch(path, found.__dict__)
            self._methods(path, type(found))
        # a captured step within this one, a cached function
        self._todo.append((path, found.__dict__.get("__wrapped__")))

    def _watch(
        self,
        path: str,
        table: dict[Any, Any],
        without: tuple[str, ...] = (),
        subscript: bool = False,
        checked: bool = True,
        deep: bool = True,
    ) -> None:
        if without:

            def values() -> Any:
                return [value for key, value in table.items() if key not in without]
        else:
            values = table.values
        names = [key for key in table if key not in without]
        shown = [
            f"{path}[{key!r}]" if subscript or not isinstance(key, str) else f"{path}.{key}" for key in names
        ]
        self._watched.append(
            Watched(
                path,
                list(values()),
                values,
                checked,
                shown,
                lambda to, values: to.add_values(table, values, without),
            )
        )
        if deep:
            self._todo += zip(shown, values(), strict=True)

    def _refuse(self, problem: str) -> None:
        self.problem = self.problem or problem


@functools.cache
def _foreign(module: str) -> bool:
    """Whether a module is none of the user's: what it holds isn't looked at."""
    top = module.partition(".")[0]
    return top in _FOREIGN or "site-packages" in (getattr(sys.modules.get(top), "__file__", None) or "")


def _names(code: types.CodeType) -> set[str]:
    """The global names that code, and the functions within it, may read."""
    found = set(code.co_names)
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            found |= _names(each)
    return found


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return _ABSENT


def _contents(cell: Any) -> tuple[Any, ...]:
    return (_content(cell),)


def _global(space: dict[str, Any], name: str) -> tuple[Any, ...]:
    return (space.get(name, _ABSENT),)


def _guard_content(cell: Any, guards: Any, values: list[Any]) -> None:
    guards.add_content(cell, values[0])


def _guard_value(space: dict[str, Any], name: str, guards: Any, values: list[Any]) -> None:
    guards.add_value(space, name, values[0])
