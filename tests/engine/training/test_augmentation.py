"""Random transforms of a job: applied to each batch anew, and exactly as before in a run that goes on."""

import numpy as np
import pytest

from engine.data.transform import Draws
from engine.spec import SpecError, catalogue
from engine.training import Callbacks, Trainer, TrainingState
from engine.training.batches import Split
from engine.vision.transforms import CenterCrop, Normalize, RandomCrop, RandomHorizontalFlip, ToTensor

CHAIN = [
    {"type": "ToTensor"},
    {"type": "RandomCrop", "size": 4, "padding": 1},
    {"type": "RandomHorizontalFlip"},
    {"type": "ColorJitter", "brightness": 0.3},
    {"type": "Normalize", "mean": [0.5], "std": [0.25]},
]
STEPS = 18


class StopAt(Callbacks):
    def __init__(self, trainer, step):
        self.trainer, self.step = trainer, step

    def should_stop(self):
        return self.trainer.step == self.step


@pytest.fixture
def varied_job(job):
    return {**job, "transforms": CHAIN}


def weights(trainer):
    return {key: value.numpy().tobytes() for key, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("stop_at", [0, 1, 6, 11])
def test_a_resumed_run_sees_the_same_images(stop_at, shuffle, varied_job, model, splits, tmp_path):
    varied_job["shuffle"] = shuffle
    whole = Trainer.from_job(varied_job, model, splits)
    whole.fit()
    first = Trainer.from_job(varied_job, model, splits)
    assert first.fit(StopAt(first, stop_at), report_interval_s=0).status == "stopped"
    first.state().save(tmp_path / "state")
    second = Trainer.from_job(varied_job, model, splits)
    second.restore(TrainingState.load(tmp_path / "state"))
    second.fit()
    assert weights(second) == weights(whole)


def test_augmentation_changes_what_is_trained_on_but_not_what_is_measured(varied_job, job, model, splits):
    plain, varied = Trainer.from_job(job, model, splits), Trainer.from_job(varied_job, model, splits)
    assert weights(plain) == weights(varied)
    assert plain.parts.evaluation is not None
    assert varied.parts.evaluation is not None
    np.testing.assert_array_equal(
        plain.parts.evaluation.span(0, 9)[0].numpy(), varied.parts.evaluation.span(0, 9)[0].numpy()
    )
    plain.fit()
    varied.fit()
    assert weights(plain) != weights(varied)


def test_a_samples_variation_is_of_its_epoch_and_not_of_its_batch():
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4)).astype(np.uint8)
    chain = [ToTensor(), RandomCrop(4, padding=2), RandomHorizontalFlip(), Normalize([0.5], [0.5])]
    split = Split(images, np.zeros(20), chain, is_varied=True)
    whole = split.span(0, 20, Draws(0, 0))[0].numpy()
    rows = np.array([13, 2, 7])
    np.testing.assert_array_equal(split.rows(rows, Draws(0, 0))[0].numpy(), whole[rows])
    assert (split.span(0, 20, Draws(0, 1))[0].numpy() != whole).any()
    still = split.span(0, 20)[0].numpy()
    np.testing.assert_array_equal(still[:, 0], images.astype(np.float32) / np.float32(255) * 2 - 1)


def test_what_leaves_nothing_to_chance_is_done_once():
    calls = []

    class Counting(CenterCrop):
        def batch(self, images):
            calls.append(len(images))
            return super().batch(images)

    chain = [ToTensor(), Counting(2), RandomHorizontalFlip()]
    split = Split(np.zeros((6, 4, 4), np.uint8), np.zeros(6), chain, True)
    split.span(0, 6, Draws(0, 0))
    before = list(calls)
    for epoch in range(3):
        split.span(0, 6, Draws(0, epoch))
    assert calls == before


def test_a_job_can_name_every_random_transform(job, model, splits):
    """Those that need no more than a size keep 4 x 4 images as they are to be."""
    listed = {entry["type"]: entry for entry in catalogue("transforms")}
    assert {"RandomAffine", "RandAugment", "RandomErasing", "TimeMasking", "Resample"} <= set(listed)
    assert not {"Compose", "RandomApply", "RandomChoice", "Lambda", "MixUp", "CutMix"} & set(listed)
    needs = {"size": 4, "degrees": 20, "kernel_size": 3, "freq_mask_param": 2, "time_mask_param": 2}
    needs |= {"n_time_masks": 1, "n_freq_masks": 1}
    tried = []
    for name, entry in listed.items():
        if name.startswith("Rand") or name in ("ColorJitter", "GaussianBlur", "TimeMasking", "SpecAugment"):
            given = {key: needs[key] for key in entry["schema"]["required"] if key != "type"}
            chain = [{"type": "ToTensor"}, {"type": name, **given}]
            trainer = Trainer.from_job({**job, "transforms": chain, "epochs": 1}, model, splits)
            assert trainer.fit().status == "finished"
            tried.append(name)
    assert len(tried) >= 13


def test_a_job_can_train_on_sound(job, model, splits):
    waves = {
        name: (np.random.default_rng(k).normal(size=(len(targets), 400)).astype(np.float32), targets)
        for k, (name, (_, targets)) in enumerate(splits.items())
    }
    model["input"]["shape"] = [8, 13]
    job["transforms"] = [
        {"type": "MelSpectrogram", "sample_rate": 8000, "n_fft": 64, "n_mels": 8},
        {"type": "AmplitudeToDB", "top_db": 60},
        {"type": "TimeMasking", "time_mask_param": 4},
    ]
    trainer = Trainer.from_job(job, model, waves)
    varied = trainer.parts.train.span(0, 8, Draws(0, 0))[0].numpy()
    assert ((varied == 0).all(axis=1).sum(axis=1) > 0).any()
    assert trainer.fit().status == "finished"


def test_an_enormous_size_is_refused_before_anything_is_made(job, model, splits):
    chain = [{"type": "ToTensor"}, {"type": "Resize", "size": [100_000, 100_000]}]
    with pytest.raises(SpecError, match="of 1 to 16384"):
        Trainer.from_job({**job, "transforms": chain}, model, splits)
    with pytest.raises(SpecError, match=r"after the transforms they are float32 \[1, 16384, 16384\]"):
        Trainer.from_job(
            {**job, "transforms": [chain[0], {"type": "Resize", "size": [16384, 16384]}]}, model, splits
        )
