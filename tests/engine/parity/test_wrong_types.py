"""What stands in a tensor's place and is none: it works as in PyTorch, or is refused by a name and a type."""

import inspect
import re
from itertools import islice

import numpy as np
import pytest

import engine
from engine.errors import EngineError
from tests.engine.parity import judge
from tests.engine.parity.table import read

WRONG = {"an int": 2, "a list": [1.0], "None": None, "an array": np.ones(2)}
# attributes and operators, which Python itself looks for in what it is given
OF_TENSORS = ["H", "mH", "mT", "T", "zero_", "__getitem__", "__rmatmul__", "slice", "item", "sum_to_size"]
# what speaks for a function that consists of it
SPEAKERS = {
    "allclose": "isclose",
    "index_select": "indices",
    "lu_solve": "matmul linalg_lu_solve",
    "max": "axis",  # which a second argument that is an int would be
    "min": "axis",
    "nn.functional.multi_head_attention_forward": "matmul",
    "take": "indices",
    "vdot": "dot",
}
ROWS = read()
# one entry of each function, since its variants differ in other arguments; by the space that it is in
SPACES: dict[str, list[str]] = {}
for _row in {row.name: row for row in reversed(ROWS.values())}.values():
    if _row.reason is None and _row.name not in OF_TENSORS and not _row.name.startswith("__r"):
        SPACES.setdefault(_row.name.rpartition(".")[0] or _row.name[0], []).append(_row.entry)


def _sample(torch, info):
    """Positional and keyword arguments of one call that works, the tensors among them by position or name."""
    dtype = torch.float32 if torch.float32 in info.dtypes else judge.precisions(torch, info)[0]
    found = list(islice(info.sample_inputs("cpu", dtype, requires_grad=False), 2))
    sample = max(found, key=lambda each: len(each.args) + len(each.kwargs))
    first, args, kwargs = judge._converted(torch, (sample.input, sample.args, sample.kwargs), [])
    operands = {**dict(enumerate((first, *args))), **kwargs}
    return operands, [at for at, value in operands.items() if isinstance(value, engine.Tensor)]


def _called(function, operands):
    args = [value for at, value in operands.items() if isinstance(at, int)]
    return function(*args, **{at: value for at, value in operands.items() if isinstance(at, str)})


def _is_clear(function, entry, error):
    """Whether an error is one of ours, and names the function, an alias or part of it, or an argument."""
    if not isinstance(error, EngineError):
        return False
    name = entry.split("/")[0]
    names = {
        name.split(".")[-1],
        *SPEAKERS.get(name, "").split(),
        function.__name__,
        *inspect.signature(function).parameters,
    }
    words = set(re.findall(r"\w+", str(error)))
    return bool(names & words)


def _unclear(torch, entry, info):
    """What is refused in words that don't help, or not at all by us."""
    function = judge.function(entry)
    operands, tensors = _sample(torch, info)
    _called(function, operands)
    for at in tensors:
        for what, value in WRONG.items():
            try:
                _called(function, {**operands, at: value})
            except Exception as error:  # whatever it is: it is looked at
                # an array counts as a tensor beside one, and then its shape may not fit
                if not (isinstance(error, EngineError) and what == "an array") and not _is_clear(
                    function, entry, error
                ):
                    yield f"{entry} with {what} at {at}: {type(error).__name__}: {error}"


@pytest.mark.parametrize("space", SPACES)
def test_what_is_no_tensor_works_or_is_refused_in_clear_words(torch, op_db, space):
    found = [each for entry in SPACES[space] for each in _unclear(torch, entry, op_db[entry])]
    assert not found, "\n".join(found)
