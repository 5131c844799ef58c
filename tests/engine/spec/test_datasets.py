"""The JSON-safe form of a dataset's schema."""

import json

from engine.spec.datasets import DatasetSchema


def test_a_schema_survives_json():
    schema = DatasetSchema((28, 28), "uint8", (), "int64", 10, {"train": 60_000, "test": 10_000})
    assert DatasetSchema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_targets_need_not_be_classes():
    schema = DatasetSchema((8,), "float32", (2,), "float32", None, {"train": 10})
    assert DatasetSchema.from_dict(schema.to_dict()) == schema
