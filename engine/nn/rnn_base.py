"""What the recurrent layers share: layers, directions, and input of every form."""

import math
import warnings
from typing import Any

from engine.device import Device
from engine.dtypes import DType
from engine.errors import DTypeError, ShapeError
from engine.nn import functional, init
from engine.nn.functional.recurrence import GATES, Weights, final_rows, walk
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.nn.utils.rnn import PackedSequence
from engine.tensor import Tensor, creation, shapes
from engine.tensor.casting import under_autocast

__all__ = ["RNNBase"]


class RNNBase(Module):
    """What RNN, LSTM and GRU share: parameters, directions and layers, packed and padded input.

    weight_ih_l{k}: [gates * hidden_size, input_size of layer k], weight_hh_l{k}: [gates * hidden_size, H]
    bias_ih_l{k}, bias_hh_l{k}: [gates * hidden_size]; weight_hr_l{k}: [proj_size, hidden_size]
    The names of the second direction end in _reverse. All start uniform in +-1 / sqrt(hidden_size).
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if mode not in GATES:
            raise ShapeError(f"RNNBase: mode must be one of {', '.join(GATES)}, not {mode!r}")
        if min(input_size, hidden_size, num_layers) < 1:
            raise ShapeError(
                f"{name}: input_size {input_size}, hidden_size {hidden_size} and num_layers {num_layers} "
                "must all be at least 1"
            )
        for switch, value in (("bias", bias), ("batch_first", batch_first), ("bidirectional", bidirectional)):
            if type(value) is not bool:
                raise DTypeError(
                    f"{name}: {switch} must be True or False, not {value!r}; is an argument out of place?"
                )
        if not 0 <= dropout <= 1:
            raise ShapeError(f"{name}: dropout must be a probability, not {dropout}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"{name}: dropout is between layers, so dropout={dropout} does nothing with num_layers=1",
                stacklevel=3,
            )
        if proj_size and mode != "LSTM":
            raise ShapeError(f"{name}: only an LSTM has a projection, and proj_size is {proj_size}")
        if not 0 <= proj_size < hidden_size:
            raise ShapeError(
                f"{name}: proj_size {proj_size} must be less than hidden_size {hidden_size}, or 0 for none"
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        rows = GATES[mode] * hidden_size
        width = proj_size or hidden_size
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                columns = input_size if layer == 0 else width * (2 if bidirectional else 1)
                sizes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, columns), "weight_hh": (rows, width)}
                if bias:
                    sizes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    sizes |= {"weight_hr": (proj_size, hidden_size)}
                names = [f"{name}_l{layer}{suffix}" for name in sizes]
                for each, size in zip(names, sizes.values(), strict=True):
                    setattr(self, each, Parameter(creation.empty(size, device=device, dtype=dtype)))
                self._all_weights.append(names)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: the parameters' place in memory doesn't matter here."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def _run(self, input: Tensor | PackedSequence, hx: tuple[Tensor, ...] | None) -> tuple[Any, list[Tensor]]:
        """The output in the form of the input, and each final state [layers * directions, B, H]."""
        directions = 2 if self.bidirectional else 1
        widths = (self.proj_size or self.hidden_size, self.hidden_size)[: 2 if self.mode == "LSTM" else 1]
        packed: PackedSequence | None = None
        lead: tuple[int, ...] = ()
        if isinstance(input, PackedSequence):
            packed, rows, batched = input, input.data, True
            sizes = tuple(input.batch_sizes.tolist())
        else:
            rows, lead = self._by_time(input)
            sizes, batched = lead[1:] * lead[0], input.ndim == 3
        self._check(rows)
        order = None if packed is None else packed.sorted_indices
        states = self._initial(hx, rows, sizes[0], widths, batched, order)
        finals: list[list[Tensor]] = [[] for _ in widths]
        for layer in range(self.num_layers):
            outs = []
            for direction in range(directions):
                k = layer * directions + direction
                reverse = direction == 1
                starts = [state.select(0, k) for state in states]
                made = walk(self.mode, rows, starts, self._weights(k), sizes, reverse)
                outs.append(made[0])
                for final, state in zip(finals, made, strict=True):
                    final.append(final_rows(state, sizes, reverse))
            rows = shapes.cat(outs, 1) if directions == 2 else outs[0]
            if self.dropout and layer < self.num_layers - 1:
                rows = functional.dropout(rows, self.dropout, self.training)
        ended = [shapes.stack(final) for final in finals]
        if packed is not None:
            if packed.unsorted_indices is not None:
                ended = [x.index_select(1, packed.unsorted_indices) for x in ended]
            return PackedSequence(rows, *packed[1:]), ended
        out = rows.reshape(*lead, rows.shape[1])
        if not batched:
            return out.squeeze(1), [x.squeeze(1) for x in ended]
        return (out.transpose(0, 1) if self.batch_first else out), ended

    def _weights(self, k: int) -> Weights:
        return Weights(**{n[: n.index("_l")]: getattr(self, n) for n in self._all_weights[k]})

    def _by_time(self, input: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        """The rows of a padded or single sequence by time, [T * B, I], and (T, B)."""
        if input.ndim not in (2, 3):
            raise ShapeError(
                f"{type(self).__name__}: the input must be [L, I] or a batch "
                f"{'[N, L, I]' if self.batch_first else '[L, N, I]'}, not of shape {input.shape}"
            )
        if input.ndim == 2:
            input = input.unsqueeze(1)
        elif self.batch_first:
            input = input.transpose(0, 1)
        if input.shape[0] == 0:
            raise ShapeError(f"{type(self).__name__}: the sequences have no steps; one at least is needed")
        return input.reshape(input.shape[0] * input.shape[1], input.shape[2]), input.shape[:2]

    def _check(self, rows: Tensor) -> None:
        if rows.ndim != 2 or rows.shape[1] != self.input_size:
            raise ShapeError(
                f"{type(self).__name__}: the input has {rows.shape[-1]} features, and input_size is "
                f"{self.input_size}"
            )
        weight = self.weight_ih_l0
        if rows.dtype is not weight.dtype and not under_autocast():
            raise DTypeError(
                f"{type(self).__name__}: the input is {rows.dtype} and the weights are {weight.dtype}; "
                f"convert the input with .to({weight.dtype}), or the model"
            )

    def _initial(
        self,
        hx: tuple[Tensor, ...] | None,
        rows: Tensor,
        batch: int,
        widths: tuple[int, ...],
        batched: bool,
        order: Tensor | None,
    ) -> list[Tensor]:
        """Initial states [layers * directions, B, H] in the order of the rows: those given, or zeros."""
        count = self.num_layers * (2 if self.bidirectional else 1)
        if hx is None:
            return [rows.new_zeros((count, batch, width)) for width in widths]
        states = []
        for name, state, width in zip(("h_0", "c_0"), hx, widths, strict=False):
            expected = (count, batch, width) if batched else (count, width)
            if state.shape != expected:
                raise ShapeError(
                    f"{type(self).__name__}: {name} is {state.shape}, and must be {expected}: layers times "
                    f"directions{', sequences' if batched else ''}, features"
                )
            state = state if batched else state.unsqueeze(1)
            states.append(state if order is None else state.index_select(1, order))
        return states

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        parts += [f"{k}={getattr(self, k)}" for k, value in defaults.items() if getattr(self, k) != value]
        return ", ".join(parts)
