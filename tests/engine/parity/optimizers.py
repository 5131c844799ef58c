"""Ten steps of an optimizer beside PyTorch's, from the same parameters along the same gradients."""

import warnings
from typing import Any

import numpy as np

import engine
from tests.engine.parity.judge import TOLERANCE64, Unlike, close
from tests.engine.parity.table import Row

STEPS = 10
SHAPES = ((4, 3), (5,), (), (2, 1, 3))
# near the minimum, these step along differences of gradients, whose last digits are noise: parameters are
# compared as far as the minimum is found, and of the state only the names
NOISY = ("LBFGS",)
NOISY64 = 1e-8


def compare(torch: Any, info: Any, row: Row) -> None:
    """Raise Unlike, or whatever the engine raises, at the first configuration on which they differ."""
    name = info.optim_cls.__name__
    ours = getattr(engine.optim, name, None)
    if ours is None:
        raise Unlike("no such optimizer")
    for config in info.optim_inputs_func(device="cpu"):
        for dtype in (torch.float64, torch.float32):
            exact = NOISY64 if name in NOISY else TOLERANCE64
            tolerance = exact if dtype is torch.float64 else row.tolerance32
            try:
                _compare(torch, name, config.kwargs, dtype, tolerance, info.step_requires_closure)
            except Exception as error:
                error.add_note(f"{name}, {config.desc}, in {dtype}: {config.kwargs}")
                raise
    for case in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
        _refuses(torch, ours, case)


def _compare(
    torch: Any, name: str, options: dict[str, Any], dtype: Any, tolerance: float, closure: bool
) -> None:
    found = []
    for lib in (engine, torch):
        rng = np.random.default_rng(7)
        kind = str(dtype).removeprefix("torch.")
        params = [lib.nn.Parameter(lib.tensor(rng.standard_normal(s).astype(kind))) for s in SHAPES]
        optimizer = getattr(lib.optim, name)(params, **(options if lib is torch else _ours(torch, options)))
        for _ in range(STEPS):
            if closure:
                optimizer.step(_closure(optimizer, params))
            else:
                for p, shape in zip(params, SHAPES, strict=True):
                    p.grad = lib.tensor(rng.standard_normal(shape).astype(kind))
                optimizer.step()
        found.append((params, optimizer))
    (ours, a), (theirs, b) = found
    for k, (p, q) in enumerate(zip(ours, theirs, strict=True)):
        close(p.detach().numpy(), q.detach().numpy(), tolerance, f"parameter {k}")
    _compare_states(a.state_dict(), b.state_dict(), tolerance, name not in NOISY)


def _closure(optimizer: Any, params: list[Any]) -> Any:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = sum(((p - k - 1) ** 2).sum() + (p**4).sum() for k, p in enumerate(params))
        loss.backward()
        return loss.detach()

    return closure


def _compare_states(ours: dict[str, Any], theirs: dict[str, Any], tolerance: float, values: bool) -> None:
    for a, b in zip(ours["param_groups"], theirs["param_groups"], strict=True):
        if a.keys() != b.keys():
            raise Unlike(f"the groups have {sorted(a.keys() ^ b.keys())} in one of the two only")
    if ours["state"].keys() != theirs["state"].keys():
        raise Unlike(f"there is state of {list(ours['state'])}, expected {list(theirs['state'])}")
    for index, expected in theirs["state"].items():
        state = ours["state"][index]
        # PyTorch's SGD writes momentum_buffer: None where there is no momentum
        expected = {key: value for key, value in expected.items() if value is not None}
        if state.keys() != expected.keys():
            raise Unlike(f"the state holds {sorted(state)}, expected {sorted(expected)}")
        for key, value in expected.items():
            if isinstance(value, int):
                if values and state[key] != value:
                    raise Unlike(f"{key} is {state[key]}, expected {value}")
            elif not values:
                continue
            elif str(state[key].dtype).split(".")[-1] != str(value.dtype).split(".")[-1]:
                raise Unlike(f"{key} is {state[key].dtype}, expected {value.dtype}")
            else:
                close(state[key].numpy(), value.numpy(), tolerance, f"{key} of parameter {index}")


def _ours(torch: Any, value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return engine.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {key: _ours(torch, each) for key, each in value.items()}
    return type(value)(_ours(torch, each) for each in value) if isinstance(value, tuple | list) else value


def _refuses(torch: Any, optimizer: Any, case: Any) -> None:
    """Where PyTorch raises (or warns of what will be an error), so does the engine."""
    given = case.optimizer_error_input
    if given.kwargs.keys() & {"foreach", "fused"}:
        return  # limits of how PyTorch computes, not of what
    params = given.params if given.params is not None else [torch.ones(2, 2)]
    memory: dict[int, Any] = {}

    def parameters(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return memory.setdefault(id(value), engine.nn.Parameter(engine.tensor(value.detach().numpy())))
        if isinstance(value, dict):
            return {key: parameters(each) for key, each in value.items()}
        return type(value)(parameters(each) for each in value) if isinstance(value, tuple | list) else value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            optimizer(parameters(params), **_ours(torch, given.kwargs))
        except (RuntimeError, TypeError, ValueError):
            return
    raise Unlike(f"it takes what PyTorch refuses: {given.desc}")
