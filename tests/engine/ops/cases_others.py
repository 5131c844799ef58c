"""Cases of ops that make, draw or overwrite."""

from engine import dtypes
from tests.engine.ops.case import Case, exactly, normal, uniform

KEY = exactly([7, 1, 3], "int64")
LR = exactly(0.1)


CREATION = {
    "empty": [Case((), ((2, 3), dtypes.float32))],
    "full": [
        Case(
            (),
            ((2, 3), 1.5, dtypes.float64),
            lambda t, shape, v, d: t.full(shape, v, dtype=t.float64),
        ),
        Case((), ((), 3, dtypes.int64), lambda torch, shape, v, d: torch.full(shape, v)),
        Case((), ((2,), 0, dtypes.float32), lambda torch, shape, v, d: torch.zeros(shape)),
    ],
    "arange": [
        Case(
            (),
            (2, 3, 4, dtypes.int64),
            lambda t, a, step, n, d: t.arange(a, a + n * step, step),
        ),
        Case((), (0.5, 0.25, 4, dtypes.float32), lambda torch, *_: torch.arange(0.5, 1.5, 0.25)),
    ],
    "linspace": [
        Case((), (0.0, 1.0, 7, dtypes.float64), lambda t, a, b, n, d: t.linspace(a, b, n, dtype=t.float64))
    ],
    "eye": [Case((), (3, 2, dtypes.float32), lambda torch, n, m, d: torch.eye(n, m))],
}

# which numbers come is fixed by known answers in test_random.py
RANDOM = {
    "random_uniform": [Case((KEY,), ((3, 5), d)) for d in (dtypes.float32, dtypes.float64)],
    "random_normal": [Case((KEY,), ((3, 5), d)) for d in (dtypes.float32, dtypes.float64)],
    "random_integers": [Case((KEY,), (-3, 9, (4,), dtypes.int64))],
    "random_permutation": [Case((KEY,), (9, dtypes.int64))],
    "bernoulli": [Case((uniform(0, 1, 3, 4), KEY), finite_differences=False)],
    "dropout": [
        Case((normal(3, 5), KEY), (0.4,)),
        Case((normal(8), KEY), (1.0,)),
        Case((normal(1, 3), KEY), (0.0,)),
    ],
}


def _sgd(torch, p, g, lr, weight_decay, maximize):
    return _stepped(torch, p, g, "SGD", lr=lr, weight_decay=weight_decay, maximize=maximize)[0]


def _momentum(torch, p, g, v, lr, momentum, dampening, weight_decay, nesterov, maximize):
    return _stepped(
        torch,
        p,
        g,
        "SGD",
        {"momentum_buffer": v},
        lr=lr,
        momentum=momentum,
        dampening=dampening,
        weight_decay=weight_decay,
        nesterov=nesterov,
        maximize=maximize,
    )


def _adam(torch, p, g, m, v, step, lr, *attrs):
    return _adaptive(torch, p, g, {"exp_avg": m, "exp_avg_sq": v, "step": step}, lr, attrs)


def _amsgrad(torch, p, g, m, v, v_max, step, lr, *attrs):
    state = {"exp_avg": m, "exp_avg_sq": v, "max_exp_avg_sq": v_max, "step": step}
    return _adaptive(torch, p, g, state, lr, attrs, amsgrad=True)


def _adaptive(torch, p, g, state, lr, attrs, **options):
    beta1, beta2, eps, weight_decay, decoupled, maximize = attrs
    return _stepped(
        torch,
        p,
        g,
        "AdamW" if decoupled else "Adam",
        state,
        lr=lr,
        betas=(beta1, beta2),
        eps=eps,
        weight_decay=weight_decay,
        maximize=maximize,
        **options,
    )


def _stepped(torch, p, g, name, state=None, *, lr, **options):
    """One step of PyTorch's optimizer from a given state: the parameter and the state after it."""
    p = torch.nn.Parameter(p.clone())
    p.grad = g
    optimizer = getattr(torch.optim, name)([p], lr=float(lr), **options)
    if state is not None:
        optimizer.state[p] = {key: value.clone() for key, value in state.items()}
    optimizer.step()
    return (p.detach(), *optimizer.state[p].values()) if state is not None else (p.detach(),)


P, G, V = normal(3, 4), normal(3, 4), uniform(0.1, 1, 3, 4)
STEP = exactly(4.0)
ADAM = (0.9, 0.99, 1e-8, 0.05)


def _put(x, source, key):
    out = x.clone()
    out[key] = source
    return out


UPDATES = {
    "fill": [Case((normal(3, 4),), (2.5,), lambda torch, x, value: x.fill_(value))],
    "copy": [
        Case((normal(3, 4), normal(4)), (), lambda torch, x, source: x.copy_(source)),
        Case((exactly([1, 2]), exactly([1.9, -1.9])), (), lambda torch, x, source: x.copy_(source)),
    ],
    "assign": [
        Case(
            (normal(3, 4), normal(2)),
            ((slice(1, 3), 2),),
            lambda torch, x, source, key: x.index_put_((torch.tensor([1, 2]), torch.tensor([2, 2])), source),
        ),
        Case(
            (normal(5, 4), normal(3, 4), exactly([0, 4, 2])),
            ((True,),),
            lambda torch, x, source, index, key: x.index_copy_(0, index, source),
        ),
    ],
    "put": [
        Case(
            (normal(3, 4), normal(2)), ((slice(1, 3), 2),), lambda torch, x, source, key: _put(x, source, key)
        ),
        Case((normal(3, 4), normal()), ((Ellipsis,),), lambda torch, x, source, key: _put(x, source, key)),
        Case(
            (normal(5, 4), normal(4), exactly([0, 4, 2])),
            ((True,),),
            lambda torch, x, source, index, key: _put(x, source, index),
        ),
    ],
    "accumulate": [Case((normal(3, 4), normal(3, 4)), (), lambda torch, x, source: x.add_(source))],
    "sgd_step": [Case((P, G, LR), attrs, _sgd) for attrs in ((0.0, False), (0.1, False), (0.1, True))],
    "sgd_momentum_step": [
        Case((P, G, V, LR), attrs, _momentum)
        for attrs in (
            (0.9, 0.0, 0.0, False, False),
            (0.9, 0.3, 0.1, False, True),
            (0.9, 0.0, 0.1, True, False),
        )
    ],
    "adam_step": [
        Case((P, G, P, V, STEP, LR), (*ADAM, decoupled, maximize), _adam)
        for decoupled in (False, True)
        for maximize in (False, True)
    ],
    "amsgrad_step": [
        Case((P, G, P, V, V, STEP, LR), (*ADAM, decoupled, False), _amsgrad) for decoupled in (False, True)
    ],
}

CASES = {**CREATION, **RANDOM, **UPDATES}
