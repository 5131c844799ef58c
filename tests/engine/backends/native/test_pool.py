"""The threads that native kernels share."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.backends import native

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

MATMUL = native.BACKEND.kernels["matmul"]


def _drawn(*shape):
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


@pytest.fixture(autouse=True)
def _three_threads():
    before = native.get_threads()
    native.set_threads(3)
    yield
    native.set_threads(before)


def test_kernels_of_several_python_threads_do_not_disturb_each_other():
    operands = [(_drawn(k, 90), _drawn(90, 150)) for k in (64, 127, 190, 230)]
    expected = [MATMUL(*pair) for pair in operands]

    def repeated(k):
        return all(np.array_equal(MATMUL(*operands[k]), expected[k]) for _ in range(30))

    with ThreadPoolExecutor(len(operands)) as executor:
        assert all(executor.map(repeated, range(len(operands))))


@pytest.mark.skipif(sys.platform != "linux", reason="how much address space is used is read from /proc")
def test_without_room_for_more_threads_there_is_the_same_result():
    program = """
import resource, numpy as np
from engine.backends import native
native.set_threads(1)
softmax = native.BACKEND.kernels["softmax"]
x = np.random.default_rng(1).standard_normal((300, 1000)).astype(np.float32)
expected = softmax(x, 1)
native.set_threads(3)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), resource.RLIM_INFINITY))  # a stack has 8 MB
for _ in range(2):
    assert np.array_equal(softmax(x, 1), expected)
import threading
try:
    threading.Thread(target=int).start()
except RuntimeError:
    print("none left")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "none left\n", done.stderr
