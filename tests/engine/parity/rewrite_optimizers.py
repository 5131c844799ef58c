"""Write optim_db.txt anew from what is so: `python -m tests.engine.parity.rewrite_optimizers [name ...]`."""

import sys
import warnings
from typing import Any

from tests.engine.parity import optimizers
from tests.engine.parity.table import OPTIMIZERS, retry


def main():
    warnings.simplefilter("ignore")
    import torch
    from torch.testing._internal.common_optimizers import optim_db

    entries: list[Any] = list(optim_db)  # PyTorch's annotation says an optimizer, and it is the class
    infos = {info.optim_cls.__name__: info for info in entries}
    retry(
        OPTIMIZERS, infos, lambda entry, row: optimizers.compare(torch, infos[entry], row), set(sys.argv[1:])
    )


if __name__ == "__main__":
    main()
