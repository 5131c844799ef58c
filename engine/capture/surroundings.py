"""Guards: what a step can reach besides its arguments, as it was, and whether it still is.

From the function one comes to what it closes over, the globals that it names, its object and its defaults;
from there to modules, optimizers, classes, containers and other objects with attributes. Of all these the
plain values are compared by value, and the rest by identity. A step that changes any of it itself does
something in Python that a replay would leave out.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
from typing import Any

from engine.autograd.hooks import LeafHooks
from engine.autograd.tape import Variable
from engine.backends import native
from engine.capture.arguments import PLAIN, hooked
from engine.capture.codes import Codes, foreign, modules
from engine.capture.contents import ABSENT, LARGE, contents, drawn, slot, slots, unwatched, within
from engine.capture.watched import Watched
from engine.nn import Module
from engine.optim.lr_scheduler.scheduler import LRScheduler
from engine.optim.optimizer import Optimizer
from engine.tensor.random import Generator

# of an optimizer's groups: what goes into the tensor of rates before each replay
_RATES = ("lr", "initial_lr")
# kinds of hooks of a module that run in a step
_STEPS_HOOKS = ("before", "after", "backward_before", "backward_after")
# objects of these are about threads, files and what is written there
_BUSY = frozenset(
    {"asyncio", "concurrent", "io", "logging", "multiprocessing", "queue", "socket", "subprocess", "tempfile"}
    | {"_io", "_thread", "_weakref", "threading", "typing", "weakref"}
)
# so are captured steps, and what gives a training its batches
_OUR_OWN = ("engine.capture", "engine.data")
# what a class's own special names are followed for
_CALLED = (types.FunctionType, staticmethod, classmethod, property)


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
        self._named: set[tuple[int, str]] = set()
        self._rates: list[Watched] = []
        self._codes = Codes()
        self._watched: list[Watched] = []
        self._todo = list(roots)
        while self._todo:
            path, found = self._todo.pop()
            if not isinstance(found, PLAIN) and id(found) not in self._seen:
                self._seen[id(found)] = found
                self._visit(path, found)
        rates_are_read = bool(self._rates) and self._codes.read_rates()
        for each in self._rates:
            each.checked = rates_are_read
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
            self._object(path, found)
        elif isinstance(found, types.FunctionType):
            self._function(path, found)
        elif isinstance(found, types.MethodType):
            self._todo += [(path, found.__self__), (path, found.__func__)]
        elif isinstance(found, functools.partial):
            self._todo += [(path, found.func), (path, found.args), (path, found.keywords)]
        elif isinstance(found, type):
            self._class(found)
        elif not isinstance(found, types.ModuleType):
            self._todo += [(path, each) for each in within(found)]
            self._contents(path, found)
            self._object(path, found)

    def _tensor(self, path: str, x: Any) -> None:
        self.tensors.append((path, x, x._data, x._requires))
        if hooked(x):
            self._refuse(f"{path} has hooks, and what they do in Python would be left out")
        if x._node is not None:
            self._refuse(f"{path} is the result of an operation that was recorded outside the step")

    def _module(self, path: str, module: Any) -> None:
        hooks = module.__dict__.get("_hooks")
        if hooks is not None and any(getattr(hooks, when) for when in _STEPS_HOOKS):
            self._refuse(f"{path} has hooks, and what they do in Python would be left out")
        self._watch(path, module.__dict__)
        self._todo.append((path, type(module)))

    def _class(self, kind: type) -> None:
        """The attributes of a class and of those that it comes from, as far as they are the user's."""
        self._todo.append((kind.__qualname__, type(kind)))
        for each in kind.__mro__:
            if foreign(each.__module__) or (each is not kind and id(each) in self._seen):
                continue
            self._seen[id(each)] = each
            (table,) = gc.get_referents(vars(each))  # the dict itself, behind what only reads it
            self._watch(each.__qualname__, table, deep=False)
            for name, found in table.items():
                if not name.startswith("__") or isinstance(found, _CALLED):
                    self._codes.add_method(name, found, each)
                    self._todo.append((f"{each.__qualname__}.{name}", found))

    def _optimizer(self, path: str, optimizer: Any) -> None:
        if optimizer._before or optimizer._after:
            self._refuse(f"{path} has hooks, and what they do in Python would be left out")
        groups = optimizer.param_groups
        read = functools.partial(_each_rate, groups)
        self._rates.append(Watched(f"{path}'s lr", read(), read))
        self._watched.append(self._rates[-1])
        self._watched.append(
            Watched(path, list(groups), lambda: groups, add=lambda to, values: to.add_items(groups, values))
        )
        # not as a list of dicts, whose rates would have to stay
        for k, group in enumerate(groups):
            self._watch(f"{path}.param_groups[{k}]", group, without=_RATES)
        self._watch(path, optimizer.__dict__, without=("defaults", "param_groups"))
        self._value(optimizer.__dict__, "param_groups")
        self._todo.append((path, type(optimizer)))

    def _contents(self, path: str, found: Any) -> None:
        read, state, kind = contents(found), drawn(found), unwatched(found)
        if read is not None:
            now = read()
            self._watched.append(Watched(path, now, read))
            self._todo += [(path, each) for each in now]
        if state is not None:
            # others may draw from it; what the step draws itself a replay would leave out
            self._watched.append(Watched(f"the state of {path}", state(), state, False))
        if kind:
            self._refuse(f"{path} is {kind}; what the step would change there, or find changed, goes unseen")

    def _container(self, path: str, found: Any) -> None:
        if len(found) > LARGE:
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
        if foreign(function.__module__ or ""):
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
        names = self._codes.add(function)
        self._names(function.__globals__, names)
        self._names(sys.modules, modules(function.__globals__, names), names)

    def _names(self, space: dict[str, Any], wanted: set[str], names: set[str] | None = None) -> None:
        """Globals by their names, also those of the user's modules among them."""
        names = wanted if names is None else names
        for name in wanted & space.keys():
            value = space[name]
            if (id(space), name) not in self._named:
                self._named.add((id(space), name))
                self._value(space, name)
                self._todo.append((name, value))
            visited = id(value), frozenset(names)
            if (
                isinstance(value, types.ModuleType)
                and not foreign(value.__name__)
                and visited not in self._spaces
            ):
                self._spaces.add(visited)
                self._names(vars(value), names)

    def _value(self, table: dict[str, Any], name: str) -> None:
        read, add = functools.partial(_global, table, name), functools.partial(_guard_value, table, name)
        self._watched.append(Watched(name, [table[name]], read, add=add))

    def _object(self, path: str, found: Any) -> None:
        kind = type(found)
        table = getattr(found, "__dict__", None)
        if isinstance(found, LRScheduler):
            # it changes from step to step, and what it does arrives in the groups' rates
            self._watch(path, found.__dict__, deep=False)
            self._rates.append(self._watched[-1])
        elif not (
            isinstance(found, Generator)
            or kind.__module__.partition(".")[0] in _BUSY
            or kind.__module__.startswith(_OUR_OWN)
        ):
            if isinstance(table, dict):
                self._watch(path, table)
            for member in slots(found):
                read = functools.partial(_slot, member, found)
                self._watched.append(Watched(f"{path}.{member.__name__}", read(), read))
                self._todo.append((f"{path}.{member.__name__}", read()[0]))
        self._todo.append((path, kind))
        if isinstance(table, dict):
            # a captured step within this one, a cached function
            self._todo.append((path, table.get("__wrapped__")))

    def _watch(
        self,
        path: str,
        table: dict[Any, Any],
        without: tuple[str, ...] = (),
        subscript: bool = False,
        deep: bool = True,
    ) -> None:
        if without:

            def values() -> Any:
                return [value for key, value in table.items() if key not in without]

            def keys() -> Any:
                return [key for key in table if key not in without]
        else:
            values, keys = table.values, table.keys
        names = [key for key in table if key not in without]
        shown = [
            f"{path}[{key!r}]" if subscript or not isinstance(key, str) else f"{path}.{key}" for key in names
        ]
        self._watched.append(
            Watched(
                path,
                list(values()),
                values,
                True,
                shown,
                lambda to, values: to.add_values(table, values, without),
                keys,
            )
        )
        if deep:
            self._todo += zip(shown, values(), strict=True)

    def _refuse(self, problem: str) -> None:
        self.problem = self.problem or problem


def _each_rate(groups: list[dict[str, Any]]) -> list[Any]:
    return [group["lr"] for group in groups]


def _slot(member: Any, found: Any) -> list[Any]:
    return [slot(member, found)]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return ABSENT


def _contents(cell: Any) -> tuple[Any, ...]:
    return (_content(cell),)


def _global(space: dict[str, Any], name: str) -> tuple[Any, ...]:
    return (space.get(name, ABSENT),)


def _guard_content(cell: Any, guards: Any, values: list[Any]) -> None:
    guards.add_content(cell, values[0])


def _guard_value(space: dict[str, Any], name: str, guards: Any, values: list[Any]) -> None:
    guards.add_value(space, name, values[0])
