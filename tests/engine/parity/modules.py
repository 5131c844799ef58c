"""Modules beside PyTorch's, with the same weights: results, gradients and what is left in the buffers."""

import warnings
from itertools import islice
from typing import Any

import numpy as np

import engine
from tests.engine.parity.judge import TOLERANCE64, Unlike, close
from tests.engine.parity.judge import _converted as converted
from tests.engine.parity.judge import _flat as flat
from tests.engine.parity.table import Row

# of the inputs of a module that are made, for one dtype and mode, this many are tried, evenly spread
MADE, TRIED = 120, 5


def compare(torch: Any, info: Any, row: Row) -> None:
    """Raise Unlike, or whatever the engine raises, at the first input on which the two don't agree."""
    ours = getattr(engine.nn, info.module_cls.__name__, None)
    if ours is None:
        raise Unlike("no such module")
    for dtype in (torch.float64, torch.float32):
        tolerance = TOLERANCE64 if dtype is torch.float64 else row.tolerance32
        for training in (True, False):
            for case in inputs(torch, info, dtype, training):
                try:
                    _compare(torch, info.module_cls, ours, case, dtype, training, tolerance)
                except Exception as error:
                    made, given = case.constructor_input, case.forward_input
                    mode = "training" if training else "evaluation"
                    error.add_note(f"{info.name} {made.args} {made.kwargs} in {dtype}, {mode}: {case.desc}")
                    error.add_note(f"{[getattr(x, 'shape', x) for x in given.args]} {list(given.kwargs)}")
                    raise
    _check_refusals(torch, info, ours)


def inputs(torch: Any, info: Any, dtype: Any, training: bool) -> list[Any]:
    """Inputs of a module, the same in every run."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = list(
            islice(
                info.module_inputs_func(
                    info, device="cpu", dtype=dtype, requires_grad=True, training=training
                ),
                MADE,
            )
        )
    step = max(len(made) / TRIED, 1)
    return [made[int(k * step)] for k in range(min(TRIED, len(made)))]


def _compare(
    torch: Any, their_class: Any, our_class: Any, case: Any, dtype: Any, training: bool, tolerance: float
) -> None:
    constructor, forward = case.constructor_input, case.forward_input
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = their_class(*constructor.args, **constructor.kwargs).to(dtype).train(training)
        ours = our_class(*_arguments(torch, constructor.args), **_arguments(torch, constructor.kwargs))
    ours = ours.to(engine.dtypes.dtype(str(dtype).removeprefix("torch."))).train(training)
    ours.load_state_dict({key: value.detach().numpy() for key, value in theirs.state_dict().items()})
    leaves: list[tuple[Any, Any]] = []
    args, kwargs = _given(torch, (forward.args, forward.kwargs), leaves, {})
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = flat(theirs(*forward.args, **forward.kwargs))
        found = flat(ours(*args, **kwargs))
    if len(found) != len(expected):
        raise Unlike(f"{len(found)} results, expected {len(expected)}")
    flowing = []
    for k, (x, y) in enumerate(zip(found, expected, strict=True)):
        if not isinstance(y, torch.Tensor):
            if x is not y and x != y:
                raise Unlike(f"result {k} is {x!r}, expected {y!r}")
            continue
        close(x.detach().numpy(), y.detach().numpy(), tolerance, f"result {k}")
        if x.requires_grad != y.requires_grad:
            raise Unlike(f"result {k} requires grad: {x.requires_grad}, expected {y.requires_grad}")
        if y.requires_grad:
            flowing.append((x, y))
    their_parameters = dict(theirs.named_parameters())
    if [name for name, _ in ours.named_parameters()] != list(their_parameters):
        raise Unlike(f"the parameters are {[n for n, _ in ours.named_parameters()]}")
    leaves += [(p, their_parameters[name]) for name, p in ours.named_parameters()]
    if flowing and leaves:
        _compare_gradients(torch, flowing, leaves, tolerance)
    state = ours.state_dict()
    for key, value in theirs.state_dict().items():
        close(state[key].numpy(), value.detach().numpy(), tolerance, f"{key} after the call")


def _compare_gradients(torch: Any, flowing: list[Any], leaves: list[Any], tolerance: float) -> None:
    rng = np.random.default_rng(5)
    cotangents = [rng.standard_normal(tuple(y.shape)) for _, y in flowing]
    ours = engine.autograd.grad(
        [x for x, _ in flowing],
        [x for x, _ in leaves],
        [engine.tensor(c, dtype=x.dtype) for c, (x, _) in zip(cotangents, flowing, strict=True)],
        allow_unused=True,
    )
    theirs = torch.autograd.grad(
        [y for _, y in flowing],
        [y for _, y in leaves],
        [torch.tensor(c, dtype=y.dtype) for c, (_, y) in zip(cotangents, flowing, strict=True)],
        allow_unused=True,
    )
    for k, (g, h, (_, y)) in enumerate(zip(ours, theirs, leaves, strict=True)):
        zeros = np.zeros(tuple(y.shape))
        close(
            zeros if g is None else g.numpy(), zeros if h is None else h.numpy(), tolerance, f"gradient {k}"
        )


def _arguments(torch: Any, value: Any) -> Any:
    """A constructor's arguments: PyTorch's functions and layers as the engine's of the same name."""
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        return engine.nn.TransformerEncoderLayer(
            value.self_attn.embed_dim,
            value.self_attn.num_heads,
            value.linear1.out_features,
            value.dropout.p,
            _arguments(torch, value.activation),
            value.norm1.eps,
            value.self_attn.batch_first,
            value.norm_first,
            value.linear1.bias is not None,
        )
    if isinstance(value, tuple | list) and not isinstance(value, torch.Size):
        return type(value)(_arguments(torch, each) for each in value)
    if isinstance(value, dict):
        return {key: _arguments(torch, each) for key, each in value.items()}
    named = getattr(value, "__name__", None)
    if callable(value) and named is not None and hasattr(engine.nn.functional, named):
        return getattr(engine.nn.functional, named)
    return converted(torch, value, [])


def _given(torch: Any, value: Any, leaves: list[tuple[Any, Any]], made: dict[int, Any]) -> Any:
    """What forward takes; a tensor that is given twice is one tensor."""
    if isinstance(value, torch.Tensor):
        if id(value) not in made:
            made[id(value)] = converted(torch, value, leaves)
        return made[id(value)]
    if type(value) in (tuple, list):
        return type(value)(_given(torch, each, leaves, made) for each in value)
    if isinstance(value, dict):
        return {key: _given(torch, each, leaves, made) for key, each in value.items()}
    return converted(torch, value, leaves)


def _check_refusals(torch: Any, info: Any, ours: Any) -> None:
    """Where PyTorch raises, so does the engine."""
    if info.module_error_inputs_func is None:
        return
    for training in (True, False):
        cases = info.module_error_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=False, training=training
        )
        for case in cases:
            constructor = case.module_error_input.constructor_input
            forward = case.module_error_input.forward_input
            try:
                made = ours(*_arguments(torch, constructor.args), **_arguments(torch, constructor.kwargs))
                if case.error_on.name == "FORWARD_ERROR":
                    args, kwargs = converted(torch, (forward.args, forward.kwargs), [])
                    made.train(training)(*args, **kwargs)
            except (RuntimeError, TypeError, ValueError):
                continue
            raise Unlike(f"it takes what PyTorch refuses: {case.error_regex}")
