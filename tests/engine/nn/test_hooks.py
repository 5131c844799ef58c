"""Hooks on modules: their order, what they see and replace, and what is said when they are wrong."""

from typing import Any

import pytest

import engine
from engine import nn
from engine.errors import EngineError


class Scaled(nn.Module):
    def forward(self, x, factor=1.0):
        if factor < 0:
            raise ValueError("negative")
        return x * factor


@pytest.fixture
def x():
    return engine.tensor([1.0, 2.0], requires_grad=True)


def test_hooks_with_kwargs_see_and_replace_them(x):
    module = Scaled()
    module.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {"factor": kwargs["factor"] + 1}), with_kwargs=True
    )
    module.register_forward_hook(lambda m, args, kwargs, out: out + kwargs["factor"], with_kwargs=True)
    assert module(x, factor=2.0).tolist() == [6, 9]
    bad = Scaled()
    bad.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(EngineError, match=r"must return None or \(args, kwargs\)"):
        bad(x)


def test_prepended_hooks_come_first_and_removed_ones_not_at_all(x):
    seen = []
    module = Scaled()
    module.register_forward_hook(lambda *_: seen.append("a"))
    module.register_forward_hook(lambda *_: seen.append("b"), prepend=True)
    handle = module.register_forward_hook(lambda *_: seen.append("c"))
    module(x)
    handle.remove()
    module(x)
    assert seen == ["b", "a", "c", "b", "a"]


def test_always_called_hooks_run_where_forward_raises(x):
    seen = []
    module = Scaled()
    module.register_forward_hook(lambda m, args, out: seen.append(out))
    module.register_forward_hook(lambda m, args, out: seen.append(("always", out)), always_call=True)
    with pytest.raises(ValueError, match="negative"):
        module(x, -1.0)
    assert seen == [("always", None)]


def both(torch, build):
    """What a program on torch's modules and on ours writes down."""
    found = []
    for t in (torch, engine):
        notes = []
        build(t, notes)
        found.append(notes)
    theirs, ours = found
    assert ours == theirs
    return ours


def listed(values):
    return [None if v is None else v.tolist() for v in values]


def test_full_backward_hooks_see_what_torchs_see(torch):
    def build(t, notes):
        def forward(self, a, scale, b):
            return a * scale, a * b

        module = type("Two", (t.nn.Module,), {"forward": forward})()
        module.register_full_backward_hook(
            lambda m, ins, outs: notes.append(("after", listed(ins), listed(outs)))
        )
        module.register_full_backward_pre_hook(lambda m, outs: notes.append(("before", listed(outs))))
        a = t.tensor([1.0, 2.0], requires_grad=True)
        b = t.tensor([3.0, 4.0], requires_grad=True)
        first, second = module(a, 2.0, b)
        (first + second * 10).sum().backward()
        notes.append((a.grad.tolist(), b.grad.tolist()))

    assert both(torch, build)[0][0] == "before"


def test_full_backward_hooks_replace_gradients_as_torchs_do(torch):
    def build(t, notes):
        module = t.nn.ReLU()
        module.register_full_backward_hook(lambda m, ins, outs: (ins[0] * 10,))
        module.register_full_backward_pre_hook(lambda m, outs: (outs[0] + 1,))
        x = t.tensor([1.0, -2.0], requires_grad=True)
        module(x * 1).sum().backward()
        notes.append(x.grad.tolist())

    assert both(torch, build) == [[20.0, 0.0]]


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # torch's own warning
def test_full_backward_hooks_run_where_no_input_wants_a_gradient(torch):
    def build(t, notes):
        module = t.nn.Linear(2, 1)
        module.register_full_backward_hook(lambda m, ins, outs: notes.append((listed(ins), listed(outs))))
        module(t.ones(1, 2)).sum().backward()

    assert both(torch, build) == [([None], [[[1.0]]])]


def test_backward_hooks_of_a_wrong_kind_are_refused(x):
    module = nn.ReLU()
    module.register_full_backward_hook(lambda m, ins, outs: (ins[0], ins[0]))
    with pytest.raises(EngineError, match="returned 2 gradients, and there are 1"):
        module(x * 1).sum().backward()

    class Mapped(nn.Module):
        def forward(self, x):
            return {"x": x}

    mapped = Mapped()
    mapped.register_full_backward_hook(lambda *_: None)
    with pytest.raises(EngineError, match=r"a tensor or a tuple of tensors, not dict"):
        mapped(x)


def test_state_dict_hooks_run_around_saving_and_loading():
    module = nn.Sequential(nn.Linear(2, 1))
    seen: list[Any] = []
    module.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append(("saving", prefix)))
    module.register_state_dict_post_hook(
        lambda m, state, prefix, meta: state.update({"extra": engine.ones(1)})
    )
    state = module.state_dict()
    assert "extra" in state

    def renamed(m, state, prefix, meta, strict, missing, unexpected, errors):
        state["0.weight"] = state.pop("old")
        state.pop("extra")

    fresh = nn.Sequential(nn.Linear(2, 1))
    fresh.register_load_state_dict_pre_hook(renamed)
    fresh.register_load_state_dict_post_hook(lambda m, keys: seen.append(repr(keys)))
    state["old"] = state.pop("0.weight")
    fresh.load_state_dict(state)
    assert seen == [("saving", ""), "<All keys matched successfully>"]
    assert "old" in state
    assert fresh[0].weight.tolist() == module[0].weight.tolist()
