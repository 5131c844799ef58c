"""The old names of mixed precision on CUDA: engine.amp's, with that device."""

from engine import amp
from engine.dtypes import DType, float16

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """amp.autocast("cuda"), with float16 unless another dtype is given."""

    def __init__(self, enabled: bool = True, dtype: DType = float16, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """amp.GradScaler("cuda")."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
