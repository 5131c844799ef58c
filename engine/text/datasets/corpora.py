"""Public texts in one file each."""

from pathlib import Path
from typing import Literal

from engine.data.dataset import Dataset
from engine.errors import CheckpointError, EngineError
from engine.text.datasets.files import read_text

__all__ = ["Names", "SMSSpam", "TinyShakespeare"]


class TinyShakespeare:
    """Plays of Shakespeare as one text of 1,115,394 characters (Karpathy, char-rnn).

    root: the folder of input.txt
    split: "train" is the first 90 %, "val" the rest, "all" everything

    text: the characters
    """

    def __init__(self, root: str | Path, split: Literal["train", "val", "all"] = "train") -> None:
        whole = read_text(root, "input.txt", "tinyshakespeare")
        cut = int(len(whole) * 0.9)
        parts = {"train": whole[:cut], "val": whole[cut:], "all": whole}
        if split not in parts:
            raise EngineError(f'TinyShakespeare: split is "train", "val" or "all", not {split!r}')
        self.text = parts[split]

    def __len__(self) -> int:
        return len(self.text)


class Names(Dataset):
    """32,033 first names in lower case (Karpathy, makemore); samples are strings.

    root: the folder of names.txt
    """

    def __init__(self, root: str | Path) -> None:
        self.names = read_text(root, "names.txt", "names").split()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> str:
        return self.names[index]


class SMSSpam(Dataset):
    """5,574 short messages (Almeida and Hidalgo, SMS Spam Collection); samples are (text, 1 for spam).

    root: the folder of SMSSpamCollection
    train: every fifth message is for testing, the other four for training; None for all
    """

    classes = ("ham", "spam")

    def __init__(self, root: str | Path, train: bool | None = True) -> None:
        raw = read_text(root, "SMSSpamCollection", "sms_spam")
        self.texts: list[str] = []
        self.targets: list[int] = []
        for number, line in enumerate(raw.splitlines()):
            label, tab, text = line.partition("\t")
            if not tab or label not in self.classes:
                raise CheckpointError(
                    f"line {number + 1} of SMSSpamCollection isn't label, tab, text: {line[:40]!r}"
                )
            if train is None or (number % 5 != 0) == train:
                self.texts.append(text)
                self.targets.append(self.classes.index(label))

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> tuple[str, int]:
        return self.texts[index], self.targets[index]
