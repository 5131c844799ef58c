"""How a tensor prints: as PyTorch prints it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.dtypes import FLOATING_KINDS, bool_, get_default_dtype, int64
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


class Options:
    """How tensors print: digits, when to shorten, how many at each edge, the line's width, and whether
    numbers are written with exponents (None: as fits)."""

    precision = 4
    threshold: float = 1000
    edgeitems = 3
    linewidth = 80
    sci_mode: bool | None = None


_SHOWN = Options()
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors print from now on; what isn't given stays, but sci_mode, which begins anew.

    precision: digits after the point; threshold: elements above which only the edges are shown
    edgeitems: how many at each edge; linewidth: characters per line
    profile: "default", "short" or "full"; sci_mode: write exponents always (True) or never (False)
    """
    if profile is not None and profile not in _PROFILES:
        raise EngineError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}, not {profile!r}")
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = dict(_PROFILES[profile]) if profile is not None else {}
    chosen.update({name: value for name, value in given.items() if value is not None})
    for name, value in chosen.items():
        setattr(_SHOWN, name, value)
    _SHOWN.sci_mode = sci_mode


def _shown(x: npt.NDArray[Any]) -> list[Any]:
    """The elements that are printed, flat."""
    for axis in range(x.ndim):
        if x.shape[axis] > 2 * _SHOWN.edgeitems:
            x = np.concatenate(
                [x.take(range(_SHOWN.edgeitems), axis), x.take(range(-_SHOWN.edgeitems, 0), axis)], axis
            )
    flat: list[Any] = x.reshape(-1).tolist()
    return flat


def _formatter(shown: list[Any], floating: bool) -> Any:
    if not floating:
        width = max((len(str(v)) for v in shown), default=0)
        return lambda v: str(v).rjust(width)
    finite = [abs(v) for v in shown if math.isfinite(v) and v != 0]
    whole = all(v == int(v) for v in finite)
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scientific = bool(finite) and (high / low > 1e3 or high > 1e8 or low < 1e-4)
    if _SHOWN.sci_mode is not None:
        scientific = _SHOWN.sci_mode

    def text(v: float) -> str:
        if not math.isfinite(v):
            return str(v)
        if scientific:
            return f"{v:.{_SHOWN.precision}e}"
        return f"{v:.0f}." if whole else f"{v:.{_SHOWN.precision}f}"

    # zeros, inf and NaN fall in line as they can
    width = max((len(text(v)) for v in shown if math.isfinite(v) and v != 0), default=0)
    return lambda v: text(v).rjust(width)


def _form(shown: list[Any], kind: str) -> Any:
    """What makes a number's text, in line with all the others shown."""
    if kind != "c":
        return _formatter(shown, kind in FLOATING_KINDS)
    real, imag = _formatter([v.real for v in shown], True), _formatter([v.imag for v in shown], True)

    def text(v: complex) -> str:
        first, second = str(real(v.real)), str(imag(v.imag)).lstrip()
        return f"{first}{'' if second[0] == '-' else '+'}{second}j"

    return text


def _text(x: npt.NDArray[Any], form: Any, indent: int, brief: bool) -> str:
    if x.ndim == 0:
        return str(form(x.item()))
    cut = brief and x.shape[0] > 2 * _SHOWN.edgeitems
    rows = (
        [*range(_SHOWN.edgeitems), None, *range(x.shape[0] - _SHOWN.edgeitems, x.shape[0])]
        if cut
        else list(range(x.shape[0]))
    )
    if x.ndim == 1:
        words = [" ..." if k is None else str(form(x[k].item())) for k in rows]
        per_line = max(1, (_SHOWN.linewidth - indent) // (max((len(w) for w in words), default=0) + 2))
        lines = [", ".join(words[k : k + per_line]) for k in range(0, len(words), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = ["..." if k is None else _text(x[k], form, indent + 1, brief) for k in rows]
    return "[" + ("," + "\n" * (x.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def to_text(x: Tensor, name: str = "tensor") -> str:
    """The text of repr()."""
    suffix = []
    if x._device.type == "meta":
        body = "..."
        suffix.append(f"device='meta', size={tuple(x.shape)}")
    else:
        array = x._device.backend.to_numpy(x._data)
        brief = array.size > _SHOWN.threshold
        form = _form(_shown(array) if brief else array.reshape(-1).tolist(), array.dtype.kind)
        body = _text(array, form, len(name) + 1, brief)
        if array.size == 0 and array.ndim > 1:
            body = "[]"
            suffix.append(f"size={tuple(x.shape)}")
    if x.dtype not in (get_default_dtype(), get_default_dtype().to_complex(), int64, bool_):
        suffix.append(f"dtype={x.dtype}")
    if x._node is not None:
        suffix.append(f"grad_fn=<{x._node.name()}>")
    elif x._requires:
        suffix.append("requires_grad=True")
    return f"{name}({', '.join([body, *suffix])})"
