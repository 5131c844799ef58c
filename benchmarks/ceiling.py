"""What this machine is seen to do in single precision: large square products on all cores."""

from benchmarks.sides import THREADS, LeftOut, Trainer
from benchmarks.turns import interleave, lanes

SIZES = ("1024", "2048", "3072")
SIDES = ("eager", "torch")
WARM_UP = "1024"


def prepare(side: str, case: str) -> Trainer:
    """A product of NumPy's OpenBLAS or of PyTorch's library."""
    import numpy as np

    a = np.random.default_rng(0).random((int(case), int(case)), np.float32)
    if side == "torch":
        try:
            import torch
        except ImportError:
            raise LeftOut("PyTorch isn't installed") from None
        torch.set_num_threads(THREADS)
        tensor = torch.from_numpy(a)

        def product() -> float:
            return float((tensor @ tensor)[0, 0])
    else:

        def product() -> float:
            return float((a @ a)[0, 0])

    return lambda steps: [product() for _ in range(steps)][-1]


def gflops(rounds: int) -> dict[str, float]:
    """The best of each library over sizes and rounds, in 10^9 FLOPs a second."""
    best: dict[str, float] = {}
    with lanes("ceiling", SIDES) as started:
        for size in SIZES:
            for side, figures in interleave(started, size, rounds, turn_s=0.2).items():
                if "fastest_ms" in figures:
                    speed = 2 * int(size) ** 3 / figures["fastest_ms"] / 1e6
                    best[side] = max(speed, best.get(side, 0.0))
    return best
