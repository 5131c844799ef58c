"""The runner's own side, where it needs no process."""

import os
from pathlib import Path

from workers.channel import FrameReader, FrameWriter
from workers.runner.commands import Commands
from workers.runner.training import Reporter


def test_a_summary_that_json_has_no_number_for_is_null(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    reader = FrameReader(ours)
    commands = Commands.__new__(Commands)  # without its thread, which reads stdin
    Reporter(FrameWriter(theirs), commands, tmp_path).on_epoch(3, {"a": float("inf"), "b": 0.5})
    os.close(theirs)
    frame = reader.receive(5)
    reader.close()
    assert frame is not None
    assert frame.header["metrics"] == {"a": None, "b": 0.5}
