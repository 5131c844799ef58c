"""Cases of the optimizers' steps, judged by one step of PyTorch's optimizer from the same state."""

from tests.engine.ops.case import Case, exactly, normal, uniform

LR = exactly(0.1)
P, G, M, V = normal(3, 4), normal(3, 4), normal(3, 4), uniform(1.5, 3, 3, 4)
EARLY, LATE = exactly(2.0), exactly(40.0)


def _as(name, state, options):
    """The reference of an op "p g *state lr" whose state and attributes PyTorch calls by these names."""
    keys, names = state.split(), options.split()

    def step(torch, p, g, *rest):
        values, attrs = rest[: len(keys)], rest[len(keys) :]
        lr = 0.1
        if len(attrs) > len(names):
            lr, attrs = float(attrs[0]), attrs[1:]
        p = torch.nn.Parameter(p.clone())
        p.grad = g
        optimizer = getattr(torch.optim, name)([p], lr=lr, **_options(names, attrs))
        kept = {key: value.clone() for key, value in zip(keys, values, strict=True)}
        optimizer.state[p] = kept
        usual = torch.get_default_dtype()
        torch.set_default_dtype(p.dtype)  # ASGD rounds its rate to the default dtype
        try:
            optimizer.step()
        finally:
            torch.set_default_dtype(usual)
        return (p.detach(), *[kept[key] for key in keys])

    return step


def _options(names, attrs):
    found = dict(zip(names, attrs, strict=True))
    for plural, parts in (
        ("betas", ("beta1", "beta2")),
        ("etas", ("eta_minus", "eta_plus")),
        ("step_sizes", ("size_min", "size_max")),
    ):
        if parts[0] in found:
            found[plural] = tuple(found.pop(part) for part in parts)
    return found


RMSPROP = "alpha eps weight_decay maximize"
RMSPROP_MOMENTUM = "alpha eps weight_decay momentum maximize"


def _centered(reference):
    return lambda torch, *args: reference(_Centered(torch), *args)


class _Centered:
    """PyTorch, whose RMSprop is centered."""

    def __init__(self, torch):
        self.nn = torch.nn
        self.get_default_dtype = torch.get_default_dtype
        self.set_default_dtype = torch.set_default_dtype
        self.optim = self
        self.RMSprop = lambda params, **options: torch.optim.RMSprop(params, centered=True, **options)


def _lion(torch, p, g, m, lr, beta1, beta2, weight_decay, maximize):
    # PyTorch has none: algorithm 2 of Chen et al. 2023, literally
    g = -g if maximize else g
    c = beta1 * m + (1 - beta1) * g
    return p - lr * (torch.sign(c) + weight_decay * p), beta2 * m + (1 - beta2) * g


CASES = {
    "adagrad_step": [
        Case(
            (P, G, V, EARLY, LR),
            attrs,
            _as("Adagrad", "sum step", "lr_decay eps weight_decay maximize"),
        )
        for attrs in ((0.0, 1e-10, 0.0, False), (0.5, 1e-3, 0.1, True))
    ],
    "adadelta_step": [
        Case(
            (P, G, V, V, EARLY, LR),
            attrs,
            _as("Adadelta", "square_avg acc_delta step", "rho eps weight_decay maximize"),
        )
        for attrs in ((0.9, 1e-6, 0.0, False), (0.5, 1e-3, 0.1, True))
    ],
    "adamax_step": [
        Case(
            (P, G, M, V, EARLY, LR),
            attrs,
            _as("Adamax", "exp_avg exp_inf step", "beta1 beta2 eps weight_decay maximize"),
        )
        for attrs in ((0.9, 0.999, 1e-8, 0.0, False), (0.8, 0.4, 1e-3, 0.1, True))
    ],
    "nadam_step": [
        Case(
            (P, G, M, V, exactly(0.7), EARLY, LR),
            attrs,
            _as(
                "NAdam",
                "exp_avg exp_avg_sq mu_product step",
                "beta1 beta2 eps weight_decay momentum_decay decoupled_weight_decay maximize",
            ),
        )
        for attrs in (
            (0.9, 0.999, 1e-8, 0.0, 4e-3, False, False),
            (0.8, 0.9, 1e-3, 0.1, 1e-2, False, True),
            (0.8, 0.9, 1e-3, 0.1, 1e-2, True, False),
        )
    ],
    "radam_step": [
        Case(
            (P, G, M, V, step, LR),
            attrs,
            _as(
                "RAdam",
                "exp_avg exp_avg_sq step",
                "beta1 beta2 eps weight_decay decoupled_weight_decay maximize",
            ),
        )
        for step in (EARLY, LATE)
        for attrs in ((0.9, 0.999, 1e-8, 0.1, False, True), (0.8, 0.9, 1e-3, 0.1, True, False))
    ],
    "rmsprop_step": [
        Case((P, G, V, EARLY, LR), attrs, _as("RMSprop", "square_avg step", RMSPROP))
        for attrs in ((0.99, 1e-8, 0.0, False), (0.5, 1e-3, 0.1, True))
    ],
    "rmsprop_centered_step": [
        Case(
            (P, G, V, uniform(-1, 1, 3, 4), EARLY, LR),
            (0.9, 1e-3, 0.1, False),
            _centered(_as("RMSprop", "square_avg grad_avg step", RMSPROP)),
        )
    ],
    "rmsprop_momentum_step": [
        Case(
            (P, G, V, M, EARLY, LR),
            (0.9, 1e-3, 0.1, 0.8, True),
            _as("RMSprop", "square_avg momentum_buffer step", RMSPROP_MOMENTUM),
        )
    ],
    "rmsprop_centered_momentum_step": [
        Case(
            (P, G, V, uniform(-1, 1, 3, 4), M, EARLY, LR),
            (0.9, 1e-3, 0.1, 0.8, False),
            _centered(_as("RMSprop", "square_avg grad_avg momentum_buffer step", RMSPROP_MOMENTUM)),
        )
    ],
    "asgd_step": [
        Case(
            (P, G, M, exactly(0.05), mu, LATE, LR),
            (0.01, 0.75, 30, weight_decay, maximize),
            _as("ASGD", "ax eta mu step", "lambd alpha t0 weight_decay maximize"),
        )
        for mu, weight_decay, maximize in ((exactly(1.0), 0.0, False), (exactly(0.1), 0.1, True))
    ],
    "rprop_step": [
        Case(
            (P, G, M, uniform(0.1, 1, 3, 4), EARLY),
            (0.5, 1.2, 0.2, 0.9, maximize),
            _as("Rprop", "prev step_size step", "eta_minus eta_plus size_min size_max maximize"),
        )
        for maximize in (False, True)
    ],
    "lion_step": [
        Case((P, G, M, LR), (0.9, 0.99, weight_decay, maximize), _lion)
        for weight_decay, maximize in ((0.0, False), (0.3, True))
    ],
}
