"""Files of arrays, mapped as they lie."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from workers.runner.arrays import mapped


def test_arrays_are_those_that_were_saved(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    kinds = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
    saved = {kind: rng.integers(0, 2, (3, k + 1)).astype(kind) for k, kind in enumerate(kinds)}
    saved["none"] = np.empty((0, 4), np.float32)
    save_file(saved, tmp_path / "file", {"a": "note"})
    found = mapped(tmp_path / "file")
    assert found.keys() == saved.keys()
    for name, array in saved.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_mapped_array_cannot_be_written_to(tmp_path: Path) -> None:
    save_file({"x": np.zeros(3)}, tmp_path / "file")
    with pytest.raises(ValueError, match="read-only"):
        mapped(tmp_path / "file")["x"][0] = 1


@pytest.mark.parametrize("content", [b"short", b"\xff" * 64, (9).to_bytes(8, "little") + b'{"x": {}}'])
def test_another_kind_of_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match="file is not a safetensors file"):
        mapped(tmp_path / "file")


def test_a_file_that_is_cut_short_is_told(tmp_path: Path) -> None:
    save_file({"x": np.zeros(100)}, tmp_path / "whole")
    (tmp_path / "file").write_bytes((tmp_path / "whole").read_bytes()[:-8])
    with pytest.raises(ValueError, match="not a safetensors file"):
        mapped(tmp_path / "file")
