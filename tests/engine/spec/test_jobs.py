"""Jobs against their model and dataset."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from engine.dtypes import float32
from engine.errors import NotDifferentiable
from engine.spec import DatasetSchema, SpecError, check_job, check_model
from engine.spec.catalogue import OPTIMIZERS
from engine.spec.jobs import read_canonical
from engine.spec.network import Network


@pytest.fixture
def model(simplenet):
    return check_model(simplenet)


def told(job, model, dataset):
    with pytest.raises(SpecError) as caught:
        check_job(job, model, dataset)
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


def test_the_designs_job_is_costed(job, model, mnist):
    report = check_job(job, model, mnist)
    forward = 2 * (784 * 128 + 128 * 10)
    weights_of_all, inputs_but_the_first = forward, 2 * 128 * 10
    assert report.flops_per_step == 64 * (forward + weights_of_all + inputs_but_the_first)
    assert report.flops_total == report.flops_per_step // 64 * 60_000 * 10
    assert (report.steps_per_epoch, report.steps_total) == (938, 9380)
    assert report.parameters == model.parameters
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()


def test_defaults_are_filled_in(job, model, mnist):
    short = {key: job[key] for key in ("loss", "optimizer", "epochs", "batch_size", "transforms")}
    filled = check_job(short, model, mnist).job
    assert filled["optimizer"] == {
        "type": "SGD",
        "lr": 0.01,
        "momentum": 0.0,
        "dampening": 0.0,
        "weight_decay": 0.0,
        "nesterov": False,
        "maximize": False,
    }
    assert filled["loss"]["reduction"] == "mean"
    plain = ("shuffle", "seed", "device", "metrics", "evaluate", "checkpoint", "scheduler")
    assert [filled[name] for name in plain] == [True, 0, "auto", [], None, None, None]


def test_a_canonical_job_is_its_own_canonical_form(job, model, mnist):
    job["scheduler"] = {"type": "MultiStepLR", "milestones": [3, 7]}
    report = check_job(job, model, mnist)
    assert check_job(report.job, model, mnist) == report


def test_fields_of_others_stay_as_they_are(job, model, mnist):
    job["tags"] = ["a"]
    report = check_job(job, model, mnist)
    assert report.job["tags"] == ["a"]
    assert report.job["dataset"] == {"name": "mnist"}


def test_optimizer_state_takes_memory(job, model, mnist):
    plain = check_job(job, model, mnist).peak_memory_bytes
    job["optimizer"] = {"type": "Adam"}
    # two means for each parameter, and what the kernel of one step needs for itself
    extra = check_job(job, model, mnist).peak_memory_bytes - plain
    assert 2 * 4 * model.parameters < extra < 5 * 4 * model.parameters


def test_samples_that_are_quickly_prepared_are_held_as_they_are_stored(job, model, mnist):
    stored = check_job(job, model, mnist).peak_memory_bytes
    job["transforms"].append({"type": "Pad", "padding": 0})
    samples = mnist.splits["train"] + mnist.splits["test"]
    assert check_job(job, model, mnist).peak_memory_bytes - stored == (4 - 1) * 28 * 28 * samples


NAMES = ", ".join(sorted(OPTIMIZERS))
CASES: dict[str, tuple[dict, dict, list]] = {
    "classes": (
        {},
        {"classes": 12},
        [("/model", "the model gives 10 outputs, the dataset has 12 classes")],
    ),
    "missing ToTensor": (
        {"transforms": []},
        {},
        [
            (
                "/transforms",
                "the model takes samples that are float32 [1, 28, 28], and the dataset's are uint8 [28, 28]; "
                'add {"type": "ToTensor"} to transforms',
            )
        ],
    ),
    "order of transforms": (
        {"transforms": [{"type": "Normalize", "mean": [0.1], "std": [0.3]}, {"type": "ToTensor"}]},
        {},
        [
            (
                "/transforms/0",
                'Normalize can\'t take samples that are uint8 [28, 28]; put {"type": "ToTensor"} before it',
            )
        ],
    ),
    "shape of the samples": (
        {},
        {"input_shape": (32, 32)},
        [
            (
                "/transforms",
                "the model takes samples that are float32 [1, 28, 28], after the transforms they are float32 "
                "[1, 32, 32]; give the model's input the shape [1, 32, 32]",
            )
        ],
    ),
    "unknown transform": (
        {"transforms": [{"type": "ToTensr"}]},
        {},
        [("/transforms/0/type", 'the type "ToTensr" isn\'t known; did you mean "ToTensor"?')],
    ),
    "loss of many numbers": (
        {"loss": {"type": "CrossEntropyLoss", "reduction": "none"}},
        {},
        [("/loss", 'the loss must be one number for the whole batch; take the reduction "mean" or "sum"')],
    ),
    "optimizer's arguments": (
        {"optimizer": {"type": "SGD", "lr": -1, "momentun": 0.9}},
        {},
        [
            ("/optimizer/lr", "lr is -1; it must be at least 0"),
            ("/optimizer/momentun", 'SGD has no argument "momentun"; did you mean "momentum"?'),
        ],
    ),
    "arguments that don't go together": (
        {"optimizer": {"type": "SGD", "nesterov": True}},
        {},
        [("/optimizer", "SGD can't be made so: nesterov needs a momentum above 0 and no dampening")],
    ),
    "no optimizer": (
        {"optimizer": None},
        {},
        [("", f"optimizer is missing; it must be an object with a type; known: {NAMES}")],
    ),
    "loss as a string": (
        {"loss": "CrossEntropyLoss"},
        {},
        [
            (
                "/loss",
                'this is "CrossEntropyLoss", not an object with a type and its arguments; '
                'write {"type": "CrossEntropyLoss"}',
            )
        ],
    ),
    "scheduler": (
        {"scheduler": {"type": "StepLR", "step_size": 0}},
        {},
        [("/scheduler/step_size", "step_size is 0; it must be at least 1")],
    ),
    "epochs and seed": (
        {"epochs": -1, "seed": 2**64},
        {},
        [
            ("/epochs", "epochs is -1; it must be at least 1 and at most 1000000"),
            ("/seed", "seed is 18446744073709551616, too large; the limit is 9223372036854775807"),
        ],
    ),
    "batch_size": (
        {"batch_size": 70_000},
        {},
        [("/batch_size", "batch_size is 70000, the train split has only 60000 samples")],
    ),
    "split": (
        {"evaluate": {"split": "tset"}},
        {},
        [("/evaluate/split", 'the dataset has no split "tset" with samples; its splits: train, test')],
    ),
    "no training data": (
        {"evaluate": None},
        {"splits": {"test": 3}},
        [("/dataset", 'the dataset has no "train" split with samples to train on')],
    ),
    "metric": (
        {"metrics": ["acuracy"]},
        {},
        [("/metrics/0", 'the metric "acuracy" isn\'t known; did you mean "accuracy"?')],
    ),
    "device": ({"device": "gpu"}, {}, [("/device", 'device is "gpu", not "auto" or "cpu"')]),
    "NaN": (
        {"optimizer": {"type": "SGD", "lr": math.nan}},
        {},
        [("/optimizer/lr", "lr is NaN; it must be finite")],
    ),
    "slip of the pen": (
        {"sheduler": {"type": "StepLR"}},
        {},
        [("/sheduler", 'there is no field "sheduler"; did you mean "scheduler"?')],
    ),
    "checkpoint": (
        {"checkpoint": {"every_steps": 0, "kep": 1}},
        {},
        [
            ("/checkpoint/every_steps", "every_steps is 0; it must be at least 1"),
            ("/checkpoint/kep", 'checkpoint has no argument "kep"; did you mean "keep"?'),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_told_at_its_place(case, job, model, mnist):
    change, data, expected = CASES[case]
    assert told({**job, **change}, model, replace(mnist, **data)) == expected


def test_a_loss_for_numbers_does_not_take_classes(job, model, mnist):
    ((pointer, detail),) = told({**job, "loss": {"type": "MSELoss"}}, model, mnist)
    assert pointer == "/loss"
    assert detail.startswith(
        "MSELoss can't compare the model's output, float32 [10] a sample, with the dataset's "
    )
    assert detail.endswith("for classes take CrossEntropyLoss")


def test_accuracy_needs_classes(job, mnist):
    model = check_model({"input": {"shape": [3]}, "layers": [{"type": "Linear", "out_features": 2}]})
    numbers = DatasetSchema((3,), "float32", (2,), "float32", None, {"train": 100})
    job |= {"loss": {"type": "MSELoss"}, "transforms": [], "evaluate": None}
    assert told(job, model, numbers) == [
        ("/metrics/0", "accuracy needs a dataset with classes, and this one has float32 targets")
    ]
    check_job({**job, "metrics": []}, model, numbers)


def test_a_model_without_parameters_cannot_train(job, mnist):
    model = check_model(
        {"input": {"shape": [1, 28, 28]}, "layers": [{"type": "Flatten"}, {"type": "LogSoftmax", "dim": 1}]}
    )
    assert told({**job, "loss": {"type": "NLLLoss"}}, model, mnist) == [
        ("/model", "the model has no parameters, so there is nothing to train; add a Linear")
    ]


def test_classes_may_be_stored_as_any_integers(job, model, mnist):
    assert check_job(job, model, replace(mnist, target_dtype="uint8")).steps_total == 9380


def test_a_job_that_is_no_object_is_told(model, mnist):
    assert told(3, model, mnist) == [("", "the job is 3, not an object")]


def test_a_huge_model_is_costed_without_memory(job, mnist):
    wide = {"type": "Linear", "out_features": 30_000}
    definition = {
        "input": {"shape": [1, 28, 28]},
        "layers": [{"type": "Flatten"}, wide, wide, {"type": "Linear", "out_features": 10}],
    }
    report = check_job({**job, "batch_size": 60_000}, check_model(definition), mnist)
    assert report.peak_memory_bytes > 20e9


def test_a_model_that_runs_but_cannot_be_trained_is_refused(job, model, mnist, monkeypatch):
    def refuse(self, input):
        raise NotDifferentiable("there is no gradient")

    monkeypatch.setattr(Network, "forward", refuse)
    assert told(job, model, mnist) == [("/model", "the model can't be trained: there is no gradient")]


def test_classes_may_be_weighed(job, model, mnist):
    job["loss"] = {"type": "CrossEntropyLoss", "weight": [1, 2.5, *[1] * 8]}
    report = check_job(job, model, mnist)
    assert report.job["loss"]["weight"] == [1, 2.5, *[1] * 8]
    assert check_job(report.job, model, mnist) == report
    made = read_canonical(report.job).loss.make()
    assert (made.weight.dtype, made.weight.tolist()) == (float32, [1, 2.5, *[1] * 8])


@pytest.mark.parametrize(
    ("weight", "pointer", "words"),
    [
        ([1, 2], "/loss", "10"),
        ([], "/loss", "10"),
        ([1, "2", 1], "/loss/weight", "is a list of 3 items, not a list of numbers or null"),
        ([1e300] * 10, "/loss/weight", "item 0"),
        (2.0, "/loss/weight", "is 2.0, not a list of numbers or null"),
        ([1.0] * 10_001, "/loss/weight", "at most 10000"),
    ],
)
def test_weights_that_fit_no_classes_are_told(weight, pointer, words, job, model, mnist):
    job["loss"] = {"type": "CrossEntropyLoss", "weight": weight}
    ((place, detail),) = told(job, model, mnist)
    assert place == pointer
    assert words in detail


NORMED: dict[str, list[dict[str, Any]]] = {
    "vectors": [{"type": "Flatten"}, {"type": "BatchNorm1d"}],
    "images of one place": [{"type": "AdaptiveAvgPool2d", "output_size": 1}, {"type": "BatchNorm2d"}],
}


@pytest.mark.parametrize("kind", NORMED)
@pytest.mark.parametrize(("samples", "batch_size"), [(65, 64), (61, 10), (64, 1)])
def test_a_batch_of_one_sample_has_no_variance(kind, samples, batch_size, job, mnist):
    layers = [*NORMED[kind], {"type": "Flatten"}, {"type": "Linear", "out_features": 10}]
    model = check_model({"input": {"shape": [1, 28, 28]}, "layers": layers})
    dataset = replace(mnist, splits={"train": samples, "test": 10})
    ((pointer, detail),) = told({**job, "batch_size": batch_size}, model, dataset)
    assert pointer == "/batch_size"
    assert "one sample" in detail or "1 sample" in detail
    assert detail.endswith("choose another batch_size")
    assert check_job({**job, "batch_size": 13}, model, dataset).steps_total > 0


def test_a_last_batch_of_one_image_can_be_normalised(job, mnist):
    layers = [{"type": "BatchNorm2d"}, {"type": "Flatten"}, {"type": "Linear", "out_features": 10}]
    model = check_model({"input": {"shape": [1, 28, 28]}, "layers": layers})
    dataset = replace(mnist, splits={"train": 65, "test": 10})
    assert check_job({**job, "batch_size": 64}, model, dataset).steps_per_epoch == 2


def test_an_image_that_was_not_flattened_is_told_with_the_remedy(job, mnist):
    layers = [{"type": "Conv2d", "out_channels": 4, "kernel_size": 3}, {"type": "Linear", "out_features": 10}]
    model = check_model({"input": {"shape": [1, 28, 28]}, "layers": layers})
    ((pointer, detail),) = told({**job, "metrics": []}, model, mnist)
    assert pointer == "/loss"
    assert detail.endswith('put a {"type": "Flatten"} before the last Linear, or take a mean over axes')
