"""Calling the engine and PyTorch with one sample, and comparing values, dtypes, shapes and gradients."""

import random
import warnings
from functools import partial, reduce
from itertools import islice
from typing import Any

import numpy as np

import engine
from engine import dtypes
from engine.errors import NotDifferentiable
from tests.engine.parity.table import Row

TOLERANCE64 = 1e-10
# how many more digits than a gradient its own gradient may lose
SECOND = 100
# of the samples of an entry that are made, this many are tried, evenly spread
MADE, TRIED = 40, 12
# samples of more elements are left out where there are others
LARGE = 20_000


# what drops at random is compared with nothing dropped: the position or name of its probability
DROPPING: dict[str, int | str] = {
    "nn.functional.multi_head_attention_forward": 9,
    "nn.functional.scaled_dot_product_attention": "dropout_p",
}


class Unlike(AssertionError):
    """The engine gives something else than PyTorch."""


# op_db calls these, by name or with the variant's name, in its own way
REORDERED = {
    "einsum": lambda tensors, equation: engine.einsum(equation, tensors),
    "where": lambda input, condition, other: engine.where(condition, input, other),
    "linalg.lstsq/grad_oriented": lambda a, b, driver: engine.linalg.lstsq(a, b, driver=driver)[:2],
    "linalg.pinv/singular": lambda a, b: engine.linalg.pinv(a @ b.mT),
    "polygamma": lambda input, n: engine.polygamma(n, input),
    "special.polygamma": lambda input, n: engine.special.polygamma(n, input),
    "slice": lambda input, dim=0, start=None, end=None, step=1: input[
        (slice(None),) * dim + (slice(start, end, step),)
    ],
    # its result must not be a leaf
    "zero_": lambda input: input.clone().zero_(),
    "nn.functional.embedding": lambda weight, input, **options: engine.nn.functional.embedding(
        input, weight, **options
    ),
    "nn.functional.embedding_bag": lambda weight, input, **options: engine.nn.functional.embedding_bag(
        input, weight, **options
    ),
}


def _symmetric(call: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    return call(x + x.mT, *args, **kwargs)


def _triangular(at: int, standard: bool) -> Any:
    def prepared(call: Any, *args: Any, upper: bool = standard, **kwargs: Any) -> Any:
        x = args[at].triu() if upper else args[at].tril()
        return call(*args[:at], x, *args[at + 1 :], upper=upper, **kwargs)

    return prepared


# what is defined for symmetric or triangular matrices gets them, as in PyTorch's own checks of gradients: how
# a gradient is shared out among elements that can't change alone is a matter of choice
PREPARED = {
    **dict.fromkeys(
        ("cholesky", "linalg.cholesky", "linalg.cholesky_ex", "linalg.eigh", "linalg.eigvalsh"), _symmetric
    ),
    "linalg.pinv/hermitian": _symmetric,
    "cholesky_inverse": _triangular(0, False),
    "cholesky_solve": _triangular(1, False),
    "triangular_solve": _triangular(1, True),
}


def function(entry: str) -> Any:
    """The engine's function of an entry, or the tensor's method where there is no function; or None."""
    name = entry.split("/")[0]
    for known in (entry, name):
        if known in REORDERED:
            return REORDERED[known]
    roots: tuple[Any, ...] = (engine, engine.Tensor)
    for root in roots:
        try:
            found: Any = reduce(getattr, name.split("."), root)
        except AttributeError:
            continue
        if isinstance(found, property):
            return found.fget
        if callable(found):
            return found
    return None


def precisions(torch: Any, info: Any) -> list[Any]:
    """float64 and float32; where the op has no floats, complex128 and complex64, or int64, or bool.

    Fourier transforms are tried with complex numbers too.
    """
    floats = [d for d in (torch.float64, torch.float32) if d in info.dtypes]
    complexes = [d for d in (torch.complex128, torch.complex64) if d in info.dtypes]
    if info.name.startswith("fft."):
        return floats + complexes
    return floats or complexes or [d for d in (torch.int64, torch.bool) if d in info.dtypes][:1]


def samples(torch: Any, info: Any, dtype: Any) -> list[Any]:
    """Samples of an entry, the same in every run."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(
            islice(info.sample_inputs("cpu", dtype, requires_grad=_differentiable(info, dtype)), MADE)
        )
    probability = DROPPING.get(info.name)
    for sample in found if probability is not None else ():
        if isinstance(probability, int):
            sample.args = (*sample.args[:probability], 0.0, *sample.args[probability + 1 :])
        else:
            sample.kwargs[probability] = 0.0
    found = [each for each in found if _size(each) < LARGE] or found
    step = max(len(found) / TRIED, 1)
    return [found[int(k * step)] for k in range(min(TRIED, len(found)))]


def _differentiable(info: Any, dtype: Any) -> bool:
    return bool(info.supports_autograd and (dtype.is_floating_point or dtype.is_complex))


def compare(torch: Any, info: Any, row: Row) -> None:
    """Raise Unlike, or whatever the engine raises, at the first sample on which the two don't agree."""
    ours, theirs = function(row.entry), info.op
    if ours is None:
        raise Unlike("no such function")
    if row.entry in PREPARED:
        ours, theirs = partial(PREPARED[row.entry], ours), partial(PREPARED[row.entry], theirs)
    tried = 0
    for dtype in precisions(torch, info):
        tolerance = TOLERANCE64 if dtype in (torch.float64, torch.complex128) else row.tolerance32
        found = samples(torch, info, dtype)
        chosen = _smallest(found) if info.supports_gradgrad and dtype is torch.float64 else -1
        for k, sample in enumerate(found):
            torch.manual_seed(0)
            try:
                given = sample.transform(_connected)
                _compare_sample(torch, theirs, ours, given, tolerance, row, twice=k == chosen)
            except Exception as error:
                error.add_note(f"{row.entry}, sample {k} in {dtype}: {sample.summary()}")
                raise
            tried += 1
    if not tried:
        raise Unlike("PyTorch has no sample")


def _size(sample: Any) -> int:
    given = (sample.input, *sample.args)
    return sum(x.numel() for x in given if hasattr(x, "numel"))


def _smallest(found: list[Any]) -> int:
    """The number of the sample with the fewest elements, but more than two."""
    return min(range(len(found)), key=lambda k: (_size(found[k]) <= 2, _size(found[k])), default=-1)


def _connected(value: Any) -> Any:
    """A leaf in place of a view of one that was taken unrecorded, which requires grad and never gets one."""
    stray = getattr(value, "requires_grad", False) and value.is_leaf and value._is_view()
    return value.detach().requires_grad_() if stray else value


def _compare_sample(
    torch: Any, theirs: Any, ours: Any, sample: Any, tolerance: float, row: Row, twice: bool
) -> None:
    leaves: list[tuple[Any, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sample.output_process_fn_grad(theirs(sample.input, *sample.args, **sample.kwargs))
    given = _converted(torch, (sample.input, sample.args, sample.kwargs), leaves)
    # what doesn't depend on a choice, such as the sign of an eigenvector
    found = sample.output_process_fn_grad(ours(given[0], *given[1], **given[2]))
    a, b = _flat(found), _flat(expected)
    if len(a) != len(b):
        raise Unlike(f"{len(a)} results, expected {len(b)}")
    flowing: list[tuple[Any, Any]] = []
    for k, (x, y) in enumerate(zip(a, b, strict=True)):
        if not isinstance(y, torch.Tensor):
            if x != y and not isinstance(y, torch.dtype):
                raise Unlike(f"result {k} is {x!r}, expected {y!r}")
            continue
        if str(x.dtype).removeprefix("engine.") != str(y.dtype).removeprefix("torch."):
            raise Unlike(f"result {k} is {x.dtype}, expected {y.dtype}")
        # a result may come in the default dtype, whatever the sample's
        within = row.tolerance32 if y.dtype in (torch.float32, torch.complex64) else tolerance
        if y.dtype is torch.bfloat16:
            x, y = x.float(), y.float()
        close(x.detach().numpy(), y.detach().resolve_conj().numpy(), within, f"result {k}")
        if x.requires_grad != y.requires_grad:
            raise Unlike(f"result {k} requires grad: {x.requires_grad}, expected {y.requires_grad}")
        if y.requires_grad:
            flowing.append((x, y))
    if flowing and leaves:
        # the gradient's gradient, of one sample of each entry
        _compare_gradients(torch, flowing, leaves, tolerance, row, twice)


def _compare_gradients(
    torch: Any,
    flowing: list[Any],
    leaves: list[Any],
    tolerance: float,
    row: Row,
    twice: bool = False,
    second: bool = False,
) -> None:
    """Compare the gradients of results under one cotangent, and `twice`: also those of the gradients.

    second: these are gradients of gradients, for which PyTorch's NaN doesn't count
    """
    rng = np.random.default_rng(5)
    drawn = [_cotangent(rng, y) for _, y in flowing]
    cotangents = [
        (engine.tensor(c, dtype=x.dtype), torch.tensor(c, dtype=y.dtype))
        for c, (x, y) in zip(drawn, flowing, strict=True)
    ]
    for c, d in cotangents if twice else ():
        c.requires_grad_(), d.requires_grad_()

    def both(create_graph: bool) -> tuple[Any, Any]:
        grads = [
            library.autograd.grad(
                [pair[k] for pair in flowing],
                [pair[k] for pair in leaves],
                [pair[k] for pair in cotangents],
                create_graph=create_graph,
                retain_graph=True,
                allow_unused=True,
            )
            for k, library in ((1, torch), (0, engine))
        ]
        return grads[1], grads[0]

    try:
        ours, theirs = both(twice)
    except NotDifferentiable:
        if not twice:
            raise
        # PyTorch says so one call later
        ours, theirs = both(False)
    again: list[tuple[Any, Any]] = []
    for k, (g, h, (x, y)) in enumerate(zip(ours, theirs, leaves, strict=True)):
        if g is not None and g.dtype is not x.dtype:
            raise Unlike(f"gradient {k} is {g.dtype}, and its tensor {x.dtype}")
        # "no gradient" and a gradient of zeros say the same
        zeros = np.zeros(tuple(y.shape))
        within = row.tolerance32 if y.dtype in (torch.float32, torch.complex64) else tolerance
        found = zeros if g is None else g.detach().numpy()
        expected = zeros if h is None else h.numpy(force=True)
        close(
            np.where(np.isnan(expected), expected, found) if second else found,
            expected,
            within,
            f"gradient {k}",
        )
        if h is not None and h.requires_grad:
            again.append((g, h))
    if again:
        _compare_again(torch, again, [*leaves, *cotangents], tolerance * SECOND, row)


def _compare_again(torch: Any, flowing: list[Any], leaves: list[Any], tolerance: float, row: Row) -> None:
    """The gradients of gradients, as far as PyTorch has them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.autograd.grad(
                [h.sum() for _, h in flowing], [y for _, y in leaves], retain_graph=True, allow_unused=True
            )
    except RuntimeError:  # it has none
        return
    if not any(g is not None and g.requires_grad for g, _ in flowing):
        raise Unlike("the gradient has no gradient")
    flowing = [(g, h) for g, h in flowing if g is not None and g.requires_grad]
    try:
        _compare_gradients(torch, flowing, leaves, tolerance, row, second=True)
    except Unlike as error:
        raise Unlike(f"of the gradient, {error}") from None


def _cotangent(rng: Any, y: Any) -> Any:
    real = rng.standard_normal(tuple(y.shape))
    return real + 1j * rng.standard_normal(tuple(y.shape)) if y.is_complex() else real


def close(ours: Any, theirs: Any, tolerance: float, what: str) -> None:
    if ours.shape != theirs.shape:
        raise Unlike(f"{what} has shape {ours.shape}, expected {theirs.shape}")
    if theirs.dtype.kind not in "fc":
        same = np.array_equal(ours, theirs)
    else:
        finite = np.abs(theirs[np.isfinite(theirs)])
        scale = max(finite.max(initial=0.0), 1e-3)
        same = np.allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, equal_nan=True)
    if not same:
        difference = np.abs(np.subtract(ours, theirs, dtype=np.result_type(ours, theirs, np.float64))).max()
        raise Unlike(f"{what} differs by up to {difference:.3g}")


def _converted(torch: Any, value: Any, leaves: list[tuple[Any, Any]]) -> Any:
    """PyTorch's tensors, dtypes and devices as the engine's; those that want gradients go to `leaves`."""
    if isinstance(value, torch.Tensor) and value.device.type == "meta":
        dtype = dtypes.dtype(str(value.dtype).removeprefix("torch."))
        return engine.empty(tuple(value.shape), dtype=dtype, device="meta")
    if isinstance(value, torch.Tensor):
        # detached memory keeps its strides; a copy, since in-place variants would change the sample's
        ours = engine.from_numpy(
            np.array(value.detach().resolve_conj().resolve_neg().numpy(), copy=True, order="K")
        )
        if value.requires_grad:
            ours.requires_grad_()
            leaves.append((ours, value))
        return ours
    if isinstance(value, torch.nn.Module):
        return getattr(engine.nn, type(value).__name__)()
    if isinstance(value, torch.dtype):
        return dtypes.dtype(str(value).removeprefix("torch."))
    if isinstance(value, torch.memory_format):
        return getattr(engine, str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return str(value)
    if type(value) in (tuple, list) or isinstance(value, torch.Size):
        items = [_converted(torch, each, leaves) for each in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, dict):
        return {key: _converted(torch, each, leaves) for key, each in value.items()}
    return value


def _flat(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [each for item in value for each in _flat(item)]
    return [value]
