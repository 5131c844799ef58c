"""What a public function says where Python or NumPy stumbled over an argument: its name, and the argument's.

Functions trust their arguments, so that what is right costs no checks. What is wrong, such as a list in a
tensor's place, fails somewhere inside; at the edge its error is replaced by one in terms of the call.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from types import UnionType
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import numpy as np

from engine.autograd.tape import Variable
from engine.errors import DTypeError, EngineError, IndexError_, Mismatch, OutOfMemory
from engine.tensor.numpy_names import ABSENT, old_names, renamed


class ValueError_(EngineError, ValueError):
    """An argument of the right type that can't be computed with."""


# what comes from inside where an argument isn't what the function took it for
STUMBLES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
    ValueError,
)
_OURS = __name__.partition(".")[0]
_PLAIN: dict[type, tuple[type, ...]] = {
    int: (int, np.integer),
    float: (int, float, np.number),
    complex: (int, float, complex, np.number),
    bool: (int, np.bool_),
    str: (str,),
}


def stumbled(function: Callable[..., Any], args: Any, kwargs: Any, error: Exception) -> None:
    """Raise, instead of the error in which a call ended, one in the call's own terms.

    Nothing where it already is one of ours, or comes from code of the caller's that the function ran.
    """
    # what is private says nothing to a caller; the public function around it will speak
    private = function.__name__.startswith("_") and function.__name__ != "__init__"
    clear = isinstance(error, EngineError) and not isinstance(error, Mismatch)
    if not private and not clear and _from_inside(error):
        raise _refusal(function, args, kwargs, error) from error


def constructs(cls: type) -> None:
    """Let the constructor of one of the engine's own classes look at its arguments, and explain itself.

    It looks at all of them, being called seldom: most of what it is given is only used much later. It looks
    after the constructor's own checks, which know more.
    """
    if cls.__module__.partition(".")[0] != _OURS or "__init__" not in cls.__dict__:
        return
    function = cls.__dict__["__init__"]

    @functools.wraps(function)
    def constructed(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            function(self, *args, **kwargs)
            wrong = _first_wrong(function, _bound(function, (self, *args), kwargs))
            if wrong is not None:
                raise DTypeError(f"{type(self).__name__}: {wrong}")
        except STUMBLES as error:
            stumbled(function, (self, *args), kwargs, error)
            raise

    cls.__init__ = constructed  # type: ignore[misc]  # of the same signature


def _refusal(function: Callable[..., Any], args: Any, kwargs: Any, error: Exception) -> Exception:
    name = function.__name__
    if name in ("__init__", "forward") and args:
        name = type(args[0]).__name__
    if isinstance(error, MemoryError):
        return OutOfMemory(f"{name}: out of memory: {error}; ask for less")
    try:
        given = _bound(function, args, kwargs)
    except TypeError as mismatch:
        return DTypeError(f"{name}: {mismatch}; its arguments are {inspect.signature(function)}")
    wrong = _first_wrong(function, given)
    if wrong is not None:
        return DTypeError(f"{name}: {wrong}")
    listed = ", ".join(
        f"{argument} {shown(value)}" for argument, (value, _) in given.items() if argument != "self"
    )
    said = f"{name}: can't be computed with {listed or 'no arguments'}: {str(error) or type(error).__name__}"
    if isinstance(error, IndexError):
        return IndexError_(said)
    return DTypeError(said) if isinstance(error, TypeError | AttributeError) else ValueError_(said)


def shown(value: Any) -> str:
    """A value in a message: a tensor by its dtype and shape, what is long by its beginning."""
    if isinstance(value, Variable):
        dtype = getattr(value, "dtype", "")
        return f"{dtype}{list(value._data.shape)}".removeprefix(f"{_OURS}.")
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    try:
        text = repr(value)
    except Exception:  # its repr is the caller's code
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _from_inside(error: Exception) -> bool:
    trace = error.__traceback__
    while trace is not None:
        root = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if root not in (_OURS, "numpy") and root not in sys.stdlib_module_names:
            return False
        trace = trace.tb_next
    return True


def _bound(function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, tuple[Any, Any]]:
    """The arguments of a call by name, each with its annotation."""
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    found: dict[str, tuple[Any, Any]] = {}
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        hint = Any if parameter.annotation is parameter.empty else parameter.annotation
        if parameter.kind is parameter.VAR_POSITIONAL:
            found.update({f"{name}[{k}]": (each, hint) for k, each in enumerate(value)})
        elif parameter.kind is parameter.VAR_KEYWORD:
            found.update({key: (each, hint) for key, each in value.items()})
        else:
            found[name] = value, hint
    return found


def _first_wrong(function: Callable[..., Any], given: Mapping[str, tuple[Any, Any]]) -> str | None:
    scope = inspect.unwrap(function).__globals__
    for argument, (value, hint) in given.items():
        wrong = _wrong(hint, value, scope)
        if wrong is not None:
            return f"{argument} {wrong}"
    return None


def _fits(hint: Any, value: Any, scope: Mapping[str, Any]) -> bool:
    """Whether a value is what an annotation says, as far as that can be seen.

    scope: the names that the annotation is written in
    """
    hint = _read(hint, scope)
    if hint is None or hint is type(None):
        return value is None
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(each, value, scope) for each in inner)
    if origin is Literal:
        return any(
            each is value or (isinstance(value, str | int | float) and each == value) for each in inner
        )
    if isinstance(origin, type) and issubclass(origin, list | tuple | Iterable) and not _keyed(origin):
        if not isinstance(value, list | tuple | range):
            return origin not in (list, tuple, Sequence) and isinstance(value, Iterable)
        kinds = inner if origin is tuple and Ellipsis not in inner else inner[:1] * len(value)
        if len(kinds) != len(value):
            return False
        return all(_fits(kind, part, scope) for kind, part in zip(kinds, value, strict=True))
    if hint is Any or not isinstance(hint, type):
        return True
    if issubclass(hint, Variable):
        return isinstance(value, Variable)
    if hint in _PLAIN:
        # a tensor of one element passes for a number where Python asks it for one
        single = isinstance(value, Variable) and value._data.size == 1 and hint is not str
        return single or isinstance(value, _PLAIN[hint])
    return isinstance(value, hint)


def _read(hint: Any, scope: Mapping[str, Any]) -> Any:
    """What an annotation stands for that may be text; Any where that can't be told."""
    while isinstance(hint, str | ForwardRef):
        try:
            text = hint if isinstance(hint, str) else hint.__forward_arg__
            hint = eval(text, {"Tensor": Variable, **scope})  # it is text of the engine's own
        except (NameError, TypeError, AttributeError):
            return Any
    return hint


def _keyed(origin: type) -> bool:
    return issubclass(origin, Mapping) or origin is Iterator


def _wrong(hint: Any, value: Any, scope: Mapping[str, Any]) -> str | None:
    """What is wrong with an argument, as far as its annotation says it; None where nothing is seen."""
    if _fits(hint, value, scope):
        return None
    if isinstance(hint, str) and re.fullmatch(r"(\w+)( \| None)?", hint):
        hint = _read(hint, scope)  # the name of an alias says nothing to a caller
    text = hint if isinstance(hint, str) else inspect.formatannotation(hint)
    text = re.sub(r"ForwardRef\('([^']*)'\)", r"\1", text)
    text = (
        re.sub(r"\b[a-z_]\w*\.", "", text)
        .replace("'", "")
        .removesuffix(" | None")
        .replace("Variable", "Tensor")
    )
    if text.startswith("Literal["):
        return f"must be {' or '.join(repr(each) for each in get_args(_read(hint, scope)))}, not {value!r}"
    several = re.search(r"(Sequence|Iterable|tuple|list)\[[^\]]*Tensor", text)
    if "Tensor" not in text and "Operand" not in text:
        return f"must be {_article(text.replace(' | ', ' or '))}, not {_named(value)}"
    if several and isinstance(value, list | tuple):
        for k, each in enumerate(value):
            if not isinstance(each, Variable):
                return f"must hold Tensors, and number {k} is {_named(each)}; {_remedy(each)}"
    if several:
        either = "a Tensor or " if re.match(r"Tensor\b", text) else ""
        return f"must be {either}a sequence of Tensors, not {_named(value)}"
    other = " or a number" if re.search(r"\b(Number|Operand|float|complex|int|bool)\b", text) else ""
    return f"must be a Tensor{other}, not {_named(value)}; {_remedy(value)}"


def _named(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    if isinstance(value, Variable):
        return f"a Tensor of shape {list(value._data.shape)}"
    if isinstance(value, bool | int | float | complex | str):
        return f"the {type(value).__name__} {shown(value)}"
    return _article(type(value).__name__)


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _remedy(value: Any) -> str:
    if isinstance(value, np.ndarray | np.generic):
        return f"make one with {_OURS}.from_numpy()" if isinstance(value, np.ndarray) else "take its .item()"
    if isinstance(value, bool | int | float | complex | list | tuple):
        return f"make one with {_OURS}.tensor()"
    return "give one"


def explain(namespace: MutableMapping[str, Any], names: Iterable[str]) -> None:
    """Replace those of a namespace's functions that refuse in terms of the call by ones that do."""
    functions = {name: namespace[name] for name in names}
    namespace.update(explained({k: f for k, f in functions.items() if inspect.isfunction(f)}))


def explained(functions: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The functions, with errors in terms of their calls. Those that have a decorator see to it themselves.

    Each gets a frame of exactly its own signature, which costs less than any that packs arguments. As
    collections.namedtuple does, that is compiled from text, all in one go.
    """
    scope: dict[str, Any] = {
        "__name__": __name__,
        "_stumbled": stumbled,
        "_STUMBLES": STUMBLES,
        "_ABSENT": ABSENT,
        "_renamed": renamed,
    }
    wanted = {
        name: function
        for name, function in functions.items()
        if not hasattr(function, "__wrapped__") and not inspect.isgeneratorfunction(function)
    }
    text: list[str] = []
    for number, function in enumerate(wanted.values()):
        scope[f"_function{number}"] = function
        text.append(_source(number, function))
    exec(compile("".join(text), __file__, "exec"), scope)
    result: dict[str, Callable[..., Any]] = {}
    for number, (name, function) in enumerate(wanted.items()):
        made = scope[f"_made{number}"]
        for each in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
            setattr(made, each, getattr(function, each))
        # where NumPy's names are taken, an argument may be missing at first
        missing = len(made.__defaults__ or ()) - len(function.__defaults__ or ())
        made.__defaults__ = (ABSENT,) * missing + (function.__defaults__ or ()) or None
        made.__kwdefaults__ = {**(made.__kwdefaults__ or {}), **(function.__kwdefaults__ or {})} or None
        made.__wrapped__ = function
        result[name] = made
    return result


def _source(number: int, function: Callable[..., Any]) -> str:
    code = function.__code__
    names = code.co_varnames
    count, only = code.co_argcount, code.co_kwonlyargcount
    first_default = required = count - len(function.__defaults__ or ())
    plain = not code.co_flags & inspect.CO_VARARGS and not code.co_posonlyargcount
    older = old_names(names[: count + only]) if plain else {}
    if older and "dim" in names[:required]:
        first_default = names.index("dim")
    taken = [f"{n}=None" if k >= first_default else n for k, n in enumerate(names[:count])]
    if code.co_posonlyargcount:
        taken.insert(code.co_posonlyargcount, "/")
    given = list(names[:count])
    passed = list(given)
    at = count + only
    if code.co_flags & inspect.CO_VARARGS:
        taken.append(f"*{names[at]}")
        given.append(f"*{names[at]}")
        passed.append(names[at] if function.__annotations__[names[at]] == "Sizes" else f"*{names[at]}")
        at += 1
    elif only or older:
        taken.append("*")
    known = function.__kwdefaults__ or {}
    named = names[count : count + only]
    taken += [f"{n}=None" if n in known else n for n in named]
    taken += [f"{old}=_ABSENT" for old in older]
    keywords = [f"{n}={n}" for n in named]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        taken.append(f"**{names[at]}")
        keywords.append(f"**{names[at]}")
    call = ", ".join((*passed, *keywords))
    doubtful = [*(f"{old} is not _ABSENT" for old in older)]
    doubtful += [f"{n} is _ABSENT" for n in names[first_default:required]]
    every = ", ".join(f"{n}={n}" for n in (*names[:count], *named, *older))
    rename = (
        f"    if {' or '.join(doubtful)}:\n"
        f"        return _renamed(_made{number}, _function{number}, dict({every}))\n"
    )
    return (
        f"def _made{number}({', '.join(taken)}):\n"
        f"{rename if older else ''}"
        f"    try:\n        return _function{number}({call})\n"
        f"    except _STUMBLES as error:\n"
        f"        _stumbled(_function{number}, ({''.join(f'{g}, ' for g in given)}), "
        f"dict({', '.join(keywords)}), error)\n        raise\n"
    )
