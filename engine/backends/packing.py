"""How sequences of several lengths lie in memory: packed by time, the longest sequence first.

`batch_sizes` says for each step how many sequences reach it, which is never more than at the step before. The
rows of a step lie together, so row k of a step belongs to sequence k. A batch of equal lengths is the case in
which all steps have the same size.
"""

Steps = list[tuple[int, int]]


def steps(batch_sizes: tuple[int, ...], reverse: bool) -> Steps:
    """(first row, number of rows) of each step, in the order in which a layer walks them."""
    found: Steps = []
    start = 0
    for n in batch_sizes:
        found.append((start, n))
        start += n
    return found[::-1] if reverse else found
