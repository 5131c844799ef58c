"""The seam: tables of kernels, and what is said where one is missing."""

import json

import numpy as np
import pytest

import engine
from engine.backends import META, NUMPY, Backend, KernelTable, report
from engine.device import CPU
from engine.errors import EngineError, MissingKernel
from engine.ops.op import Op


def test_a_missing_kernel_is_named_with_its_backend():
    op = Op("conjure", "x")
    said = f"the {CPU.backend.name} backend has no kernel for the op 'conjure'"
    with pytest.raises(MissingKernel, match=said) as caught:
        op(engine.zeros(1))
    assert (caught.value.op, caught.value.backend) == ("conjure", CPU.backend.name)


def test_a_kernel_defined_twice_is_refused():
    table = KernelTable("numpy")
    table.add({"add": np.add})
    with pytest.raises(EngineError, match=r"defines \['add'\] twice"):
        table.add({"add": np.add})


def test_backends_convert_without_copies_where_they_can():
    array = np.zeros(3)
    assert NUMPY.from_numpy(array) is array
    assert META.from_numpy(array).shape == (3,)
    assert isinstance(NUMPY, Backend)


def test_the_report_is_json_and_names_what_computes():
    told = report()
    assert json.loads(json.dumps(told)) == told
    assert told["devices"] == ["cpu"]
    assert "numpy" in told["backends"]
    assert told["native"]["available"] in (True, False)
    assert told["threads"] >= 1


def test_meta_tensors_hold_no_memory():
    x = engine.ones(2**20, 2**20, 2**10, device="meta", requires_grad=True)
    (x.relu() * 2).sum().backward()
    assert x.grad.shape == x.shape
