"""The training loop, with a state that can be saved and restored at any step."""

from engine.training.callbacks import Callbacks, MetricColumn
from engine.training.errors import LossNotFinite
from engine.training.state import Progress, TrainingState
from engine.training.trainer import FitResult, Trainer

__all__ = ["Callbacks", "FitResult", "LossNotFinite", "MetricColumn", "Progress", "Trainer", "TrainingState"]
