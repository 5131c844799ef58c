"""PyTorch's wrapper for several GPUs, on one device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import DeviceError
from engine.nn.module import Module


class DataParallel(Module):
    """Calls the module, as PyTorch's does where there is no GPU; its state_dict keys begin with "module.".

    device_ids: None or at most one device: batches aren't split
    Raises DeviceError for several devices.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        if device_ids is not None and len(device_ids) > 1:
            raise DeviceError(
                f"DataParallel: batches aren't split among devices, and device_ids {list(device_ids)} are "
                f"{len(device_ids)}; leave them out"
            )
        self.module = module
        self.device_ids = list(device_ids or [])
        self.output_device = output_device
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)
