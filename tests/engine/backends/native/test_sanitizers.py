"""The kernels' tests once more, in a core whose reads, writes, arithmetic and threads are watched."""

import pytest

from engine.backends import native

pytest.importorskip("hatchling", reason="the package's build tools aren't installed")

from tests.engine.backends.native.sanitizing import SANITIZERS  # it imports hatchling

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("sanitizer", list(SANITIZERS))
def test_the_kernels_tests_pass_under_sanitizers(sanitizer, watched):
    result = watched.result(sanitizer)
    if "skipped" in result:
        pytest.skip(result["skipped"])
    assert "passed" in result, result["failed"]
