"""PyTorch's own samples judge the engine: every entry of op_db that the table says passes, does."""

import pytest

from tests.engine.parity import judge, refusals
from tests.engine.parity.table import ARBITRARY, read

ROWS = read()
PASSING = [row for row in ROWS.values() if row.reason is None]


@pytest.mark.parametrize("row", PASSING, ids=lambda row: row.entry)
def test_values_and_gradients_are_those_of_torch(torch, op_db, row):
    judge.compare(torch, op_db[row.entry], row)


@pytest.mark.parametrize("row", PASSING, ids=lambda row: row.entry)
def test_what_torch_refuses_is_refused(torch, op_db, row):
    refusals.check(torch, op_db[row.entry], row)


def test_the_table_has_a_row_for_every_entry_and_no_other(op_db):
    assert set(ROWS) == set(op_db)


def test_nothing_that_passes_is_called_unsupported(torch, op_db):
    wrong = []
    for row in ROWS.values():
        if row.reason not in (None, ARBITRARY) and judge.function(row.entry) is not None:
            try:
                judge.compare(torch, op_db[row.entry], row)
                refusals.check(torch, op_db[row.entry], row)
            except Exception:  # whatever it is: it doesn't pass
                continue
            wrong.append(row.entry)
    assert wrong == [], "run `python -m tests.engine.parity.rewrite`"
