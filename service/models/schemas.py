"""What is sent to and answered by the model endpoints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from service.web.schemas import JsonObject, Page, Resource, cursor
from service.web.times import Timestamp

EXAMPLE_DEFINITION: JsonObject = {
    "name": "simplenet",
    "input": {"shape": [1, 28, 28], "dtype": "float32"},
    "layers": [
        {"type": "Flatten"},
        {"name": "fc1", "type": "Linear", "in_features": 784, "out_features": 128},
        {"type": "ReLU"},
        {"name": "fc2", "type": "Linear", "in_features": 128, "out_features": 10},
    ],
}
Definition = Annotated[JsonObject, WithJsonSchema({"$ref": "#/components/schemas/ModelDefinition"})]


class LayerReport(Resource):
    """One layer as the engine understands it. Shapes are per sample, without the batch."""

    name: str
    type: str
    pointer: str = Field(description="Where it stands in the definition.")
    input_shape: list[int] | list[list[int]]
    output_shape: list[int]
    parameters: int
    flops: int = Field(description="Of one sample's forward pass.")


class ModelReport(Resource):
    """A definition's shapes and cost."""

    input_shape: list[int]
    output_shape: list[int] = Field(description="Of several outputs the first's.")
    output_shapes: list[list[int]] | None = Field(
        default=None, description="Of each output; null for a model that was stored when there was only one."
    )
    input_dtype: str
    parameters: int
    flops_per_sample: int = Field(description="Of the forward pass.")
    layers: list[LayerReport]


class Model(ModelReport):
    """A stored definition."""

    id: str
    object: Literal["model"] = "model"
    name: str
    version: int = Field(description="Counts the contents that this name has had.")
    sha256: str = Field(description="Of the canonical definition: equal models, equal hash.")
    definition: JsonObject = Field(description="Canonical: what was left out to be inferred is filled in.")
    created_at: Timestamp


class ModelFilter(Page):
    """Which models a list shows."""

    after: str | None = cursor("mdl")
    name: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]+$")] | None = Field(
        default=None, description="Every version of this name."
    )
