"""Tables of learned rows, picked by index."""

from typing import Literal

from engine.autograd import no_grad
from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn import functional, init
from engine.nn.functional.embeddings import padding_row, refuse_sparse
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor, creation

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """weight [num_embeddings, embedding_dim], normal with variance 1 but for the padding row, which is 0."""

    weight: Parameter
    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None

    def _make_table(
        self,
        rows: int,
        width: int,
        padding_idx: int | None,
        given: Tensor | None,
        learned: bool,
        device: str | Device | None,
        dtype: DType | None,
    ) -> None:
        self.num_embeddings = rows
        self.embedding_dim = width
        self.padding_idx = padding_row(type(self).__name__, padding_idx, rows)
        if given is not None:
            if given.shape != (rows, width):
                raise ShapeError(
                    f"{type(self).__name__}: the weight has shape {given.shape}, not {(rows, width)}"
                )
            self.weight = Parameter(given, requires_grad=learned)
            return
        empty = creation.empty(rows, width, device=device, dtype=dtype)
        self.weight = Parameter(empty, requires_grad=learned)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight)
        if self.padding_idx is not None and self.weight.device.type != "meta":
            with no_grad():
                self.weight[self.padding_idx].fill_(0)


class Embedding(_Table):
    """The rows of a learned table that the input names.

    num_embeddings: V, the rows of the table
    embedding_dim: D, the length of a row
    padding_idx: a row that starts at 0 and gets no gradient; negative ones count from the end
    max_norm: scale picked rows whose norm is larger down to it, in the table itself
    norm_type: the p of that p-norm
    scale_grad_by_freq: divide the gradient of a row by how often it was picked
    sparse: must be false: the engine has no sparse gradients
    input: int64 or int32 of any shape, in [0, V)
    Returns [*input.shape, D].
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        refuse_sparse("Embedding", sparse)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        self._make_table(num_embeddings, embedding_dim, padding_idx, _weight, not _freeze, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> "Embedding":
        """A layer around a table [V, D], whose memory it shares; freeze: don't learn it any further."""
        rows, width = _sizes(embeddings)
        return cls(
            rows, width, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze
        )

    def forward(self, input: Tensor) -> Tensor:
        return functional.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}" + _unusual(
            padding_idx=(self.padding_idx, None),
            max_norm=(self.max_norm, None),
            norm_type=(self.norm_type, 2.0),
            scale_grad_by_freq=(self.scale_grad_by_freq, False),
        )


class EmbeddingBag(_Table):
    """The sum, mean or maximum of the rows in each bag of indices, without keeping the rows.

    num_embeddings: V, the rows of the table
    embedding_dim: D, the length of a row
    max_norm: scale picked rows whose norm is larger down to it, in the table itself
    norm_type: the p of that p-norm
    scale_grad_by_freq: divide the gradient of a row by how often it was picked; not with mode "max"
    mode: what is made of a bag's rows
    sparse: must be false: the engine has no sparse gradients
    include_last_offset: the offsets end with where the last bag ends
    padding_idx: a row that starts at 0, doesn't count in bags and gets no gradient
    input: int64 or int32, [B, L], or [T] with offsets [B]
    Returns [B, D].
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: Literal["sum", "mean", "max"] = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        refuse_sparse("EmbeddingBag", sparse)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset
        self._make_table(num_embeddings, embedding_dim, padding_idx, _weight, True, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: Literal["sum", "mean", "max"] = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> "EmbeddingBag":
        """A layer around a table [V, D], whose memory it shares; freeze: don't learn it any further."""
        rows, width = _sizes(embeddings)
        made = cls(
            rows,
            width,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            embeddings,
            include_last_offset,
            padding_idx,
        )
        made.weight.requires_grad = not freeze
        return made

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        return functional.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}" + _unusual(
            max_norm=(self.max_norm, None),
            norm_type=(self.norm_type, 2.0),
            scale_grad_by_freq=(self.scale_grad_by_freq, False),
            mode=(self.mode, None),
            padding_idx=(self.padding_idx, None),
        )


def _sizes(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.ndim != 2:
        raise ShapeError(f"from_pretrained needs a table of shape [V, D], not {embeddings.shape}")
    return embeddings.shape[0], embeddings.shape[1]


def _unusual(**arguments: tuple[object, object]) -> str:
    """The arguments that differ from their defaults, as repr shows them."""
    return "".join(f", {name}={value}" for name, (value, usual) in arguments.items() if value != usual)
