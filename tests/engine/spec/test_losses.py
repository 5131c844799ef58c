"""Jobs whose loss compares something else than one output with one target."""

import json
from dataclasses import replace

import pytest

from engine.spec import DatasetSchema, SpecError, check_job, check_model
from tests.engine.spec.test_jobs import told

PAIRS = DatasetSchema((3, 4), "float32", (), "int64", None, {"train": 60})
LINES = DatasetSchema((12, 6), "float32", (4,), "int64", 5, {"train": 60})
NUMBERS = replace(PAIRS, target_dtype="float32")
JOB = {
    "optimizer": {"type": "SGD"},
    "epochs": 2,
    "batch_size": 10,
}


def heads(*names, size=5):
    """A model of samples [3, 4] that gives a value for each name."""
    nodes = [{"name": n, "type": "Linear", "inputs": ["flat"], "out_features": size} for n in names]
    flat = {"name": "flat", "type": "Flatten", "inputs": ["input"]}
    return check_model({"input": {"shape": [3, 4]}, "nodes": [flat, *nodes], "output": list(names)})


def reader(classes=5):
    layers = [{"type": "Linear", "out_features": classes}, {"type": "LogSoftmax", "dim": -1}]
    return check_model({"input": {"shape": [12, 6]}, "layers": layers})


def job(loss, **fields):
    return {**JOB, "loss": {"type": loss, **fields}}


def test_a_loss_of_several_values_says_how_many_and_how_to_give_them():
    expected = {
        "CosineEmbeddingLoss": ("2 values of the model beside the targets", ["input1", "input2"], ""),
        "TripletMarginLoss": ("3 values of the model", ["anchor", "positive", "negative"], ""),
        "GaussianNLLLoss": (
            "2 values of the model beside the targets",
            ["input", "var"],
            "; or give var a number",
        ),
    }
    for loss, (values, names, other) in expected.items():
        detail = (
            f"{loss} takes {values} ({', '.join(names)}), and this one gives 1; write the model as nodes and "
            f'name them in its output, as "output": {json.dumps(names)}{other}'
        )
        assert told(job(loss), heads("a"), PAIRS) == [("/loss", detail)]


def test_more_values_than_a_loss_compares_are_too_many():
    assert told(job("CTCLoss"), heads("a", "b", "c"), PAIRS) == [
        (
            "/loss",
            "CTCLoss takes one value of the model beside the targets (log_probs), and this one gives 3; "
            "name it in its output",
        )
    ]


@pytest.mark.parametrize(
    ("loss", "model", "dataset"),
    [
        ("CosineEmbeddingLoss", heads("a", "b"), PAIRS),
        ("TripletMarginLoss", heads("a", "b", "c"), PAIRS),
        ("MSELoss", heads("a", "b"), PAIRS),
        ("mean", heads("a"), PAIRS),
        ("GaussianNLLLoss", heads("a", "b", size=1), replace(NUMBERS, target_shape=(1,))),
        ("CTCLoss", reader(), LINES),
    ],
)
def test_a_job_with_such_a_loss_is_costed(loss, model, dataset):
    report = check_job(job(loss), model, dataset)
    assert report.flops_per_step > 0
    assert check_job(report.job, model, dataset) == report


def test_a_variance_may_be_a_number():
    dataset = replace(NUMBERS, target_shape=(5,))
    report = check_job(job("GaussianNLLLoss", var=0.5), heads("a"), dataset)
    assert report.job["loss"] == {
        "type": "GaussianNLLLoss",
        "full": False,
        "eps": 1e-6,
        "reduction": "mean",
        "var": 0.5,
    }
    assert "var" not in check_job(job("GaussianNLLLoss"), heads("a", "b"), dataset).job["loss"]


def test_values_that_cannot_be_compared_are_told_with_their_shapes():
    ((pointer, detail),) = told(
        job("CosineEmbeddingLoss"), heads("a", "b"), replace(PAIRS, target_shape=(2,))
    )
    assert pointer == "/loss"
    assert detail.startswith(
        "CosineEmbeddingLoss can't compare the model's outputs, float32 [5] and float32 [5] a sample, with "
        "the dataset's targets, int64 [2]: "
    )
    ((pointer, detail),) = told(job("TripletMarginLoss", margin=0), heads("a", "b", "c"), PAIRS)
    assert pointer == "/loss"
    assert "float32 [5] and float32 [5] and float32 [5] a sample: triplet_margin_loss: the margin" in detail


def test_a_sequence_needs_an_output_for_each_class_and_the_blank():
    assert told(job("CTCLoss"), reader(4), LINES) == [
        ("/model", "the model gives 4 outputs, the dataset has 5 classes")
    ]
    ((pointer, detail),) = told(job("CTCLoss", blank=5), reader(), LINES)
    assert (pointer, "blank is 5" in detail) == ("/loss", True)
    ((pointer, detail),) = told(job("CTCLoss", blank=-1), reader(), LINES)
    assert pointer == "/loss/blank"


def test_a_sequence_needs_classes_for_its_targets():
    for shape, dtype in (((), "int64"), ((4,), "float32")):
        dataset = replace(LINES, target_shape=shape, target_dtype=dtype)
        ((pointer, detail),) = told(job("CTCLoss"), reader(), dataset)
        assert pointer == "/loss"
        assert "CTCLoss takes log-probabilities [N, T, C] and classes [N, S], which are integers" in detail


def test_accuracy_needs_one_output_of_one_value_a_class():
    for loss, model, dataset in (
        ("CTCLoss", reader(), LINES),
        ("CosineEmbeddingLoss", heads("a", "b"), replace(PAIRS, classes=2)),
    ):
        ((pointer, detail),) = told({**job(loss), "metrics": ["accuracy"]}, model, dataset)
        assert pointer == "/metrics/0"
        assert detail.startswith("accuracy needs one output a class")


def test_a_schedule_that_is_a_python_function_is_refused_with_others():
    with pytest.raises(SpecError) as caught:
        check_job({**job("mean"), "scheduler": {"type": "LambdaLR"}}, heads("a"), PAIRS)
    (problem,) = caught.value.problems
    assert problem.pointer == "/scheduler/type"
    assert problem.detail == (
        "LambdaLR can't be named: it needs a Python function, which JSON can't hold; take MultiStepLR, "
        "ExponentialLR, LinearLR or OneCycleLR, or join several in a SequentialLR"
    )
