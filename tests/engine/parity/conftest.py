"""PyTorch's op_db for this folder's tests, and the table's counts at the end of the run."""

import sys
import warnings

import pytest

from tests.engine.parity.table import label, read

OP_DB = "torch.testing._internal.common_methods_invocations"


@pytest.fixture(scope="session")
def op_db(torch):
    """The entries of PyTorch's own table of ops, by our label."""
    pytest.importorskip("expecttest", reason="torch.testing._internal needs expecttest: dev.py test --torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return {label(info): info for info in op_db}


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
    terminalreporter.line(line)
