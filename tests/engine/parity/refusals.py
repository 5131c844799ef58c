"""What PyTorch refuses, the engine refuses: op_db's own inputs that are errors."""

import warnings
from typing import Any

from engine.errors import EngineError
from tests.engine.parity import judge
from tests.engine.parity.table import Row

# NumPy's limit on axes is PyTorch's
AXES = 64


def check(torch: Any, info: Any, row: Row) -> None:
    """Raise Unlike at the first error that the engine doesn't raise, in words or as PyTorch's class."""
    if info.error_inputs_func is None:
        return
    ours = judge.function(row.entry)
    taken = []
    for k, wrong in enumerate(info.error_inputs("cpu")):
        sample = wrong.sample_input
        if not _has_counterpart(torch, sample) or not _refused(info.op, sample):
            continue
        args = judge._converted(torch, (sample.input, sample.args, sample.kwargs), [])
        try:
            ours(args[0], *args[1], **args[2])
        except (EngineError, wrong.error_type):
            continue
        except Exception as error:
            raise judge.Unlike(
                f"error input {k} raises {type(error).__name__}: {error}, expected "
                f"{wrong.error_type.__name__}: {wrong.error_regex}"
            ) from error
        taken.append(f"error input {k} raises nothing, expected: {wrong.error_regex}")
    if taken and not row.takes:
        raise judge.Unlike(taken[0])
    if row.takes and not taken:
        raise judge.Unlike(f"the table says that it takes {row.takes}, and it raises all of PyTorch's errors")


def _has_counterpart(torch: Any, sample: Any) -> bool:
    """The engine has no `out`, no sparse tensors, and no arrays that NumPy can't hold."""
    tensors = [x for x in (sample.input, *sample.args) if isinstance(x, torch.Tensor)]
    return not {"out", "layout"} & set(sample.kwargs) and all(x.ndim <= AXES for x in tensors)


def _refused(call: Any, sample: Any) -> bool:
    """Whether PyTorch itself raises the error; a few samples are only refused by its other ways in."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(sample.input, *sample.args, **sample.kwargs)
    except Exception:  # whatever its class is
        return True
    return False
