"""A curve as text: braille dots, two columns and four rows of them to a character."""

import math
from collections.abc import Sequence

# Bits of the dots within U+2800..U+28FF, by [row from the top][column].
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def plot(
    xs: Sequence[float], ys: Sequence[float], *, width: int = 64, height: int = 12, label: str = ""
) -> list[str]:
    """Lines of text that show ys over xs (ascending), the vertical axis on the left, the horizontal below.

    width, height: of the whole picture in characters, axes included
    Values that are not finite leave a gap. Nothing to draw gives one line that says so.
    """
    points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    finite = [(x, y) for x, y in points if math.isfinite(y)]
    if not finite:
        return [f"{label}: no points to draw".lstrip(": ")]
    low, high = min(y for _, y in finite), max(y for _, y in finite)
    first, last = points[0][0], points[-1][0]
    rows = max(2, height - 2 - bool(label))
    marks = _marks(low, high, rows)
    gutter = max(map(len, marks.values())) + 1
    columns = max(8, width - gutter - 1)

    def dot(x: float, y: float) -> tuple[int, int]:
        across = (x - first) / ((last - first) or 1.0)
        up = (y - low) / (high - low) if high > low else 0.5
        return round(across * (2 * columns - 1)), round((1.0 - up) * (4 * rows - 1))

    cells = [[0] * columns for _ in range(rows)]
    before: tuple[int, int] | None = None
    for x, y in points:
        now = dot(x, y) if math.isfinite(y) else None
        if now is not None:
            for column, row in _line(before or now, now):
                cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
        before = now
    picture = [f"{'':{gutter}} {label}"] if label else []
    for number, row_cells in enumerate(cells):
        line = "".join(chr(0x2800 + cell) if cell else " " for cell in row_cells).rstrip()
        edge = "┤" if number in marks else "│"
        picture.append(f"{marks.get(number, ''):>{gutter}}{edge}{line}")
    picture.append(f"{'':{gutter}}└{'─' * columns}")
    left, right = (f"{x:,.0f}" if x == round(x) else f"{x:g}" for x in (first, last))
    picture.append(f"{'':{gutter}} {left}{right:>{columns - len(left)}}")
    return picture


def _marks(low: float, high: float, rows: int) -> dict[int, str]:
    """The labels of the vertical axis by row: top, bottom, and the middle where there is room."""
    if high == low:
        return {rows // 2: f"{low:.4g}"}
    places = {0: high, rows - 1: low}
    if rows >= 5:
        places[rows // 2] = high - (high - low) * (rows // 2) / (rows - 1)
    digits = max(0, min(8, 2 - math.floor(math.log10(high - low))))
    largest = max(abs(low), abs(high))
    if largest >= 1e5 or (0 < largest < 1e-4):
        return {row: f"{value:.2e}" for row, value in places.items()}
    return {row: f"{value:.{digits}f}" for row, value in places.items()}


def _line(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots from start to end, both included."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1])) or 1
    return [
        (
            round(start[0] + (end[0] - start[0]) * step / steps),
            round(start[1] + (end[1] - start[1]) * step / steps),
        )
        for step in range(steps + 1)
    ]
