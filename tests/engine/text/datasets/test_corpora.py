"""Texts in files: written here, and the public ones where they are."""

from typing import Literal

import pytest

from engine.errors import CheckpointError, EngineError
from engine.text import CharTokenizer
from engine.text.datasets import Names, SMSSpam, TinyShakespeare

SPLITS: tuple[Literal["train", "val", "all"], ...] = ("train", "val", "all")


def test_a_text_is_cut_once_into_training_and_validation(tmp_path):
    (tmp_path / "input.txt").write_text("0123456789" * 3, encoding="utf-8")
    parts = {split: TinyShakespeare(tmp_path, split).text for split in SPLITS}
    assert parts["train"] + parts["val"] == parts["all"] == "0123456789" * 3
    assert len(parts["val"]) == 3
    with pytest.raises(EngineError, match="not 'test'"):
        TinyShakespeare(tmp_path, "test")  # type: ignore[arg-type]  # what is refused


def test_messages_are_split_by_their_place(tmp_path):
    lines = [f"{'spam' if k % 3 == 0 else 'ham'}\tmessage {k}" for k in range(10)]
    (tmp_path / "SMSSpamCollection").write_text("\n".join(lines) + "\n", encoding="utf-8")
    train, test = SMSSpam(tmp_path), SMSSpam(tmp_path, train=False)
    assert test.texts == ["message 0", "message 5"]
    assert (test[0], test[1]) == (("message 0", 1), ("message 5", 0))
    assert sorted(train.texts + test.texts) == sorted(SMSSpam(tmp_path, None).texts)
    (tmp_path / "SMSSpamCollection").write_text("ham\tfine\nneither\tnor\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match="line 2 of SMSSpamCollection"):
        SMSSpam(tmp_path)


def test_a_missing_file_is_named_with_the_places_looked_at(tmp_path):
    with pytest.raises(CheckpointError, match=r"no names\.txt in .*names"):
        Names(tmp_path)
    (tmp_path / "names.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match="can't be read"):
        Names(tmp_path)


def test_the_public_texts_are_those_described(public_data):
    play = TinyShakespeare(public_data("tinyshakespeare"), "all")
    assert len(play) == 1_115_394
    assert len(CharTokenizer(play.text)) == 65
    names = Names(public_data("names"))
    assert (len(names), names[0]) == (32_033, "emma")
    messages = SMSSpam(public_data("sms_spam"), None)
    assert (len(messages), sum(messages.targets)) == (5_574, 747)
