"""`import engine as torch`: the names, and what importing them costs."""

import importlib
import subprocess
import sys
from importlib.metadata import version

import pytest

import engine


def test_every_name_of_the_face_exists():
    assert [name for name in engine.__all__ if not hasattr(engine, name)] == []


def test_every_name_of_the_face_is_one_of_torchs():
    torch = pytest.importorskip("torch", reason="PyTorch owns the names")
    ours = {"audio", "capture", "profile", "result_type", "text", "vision"}
    assert [n for n in engine.__all__ if n not in ours and not hasattr(torch, n)] == []
    methods = [n for n in dir(engine.Tensor) if not n.startswith("_")]
    assert [n for n in methods if not hasattr(torch.Tensor, n)] == []


def test_the_version_is_the_packages():
    assert engine.__version__ == version("tensorkiln")


def test_importing_the_engine_imports_no_oracle_and_no_network():
    code = (
        "import sys, engine, engine.nn, engine.optim, engine.vision, engine.utils.data;"
        "print(*[m for m in ('torch', 'sklearn', 'socket', 'http.client', 'sqlalchemy') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split() == []


def test_a_division_by_zero_is_silent_in_a_fresh_interpreter():
    code = "import engine, warnings; warnings.simplefilter('error'); print((1 / engine.zeros(1)).item())"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "inf"


def test_what_is_deliberately_absent_says_what_to_do_instead():
    for name, advice in {"jit": "run as they are", "sparse": "index_add", "vmap": "leading axis"}.items():
        assert not hasattr(engine, name)
        with pytest.raises(AttributeError, match=f"no attribute '{name}'; .*{advice}"):
            getattr(engine, name)
    with pytest.raises(AttributeError, match="'LazyLinear'; give the size of the input"):
        getattr(engine.nn, "LazyLinear")  # noqa: B009 - type checkers know that it isn't there
    with pytest.raises(AttributeError, match=r"^module 'engine' has no attribute 'nonsense'$"):
        getattr(engine, "nonsense")  # noqa: B009 - type checkers know that it isn't there
    with pytest.raises(ImportError, match="tensorboardX"):
        importlib.import_module("engine.utils.tensorboard")
