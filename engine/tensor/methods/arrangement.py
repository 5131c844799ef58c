"""What a tensor rearranges, indexes and places elements."""

from engine.autograd.tape import Variable
from engine.tensor import blocks, indexing, placing, shapes


class ArrangementMethods(Variable):
    __slots__ = ()

    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    reshape = shapes.reshape
    view = shapes.view
    view_as = shapes.view_as
    flatten = shapes.flatten
    unflatten = shapes.unflatten
    squeeze = shapes.squeeze
    unsqueeze = shapes.unsqueeze
    permute = shapes.permute
    transpose = shapes.transpose
    t = shapes.t
    movedim = shapes.movedim
    expand = shapes.expand
    expand_as = shapes.expand_as
    broadcast_to = shapes.broadcast_to
    repeat = shapes.repeat
    narrow = shapes.narrow
    select = shapes.select
    unbind = shapes.unbind
    split = shapes.split
    chunk = shapes.chunk
    flip = shapes.flip
    tril = shapes.tril
    triu = shapes.triu
    clone = shapes.clone
    contiguous = shapes.contiguous
    nonzero = indexing.nonzero
    masked_select = indexing.masked_select
    masked_fill = indexing.masked_fill
    index_select = indexing.index_select
    gather = indexing.gather
    scatter_add = indexing.scatter_add
    dsplit = blocks.dsplit
    fliplr = blocks.fliplr
    flipud = blocks.flipud
    hsplit = blocks.hsplit
    ravel = blocks.ravel
    repeat_interleave = blocks.repeat_interleave
    reshape_as = blocks.reshape_as
    roll = blocks.roll
    rot90 = blocks.rot90
    split_with_sizes = blocks.split_with_sizes
    tensor_split = blocks.tensor_split
    tile = blocks.tile
    unfold = blocks.unfold
    unsafe_chunk = blocks.unsafe_chunk
    unsafe_split = blocks.unsafe_split
    vsplit = blocks.vsplit
    diag = placing.diag
    diag_embed = placing.diag_embed
    diagflat = placing.diagflat
    diagonal = placing.diagonal
    diagonal_scatter = placing.diagonal_scatter
    index_add = placing.index_add
    index_copy = placing.index_copy
    index_fill = placing.index_fill
    masked_scatter = placing.masked_scatter
    scatter = placing.scatter
    select_scatter = placing.select_scatter
    slice_scatter = placing.slice_scatter
    take = placing.take
    take_along_dim = placing.take_along_dim
