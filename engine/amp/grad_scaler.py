"""Scaling the loss, so that small gradients don't vanish in float16 (Micikevicius et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.autograd import no_grad
from engine.device import Device
from engine.dtypes import float32
from engine.errors import EngineError
from engine.optim import Optimizer
from engine.tensor import Tensor
from engine.tensor.creation import full

_READY, _UNSCALED, _STEPPED = "ready", "unscaled", "stepped"


class GradScaler:
    """Multiplies losses by a scale that it finds by itself; optimizers step with the gradients divided by it.

    A step whose gradients hold inf or NaN is left out and the scale multiplied by backoff_factor; after
    growth_interval steps without, it is multiplied by growth_factor.

    device: where the scale lives
    init_scale: the first scale
    enabled: False does nothing but step
    """

    def __init__(
        self,
        device: str = "cpu",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if growth_factor <= 1:
            raise EngineError(f"GradScaler: growth_factor must be greater than 1, not {growth_factor}")
        if not 0 < backoff_factor < 1:
            raise EngineError(f"GradScaler: backoff_factor must lie between 0 and 1, not {backoff_factor}")
        if enabled:  # one that only steps may be of a device that isn't here
            Device(device)
        self._enabled = enabled
        self._scale = float(init_scale)
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        # by id of the optimizer: how far it is in this iteration, and whether its gradients were finite
        self._stages: dict[int, str] = {}
        self._finite: dict[int, bool] = {}

    def scale(self, outputs: Any) -> Any:
        """A tensor, or an iterable of them, times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            # a factor of float32, so that a loss of half precision isn't rounded by it
            return outputs * full((), self._scale, dtype=float32, device=outputs.device)
        if isinstance(outputs, Iterable):
            kind = type(outputs) if isinstance(outputs, list | tuple) else list
            return kind(self.scale(each) for each in outputs)
        raise EngineError(f"scale() takes tensors and iterables of them, not {type(outputs).__name__}")

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, as before clipping them."""
        if not self._enabled:
            return
        stage = self._stages.get(id(optimizer), _READY)
        if stage == _UNSCALED:
            raise EngineError("unscale_() has been called for this optimizer since the last update()")
        if stage == _STEPPED:
            raise EngineError("unscale_() comes before step(), and this optimizer has stepped")
        finite = True
        inverse = 1.0 / self._scale
        with no_grad():
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.grad.mul_(inverse)
                        finite = finite and bool(p.grad.isfinite().all())
        self._finite[id(optimizer)] = finite
        self._stages[id(optimizer)] = _UNSCALED

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """optimizer.step(*args, **kwargs) with unscaled gradients, or nothing if one isn't finite.

        Returns what the optimizer's step returns, None where it was left out.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise EngineError("step() takes no closure: it would compute gradients that nobody unscales")
        if self._stages.get(id(optimizer), _READY) == _STEPPED:
            raise EngineError("step() has been called for this optimizer since the last update()")
        if self._stages.get(id(optimizer), _READY) == _READY:
            self.unscale_(optimizer)
        self._stages[id(optimizer)] = _STEPPED
        return optimizer.step(*args, **kwargs) if self._finite[id(optimizer)] else None

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """End an iteration: choose the next scale, new_scale if one is given."""
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._finite:
            raise EngineError("update() needs a step() or unscale_() since the last one, to know how it went")
        elif all(self._finite.values()):
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                # as in PyTorch, it doesn't grow out of float32
                grown = self._scale * self._growth_factor
                self._scale = grown if grown < 3.4e38 else self._scale
                self._growth_tracker = 0
        else:
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        self._stages.clear()
        self._finite.clear()

    def get_scale(self) -> float:
        """The scale, 1 if disabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """What load_state_dict() needs to go on; empty if disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if not self._enabled:
            return
        if not state_dict:
            raise EngineError("this state dict is empty, as a disabled GradScaler's is: it holds no scale")
        self._scale = float(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]
