"""Memory of arrays that are gone is used again."""

import platform
import resource

import pytest

import engine


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator can be told")
def test_a_step_that_repeats_itself_takes_no_new_pages_from_the_system():
    pages = 8 * 4 * 2**20 // resource.getpagesize()

    def step() -> None:
        _ = [engine.ones(2**20) for _ in range(8)]

    step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        step()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < pages
