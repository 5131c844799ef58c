"""Write module_db.txt anew from what is so: `python -m tests.engine.parity.rewrite_modules [name ...]`."""

import sys
import warnings

from tests.engine.parity import modules
from tests.engine.parity.table import MODULES, retry


def main():
    warnings.simplefilter("ignore")
    import torch
    from torch.testing._internal.common_modules import module_db

    infos = {info.module_cls.__name__: info for info in module_db}
    retry(MODULES, infos, lambda entry, row: modules.compare(torch, infos[entry], row), set(sys.argv[1:]))


if __name__ == "__main__":
    main()
