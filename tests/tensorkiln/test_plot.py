import math

import pytest

from tensorkiln.plot import plot


def test_a_falling_line_goes_from_the_upper_left_to_the_lower_right() -> None:
    lines = plot(range(100), [1.0 - x / 99 for x in range(100)], width=40, height=10)
    rows = [line.split("┤")[-1].split("│")[-1] for line in lines[:-2]]
    starts = [len(row) - len(row.lstrip()) for row in rows]
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert len(rows[-1]) == max(map(len, rows))
    assert lines[0].lstrip().startswith("1.00┤")
    assert lines[-3].lstrip().startswith("0.00┤")
    assert lines[-1].split() == ["0", "99"]


@pytest.mark.parametrize(("width", "height"), [(30, 5), (64, 12), (100, 20)])
def test_the_picture_has_the_size_asked_for(width: int, height: int) -> None:
    lines = plot([1, 2, 3], [0.5, 0.1, 0.9], width=width, height=height, label="loss")
    assert len(lines) == height
    assert max(map(len, lines)) == width
    assert "loss" in lines[0]


def test_a_gap_is_left_where_a_value_is_not_finite() -> None:
    ys = [1.0] * 10 + [math.nan] * 30 + [1.0] * 10
    [row] = [
        line for line in plot(range(50), ys, width=60, height=6) if any("⠀" < sign <= "⣿" for sign in line)
    ]
    drawn = row.split("┤")[1]
    assert "  " in drawn.strip()


def test_a_flat_line_a_single_point_and_nothing_at_all_can_be_drawn() -> None:
    assert sum("3┤" in line for line in plot([1, 2], [3.0, 3.0])) == 1
    assert any("⠁" <= sign <= "⣿" for line in plot([1], [2.0]) for sign in line)
    assert plot([], [], label="loss") == ["loss: no points to draw"]
    assert plot([1, 2], [math.nan, math.inf]) == ["no points to draw"]


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 1e6, 1e300])
def test_any_magnitude_keeps_its_marks_apart(scale: float) -> None:
    lines = plot([1, 2, 3], [1.0 * scale, 2.0 * scale, 3.0 * scale])
    marks = [line.split("┤")[0].strip() for line in lines if "┤" in line]
    assert len(marks) == len(set(marks)) == 3
    assert float(marks[0]) == pytest.approx(3 * scale, rel=0.01)
