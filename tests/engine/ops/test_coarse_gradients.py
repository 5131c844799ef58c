"""Ops with a gradient op compose their rules of small ops only where the walk is recorded."""

import pytest

import engine
from engine.device import CPU
from engine.ops import OPS
from tests.engine.ops.test_ops import CASES

COARSE = {"rnn": "rnn_grad", "gru": "gru_grad", "lstm": "lstm_grad", "attention": "attention_grad"}


@pytest.mark.parametrize("name", COARSE)
def test_the_gradient_op_runs_unless_the_walk_is_recorded(name, monkeypatch):
    calls = []
    kernel = CPU.kernels[COARSE[name]]

    def counted(*args):
        calls.append(name)
        return kernel(*args)

    monkeypatch.setitem(CPU.kernels, COARSE[name], counted)
    case = CASES[name][0]
    found = []
    for create_graph in (False, True):
        operands = [engine.from_numpy(x) for x in case.arrays(name, "float64")]
        wanted = [x.requires_grad_() for x in operands if x.is_floating_point()]
        out = OPS[name](*operands, *case.attrs)
        out = out[0] if isinstance(out, tuple) else out
        found.append(engine.autograd.grad(out.sum(), wanted, create_graph=create_graph))
        assert len(calls) == 1, create_graph
    for a, b in zip(*found, strict=True):
        assert engine.allclose(a, b, rtol=1e-10)
        assert not a.requires_grad
        assert b.requires_grad
