"""Model and job definitions: what a valid one is, what it means, what it costs. JSON in, JSON-safe out."""

from engine.errors import Problem, SpecError
from engine.spec.catalogue import catalogue
from engine.spec.checking import JobReport, check_fields, check_job
from engine.spec.datasets import DatasetSchema
from engine.spec.inference import LayerReport
from engine.spec.models import ModelReport, build_model, canonical_sha256, check_model
from engine.spec.writing import to_definition

__all__ = [
    "DatasetSchema",
    "JobReport",
    "LayerReport",
    "ModelReport",
    "Problem",
    "SpecError",
    "build_model",
    "canonical_sha256",
    "catalogue",
    "check_fields",
    "check_job",
    "check_model",
    "to_definition",
]
