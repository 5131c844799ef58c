"""PyTorch's own test data for this folder's tests, and the tables' counts at the end of the run."""

import sys
import warnings
from importlib import import_module

import pytest

from tests.engine.parity.table import MODULES, OPTIMIZERS, label, read

OP_DB = "torch.testing._internal.common_methods_invocations"


@pytest.fixture(scope="session")
def internals(torch):
    """That PyTorch's test data can be imported."""
    pytest.importorskip("expecttest", reason="torch.testing._internal needs expecttest: dev.py test --torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("common_methods_invocations", "common_modules", "common_optimizers"):
            import_module(f"torch.testing._internal.{name}")
    return torch.testing._internal


@pytest.fixture(scope="session")
def op_db(internals):
    """The entries of PyTorch's own table of ops, by our label."""
    return {label(info): info for info in internals.common_methods_invocations.op_db}


@pytest.fixture(scope="session")
def module_db(internals):
    """The entries of PyTorch's own table of modules, by class."""
    return {info.module_cls.__name__: info for info in internals.common_modules.module_db}


@pytest.fixture(scope="session")
def optim_db(internals):
    """The entries of PyTorch's own table of optimizers, by class."""
    return {info.optim_cls.__name__: info for info in internals.common_optimizers.optim_db}


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    rows = read()
    passing = {row.entry for row in rows.values() if row.reason is None}
    line = f"parity with op_db: {len(passing)} of {len(rows)} entries pass"
    if OP_DB in sys.modules:
        whole, names = set(), set()
        for info in sys.modules[OP_DB].op_db:
            if info.supports_autograd:
                names.add(info.name)
                if label(info) not in passing:
                    whole.add(info.name)
        line += f"; of {len(names)} differentiable names {len(names - whole)} in all their variants"
    for path in (MODULES, OPTIMIZERS):
        others = read(path).values()
        line += f"; with {path.stem}: {sum(row.reason is None for row in others)} of {len(others)}"
    terminalreporter.line(line)
