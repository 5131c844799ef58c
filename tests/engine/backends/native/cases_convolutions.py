"""Calls of convolutions that their rows take."""

import numpy as np

from engine.backends.windows import positions

# images, input channels, filters, spatial axes, kernel, then stride, padding, dilation, groups
GEOMETRIES = [
    # one channel, and an odd number of filters
    (8, 1, 10, (28, 28), (3, 3), (1, 1), (0, 0), (1, 1), 1),
    # more terms than are summed at a time, and rows that are cut
    (2, 37, 21, (41, 45), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (1, 20, 24, (50, 50), (5, 3), (1, 1), (2, 0), (1, 1), 1),
    # steps: also such that leave rows out, and larger than the kernel
    (2, 5, 9, (33, 30), (3, 3), (2, 2), (1, 1), (1, 1), 1),
    (3, 5, 7, (32, 31), (4, 2), (3, 2), (1, 0), (1, 1), 1),
    (4, 33, 40, (16, 16), (1, 1), (2, 2), (0, 0), (1, 1), 1),
    # gaps, alone and with steps that share no factor, or one, with them
    (2, 6, 8, (30, 27), (3, 3), (1, 1), (2, 3), (2, 3), 1),
    (2, 6, 8, (31, 28), (3, 2), (2, 3), (1, 2), (3, 2), 1),
    (2, 6, 8, (31, 28), (3, 3), (2, 2), (2, 2), (2, 2), 1),
    # small images, several at a time
    (9, 70, 33, (4, 4), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (5, 40, 64, (8, 8), (3, 3), (2, 2), (1, 1), (1, 1), 1),
    (7, 64, 50, (7, 7), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (30, 16, 40, (5, 3), (5, 3), (1, 1), (0, 0), (1, 1), 1),
    # 3 x 3 in fewer products: several images at a time, tiles beyond all sides, a few rows of tiles
    (40, 16, 32, (13, 11), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (16, 37, 45, (19, 18), (3, 3), (1, 1), (0, 2), (1, 1), 1),
    (2, 32, 32, (50, 47), (3, 3), (1, 1), (2, 1), (1, 1), 1),
    (3, 16, 16, (90, 70), (3, 3), (1, 1), (3, 4), (1, 1), 1),
    # as many weights as there are values of elements
    (4, 150, 144, (13, 16), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    # groups, and one filter or two for each channel
    (3, 12, 20, (19, 17), (3, 3), (1, 1), (1, 1), (1, 1), 4),
    (4, 24, 24, (16, 16), (3, 3), (1, 1), (1, 1), (1, 1), 24),
    (4, 24, 48, (17, 15), (3, 3), (2, 2), (1, 1), (1, 1), 24),
    (2, 6, 6, (40, 40), (7, 5), (1, 1), (3, 2), (1, 1), 6),
    (2, 5, 5, (40, 41), (3, 3), (2, 2), (1, 1), (1, 1), 5),
    # planes side by side: cut into bands, small ones, steps with and without gaps, some that leave rows out
    (2, 20, 20, (70, 61), (3, 3), (1, 1), (1, 1), (1, 1), 20),
    (2, 17, 17, (66, 70), (3, 3), (2, 2), (1, 1), (1, 1), 17),
    (3, 40, 40, (7, 7), (3, 3), (2, 2), (1, 1), (1, 1), 40),
    (2, 34, 34, (15, 12), (5, 4), (3, 2), (2, 3), (2, 1), 34),
    (3, 16, 16, (5, 5), (2, 2), (1, 1), (3, 4), (1, 1), 16),
    (2, 16, 16, (11, 9), (2, 2), (3, 4), (0, 0), (1, 1), 16),
    # more padding than the kernel reaches
    (3, 4, 9, (20, 20), (2, 2), (1, 1), (2, 3), (1, 1), 1),
    (3, 4, 9, (20, 20), (2, 1), (2, 2), (3, 3), (1, 1), 1),
    # signals
    (4, 1, 32, (2000,), (80,), (4,), (0,), (1,), 1),
    (4, 32, 30, (490,), (3,), (1,), (1,), (1,), 1),
    (3, 7, 12, (701,), (5,), (3,), (4,), (2,), 1),
    (2, 16, 16, (301,), (9,), (1,), (4,), (1,), 16),
    # volumes: whole and in parts, with steps, gaps, groups and windows beyond all sides
    (3, 8, 17, (8, 9, 10), (3, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1), 1),
    (9, 3, 5, (6, 12, 13), (2, 3, 4), (2, 1, 3), (1, 0, 2), (1, 1, 1), 1),
    (1, 12, 20, (11, 14, 15), (3, 2, 3), (1, 2, 2), (2, 3, 4), (2, 1, 3), 2),
    (2, 16, 24, (5, 7, 9), (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
    (2, 6, 6, (8, 9, 10), (3, 3, 3), (1, 1, 1), (1, 1, 1), (1, 1, 1), 6),
]


def _drawn(*shapes):
    generator = np.random.default_rng(11)
    return [generator.standard_normal(shape).astype(np.float32) for shape in shapes]


def _shapes(images, channels, filters, sizes, kernel, stride, padding, dilation, groups):
    """Of x, the weight and the result."""
    space = positions(sizes, kernel, stride, padding, dilation)
    weight = (filters, channels // groups, *kernel)
    return (images, channels, *sizes), weight, (images, filters, *space)


def _conv(*case):
    x, weight, _ = _shapes(*case)
    return (*_drawn(x, weight, weight[:1]), *case[5:])


def _conv_no_bias(*case):
    x, weight, _ = _shapes(*case)
    return (*_drawn(x, weight), *case[5:])


def _input_grad(*case):
    x, weight, out = _shapes(*case)
    return (*_drawn(out, weight), x[2:], *case[5:])


def _weight_grad(*case):
    x, weight, out = _shapes(*case)
    return (*_drawn(x, out), weight[2:], *case[5:])


MAKERS = {"conv": _conv, "conv_input_grad": _input_grad, "conv_weight_grad": _weight_grad}
CASES = {
    "conv_no_bias": [_conv_no_bias(*case) for case in GEOMETRIES[:3] + GEOMETRIES[13:18] + GEOMETRIES[-5:]],
    **{name: [make(*case) for case in GEOMETRIES] for name, make in MAKERS.items()},
}
