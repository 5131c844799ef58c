"""What a number may be, by the name of its argument: a name means the same wherever it is found.

The arguments themselves, their types and defaults come from the engine's signatures; only the limits that a
Python type can't say stand here. Limits that join several arguments stay with the constructors, which raise.
"""

import math
from dataclasses import dataclass

LARGEST_SIZE = 2**31 - 1  # of one axis, and of every integer without a limit of its own
LARGEST_WHOLE = 2**63  # that JSON's readers take without a fraction or an exponent
REACH = 1e30  # of every other number; float32 ends at 3e38


@dataclass(frozen=True)
class Bounds:
    """A closed interval; an open end is said by `above` and `below`."""

    minimum: float = -REACH
    maximum: float = REACH
    above: float = -math.inf
    below: float = math.inf

    def hold(self, value: float) -> bool:
        return self.minimum <= value <= self.maximum and self.above < value < self.below

    def words(self) -> str:
        """The limits as they end a sentence: "at least 1", "at least 0 and below 1"."""
        parts = {"at least": self.minimum, "above": self.above, "at most": self.maximum, "below": self.below}
        said = [f"{word} {limit:.10g}" for word, limit in parts.items() if abs(limit) < LARGEST_SIZE]
        return " and ".join(said or [f"between -{REACH:g} and {REACH:g}"])

    def schema(self) -> dict[str, float]:
        """The JSON schema keywords of the finite limits."""
        keywords = {
            "minimum": self.minimum,
            "exclusiveMinimum": self.above,
            "maximum": self.maximum,
            "exclusiveMaximum": self.below,
        }
        return {
            key: int(limit) if limit == int(limit) and abs(limit) <= LARGEST_WHOLE else limit
            for key, limit in keywords.items()
            if math.isfinite(limit)
        }


SIZE = Bounds(minimum=1, maximum=LARGEST_SIZE)
COUNT = Bounds(minimum=0, maximum=LARGEST_SIZE)
UNIT = Bounds(minimum=0, maximum=1)
POSITIVE = Bounds(above=0)
NOT_NEGATIVE = Bounds(minimum=0)
AXIS = Bounds(minimum=-64, maximum=63)
ANY_INTEGER = Bounds(minimum=-LARGEST_SIZE - 1, maximum=LARGEST_SIZE)
ANY_NUMBER = Bounds()

BOUNDS: dict[str, Bounds] = {
    "in_features": SIZE,
    "out_features": SIZE,
    "p": UNIT,
    "in1_features": SIZE,
    "in2_features": SIZE,
    "in_channels": SIZE,
    "out_channels": SIZE,
    "num_channels": SIZE,
    "num_features": SIZE,
    "num_groups": SIZE,
    "num_parameters": SIZE,
    "normalized_shape": SIZE,
    "kernel_size": SIZE,
    "stride": SIZE,
    "dilation": SIZE,
    "groups": SIZE,
    "output_padding": COUNT,
    "upscale_factor": SIZE,
    "downscale_factor": SIZE,
    "scale_factor": POSITIVE,
    "num_embeddings": SIZE,
    "embedding_dim": SIZE,
    "input_size": SIZE,
    "hidden_size": SIZE,
    "proj_size": COUNT,
    "embed_dim": SIZE,
    "num_heads": SIZE,
    "kdim": SIZE,
    "vdim": SIZE,
    "d_model": SIZE,
    "nhead": SIZE,
    "dim_feedforward": SIZE,
    "num_layers": Bounds(minimum=1, maximum=1024),
    "num_encoder_layers": Bounds(minimum=0, maximum=1024),
    "num_decoder_layers": Bounds(minimum=0, maximum=1024),
    "dropout": UNIT,
    "label_smoothing": UNIT,
    "blank": COUNT,
    "var": NOT_NEGATIVE,
    "lr": NOT_NEGATIVE,
    "momentum": NOT_NEGATIVE,
    "weight_decay": NOT_NEGATIVE,
    "betas": Bounds(minimum=0, below=1),
    "eps": NOT_NEGATIVE,
    "std": POSITIVE,
    "start_dim": AXIS,
    "end_dim": AXIS,
    "dim": AXIS,
    "dim0": AXIS,
    "dim1": AXIS,
    "gamma": POSITIVE,
    "step_size": SIZE,
    "milestones": SIZE,
    "T_max": SIZE,
    "eta_min": NOT_NEGATIVE,
    "start_factor": Bounds(above=0, maximum=1),
    "end_factor": UNIT,
    "total_iters": SIZE,
    "T_0": SIZE,
    "T_mult": SIZE,
    "total_steps": SIZE,
    "steps_per_epoch": SIZE,
    "step_size_up": SIZE,
    "step_size_down": SIZE,
    "patience": COUNT,
    "cooldown": COUNT,
    "pct_start": UNIT,
    "max_lr": NOT_NEGATIVE,
    "base_lr": NOT_NEGATIVE,
    "min_lr": NOT_NEGATIVE,
    "base_momentum": UNIT,
    "max_momentum": UNIT,
    "div_factor": POSITIVE,
    "final_div_factor": POSITIVE,
    "rho": UNIT,
    "lr_decay": NOT_NEGATIVE,
    "momentum_decay": NOT_NEGATIVE,
    "initial_accumulator_value": NOT_NEGATIVE,
    "max_iter": Bounds(minimum=1, maximum=1000),
    "max_eval": Bounds(minimum=1, maximum=2000),
    "history_size": Bounds(minimum=1, maximum=1000),
    "tolerance_grad": NOT_NEGATIVE,
    "tolerance_change": NOT_NEGATIVE,
    "delta": POSITIVE,
    "epochs": Bounds(minimum=1, maximum=10**6),
    "batch_size": Bounds(minimum=1, maximum=10**6),
    "seed": Bounds(minimum=0, maximum=2**63 - 1),
    "every": SIZE,
    "every_steps": SIZE,
    "keep": Bounds(minimum=1, maximum=100),
}
