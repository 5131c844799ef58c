"""Quasi-Newton steps."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from engine.autograd import enable_grad, no_grad
from engine.errors import EngineError
from engine.nn.state import as_tensor
from engine.optim.line_search import strong_wolfe
from engine.optim.optimizer import Closure, Group, Optimizer, State
from engine.tensor import Tensor
from engine.tensor.creation import zeros, zeros_like
from engine.tensor.shapes import cat

NEARLY_NO_CURVATURE = 1e-10  # PyTorch's: a pair with less of it isn't remembered


class LBFGS(Optimizer):
    """Newton's method with a Hessian that is guessed from the last gradients (Nocedal 1980).

    For functions without noise, of all parameters at once: there is one group only, and step() needs a
    closure that computes the loss and its gradients, and is called several times a step.

    lr: the length of each inner step, or the first that a line search tries
    max_iter: inner steps of one step(); max_eval: evaluations of one step(), 5/4 max_iter unless given
    tolerance_grad: end where no gradient is larger; tolerance_change: end where steps or losses change less
    history_size: how many pairs of steps and changes of the gradient are remembered
    line_search_fn: "strong_wolfe" looks for a length that meets Wolfe's conditions
    """

    execution = ()
    needs_closure = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: Literal["strong_wolfe"] | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise EngineError(f'line_search_fn must be "strong_wolfe" or None, not {line_search_fn!r}')
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        if self.param_groups:
            raise EngineError(
                "LBFGS takes all parameters in one group, since it steps along all of them at once"
            )
        super().add_param_group(param_group)

    def restored(self, p: Tensor, name: str, value: Any) -> Any:
        # the state is of all parameters as one vector
        if isinstance(value, list):
            return [self.restored(p, name, each) for each in value]
        return (
            as_tensor(value).clone().to(device=p.device, dtype=p.dtype) if hasattr(value, "shape") else value
        )

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        """What the state holds of p in the end, for estimates of memory; steps are of all parameters."""
        for name in ("old_dirs", "old_stps"):
            state[name] = [zeros_like(p) for _ in range(group["history_size"])]
        state["d"], state["prev_flat_grad"] = zeros_like(p), zeros_like(p)

    def _step(self, closure: Closure | None) -> Any:
        if closure is None:
            raise EngineError("LBFGS evaluates the loss several times a step: give step() a closure")
        evaluate = closure

        def evaluated() -> Any:
            with enable_grad():
                return evaluate()

        with no_grad():
            return self._search(evaluated)

    def _search(self, evaluate: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        lr = float(group["lr"])
        tolerance = group["tolerance_change"]
        state = self.state[group["params"][0]]
        for name in ("func_evals", "n_iter"):
            state.setdefault(name, 0)
        first = evaluate()
        loss, evaluations = float(first), 1
        state["func_evals"] += 1
        gradient = self._gradient()
        if _largest(gradient) <= group["tolerance_grad"]:
            return first
        for inner in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            state["prev_flat_grad"], state["prev_loss"] = gradient.clone(), loss
            length: Any = lr
            if state["n_iter"] == 1:
                length = min(1.0, 1.0 / float(gradient.abs().sum())) * lr
            slope = gradient.dot(direction)
            state["d"], state["t"] = direction, length
            if slope > -tolerance:
                break
            before, added = loss, 0
            if group["line_search_fn"] is not None:
                loss, gradient, length, added = self._line_search(
                    evaluate, direction, length, loss, gradient, slope, group["max_eval"] - evaluations
                )
                state["t"] = length
                self._move(direction, length)
            else:
                self._move(direction, length)
                if inner != group["max_iter"]:
                    loss, gradient, added = float(evaluate()), self._gradient(), 1
            evaluations += added
            state["func_evals"] += added
            if (
                evaluations >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(direction * length) <= tolerance
                or abs(loss - before) < tolerance
            ):
                break
        return first

    def _direction(self, state: State, gradient: Tensor, history_size: int) -> Any:
        """Downhill by the guessed inverse of the Hessian (Nocedal, Wright 2006, algorithm 7.4)."""
        if state["n_iter"] == 1:
            state["old_dirs"], state["old_stps"], state["ro"] = [], [], []
            state["H_diag"] = 1
            return -gradient
        changes, steps, curvatures = state["old_dirs"], state["old_stps"], state["ro"]
        change, step = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        curvature = change.dot(step)
        if curvature > NEARLY_NO_CURVATURE:
            if len(changes) == history_size:
                for kept in (changes, steps, curvatures):
                    kept.pop(0)
            changes.append(change)
            steps.append(step)
            curvatures.append(1.0 / curvature)
            state["H_diag"] = curvature / change.dot(change)
        shares = state.setdefault("al", [None] * history_size)
        direction = -gradient
        for k in reversed(range(len(changes))):
            shares[k] = steps[k].dot(direction) * curvatures[k]
            direction = direction - changes[k] * shares[k]
        direction = direction * state["H_diag"]
        for k in range(len(changes)):
            direction = direction + steps[k] * (shares[k] - changes[k].dot(direction) * curvatures[k])
        return direction

    def _line_search(
        self,
        evaluate: Callable[[], Any],
        direction: Tensor,
        length: Any,
        loss: float,
        gradient: Tensor,
        slope: Any,
        most: int,
    ) -> tuple[float, Tensor, Any, int]:
        start = [p.clone() for p in self._parameters()]

        def at(t: Any) -> tuple[float, Tensor]:
            self._move(direction, t)
            found = float(evaluate()), self._gradient()
            for p, values in zip(self._parameters(), start, strict=True):
                p.copy_(values)
            return found

        tolerance = self.param_groups[0]["tolerance_change"]
        return strong_wolfe(at, length, direction, loss, gradient, slope, tolerance, most)

    def _gradient(self) -> Tensor:
        """All gradients as one vector."""
        return cat(
            [
                zeros(p.numel(), dtype=p.dtype, device=p.device)
                if p.grad is None
                else p.grad.detach().reshape(-1)
                for p in self._parameters()
            ]
        )

    def _move(self, direction: Tensor, length: Any) -> None:
        start = 0
        for p in self._parameters():
            p.add_(direction[start : start + p.numel()].reshape(p.shape) * length)
            start += p.numel()


def _largest(x: Tensor) -> float:
    return float(x.abs().max())
