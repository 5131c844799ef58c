"""What a recording holds in the places of arrays that are gone."""

import mmap
from itertools import pairwise

import numpy as np
import pytest

import engine as torch
from engine.capture import ghosts
from engine.capture.ghosts import Ghosts
from engine.capture.trace import address, owner


def chain(x):
    for _ in range(300):
        x = x + 1.0
    return x


@pytest.fixture
def mapped(monkeypatch):
    """The sizes of the mappings that recordings make."""
    sizes = []
    real = mmap.mmap

    def counted(file, size):
        sizes.append(size)
        return real(file, size)

    monkeypatch.setattr(mmap, "mmap", counted)
    return sizes


@pytest.mark.parametrize("dtype", [np.float32, np.bool_])
def test_stand_ins_have_the_forms_and_distances_and_share_memory_as_their_arrays_do(dtype):
    stands = Ghosts()
    of, other = np.zeros((4, 6), dtype), np.zeros((4, 6), dtype)
    views = [of, of[1:], of[:, ::2].T, of[::-1]]
    shown = [stands.stand_in(each) for each in views]
    for x, y in zip(views, shown, strict=True):
        assert (x.shape, x.dtype, x.strides) == (y.shape, y.dtype, y.strides)
        assert address(y) - address(shown[0]) == address(x) - address(of)
        assert owner(y) is owner(shown[0])
    elsewhere = stands.stand_in(other)
    assert owner(elsewhere) is not owner(shown[0])
    assert address(elsewhere) >= address(shown[0]) + of.nbytes


def test_a_thousand_arrays_share_one_mapping_and_no_memory(mapped):
    stands = Ghosts()
    arrays = [np.zeros(k % 50, np.float32) for k in range(1000)]
    places = sorted((address(x), x.nbytes) for x in map(stands.stand_in, arrays))
    assert len(mapped) == 1
    assert all(at + size <= after for (at, size), (after, _) in pairwise(places))
    assert len({at for at, _ in places}) == 1000


def test_what_is_larger_than_a_mapping_has_one_of_its_own(mapped, monkeypatch):
    monkeypatch.setattr(ghosts, "_MAPPED", 256)
    stands = Ghosts()
    arrays = [np.zeros(n, np.uint8) for n in (100, 1000, 100, 200)]
    shown = [stands.stand_in(each) for each in arrays]
    assert max(mapped) == 1000
    for x in shown:
        x[...] = 1  # where something weren't mapped, the process would end here
    assert [x.size for x in shown] == [100, 1000, 100, 200]


def test_recording_many_results_takes_few_mappings(mapped):
    run = torch.capture(chain)
    with torch.no_grad():
        for _ in range(4):
            assert run(torch.zeros(2)).tolist() == [300.0, 300.0]
    assert run.report().replays > 0
    assert len(mapped) == run.report().recorded


def test_without_memory_for_a_recording_the_step_runs_eagerly_and_says_so(monkeypatch):
    def refused(*given):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(mmap, "mmap", refused)
    run = torch.capture(chain)
    with torch.no_grad():
        for _ in range(4):
            assert run(torch.zeros(2)).tolist() == [300.0, 300.0]
    report = run.report()
    assert report.replays == 0
    assert report.recorded == 1
    assert "no memory left to record what it computes at test_ghosts.py:" in report.last
    assert "Cannot allocate memory" in report.last
