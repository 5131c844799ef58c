"""Write the table anew from what is so: `python -m tests.engine.parity.rewrite [name ...]`.

With names, only their rows are tried again. A row's own tolerance, and what it takes, stays.
"""

import dataclasses
import sys
import warnings

from tests.engine.parity import judge, refusals
from tests.engine.parity.table import ARBITRARY, Row, label, read, write

# reasons that the first failing sample doesn't tell well
FAMILIES = {
    "linalg.": "decompositions and solvers aren't written yet",
    "special.": "special functions aren't written yet",
    "nn.functional.": "this layer isn't written yet",
    "sparse.": "the engine has no sparse tensors",
    "masked.": "masked reductions aren't written yet",
    "torch.ops.aten.": "no public function",
    "_": "no public function",
}

DRAWN = """
    bernoulli cauchy empty empty_like empty_permuted empty_strided exponential geometric log_normal
    multinomial new_empty new_empty_strided normal rand_like randint randint_like randn randn_like resize_
    resize_as_ uniform nn.functional.alpha_dropout nn.functional.dropout nn.functional.dropout2d
    nn.functional.dropout3d nn.functional.feature_alpha_dropout nn.functional.fractional_max_pool3d
    nn.functional.rrelu
"""


def _reason(info, error):
    if str(error) == "no such function":
        return next(
            (why for start, why in FAMILIES.items() if info.name.startswith(start)), "not written yet"
        )
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:100].rstrip()


def main():
    warnings.simplefilter("ignore")
    import torch
    from torch.testing._internal.common_methods_invocations import op_db

    names = set(sys.argv[1:])
    before = read()
    tried = {}
    for info in op_db:
        row = before.get(label(info)) or Row(label(info))
        if info.name in DRAWN.split():
            tried[row.entry] = dataclasses.replace(row, reason=ARBITRARY)
        elif not names or info.name in names:
            try:
                judge.compare(torch, info, row)
                refusals.check(torch, info, row)
                tried[row.entry] = dataclasses.replace(row, reason=None)
            except Exception as error:  # whatever it is: it is the reason
                tried[row.entry] = dataclasses.replace(row, reason=_reason(info, error))
    # read again: somebody may have tried other names meanwhile
    rows = read() | tried
    write(rows)
    print(sum(row.reason is None for row in rows.values()), "of", len(rows), "pass")


if __name__ == "__main__":
    main()
