"""Cases of recurrent layers. PyTorch's side takes one sequence at a time, step by step, with its cells."""

from tests.engine.ops.case import Case, normal, uniform

H, P = 3, 2
EVEN, UNEVEN, SINGLE = (2, 2, 2), (3, 2, 2, 1), (1,)


def walk(torch, gates, states, batch_sizes, reverse, step):
    """What a step gives at every row: `step(gates, states)` returns the states after it, as rows [1, H]."""
    starts = [sum(batch_sizes[:t]) for t in range(len(batch_sizes))]
    rows: list = [None] * len(gates)
    for k in range(batch_sizes[0]):
        now = [state[k : k + 1] for state in states]
        times = [t for t, n in enumerate(batch_sizes) if n > k]
        for t in reversed(times) if reverse else times:
            row = starts[t] + k
            now = rows[row] = step(gates[row : row + 1], now)
    return tuple(torch.cat([row[k] for row in rows]) for k in range(len(states)))


def rnn(torch, gates, h0, weight, batch_sizes, nonlinearity, reverse):
    act = getattr(torch, nonlinearity)
    return walk(torch, gates, [h0], batch_sizes, reverse, lambda x, s: [act(x + s[0] @ weight.T)])[0]


def gru(torch, gates, h0, weight, bias, batch_sizes, reverse):
    same = torch.eye(3 * H, dtype=gates.dtype)

    def step(x, states):
        h = torch.gru_cell(x, states[0], same, weight, torch.zeros_like(bias), bias)
        inner = states[0] @ weight.T + bias
        r, z = (x + inner)[:, : 2 * H].sigmoid().chunk(2, 1)
        return [h, torch.cat([r, z, inner[:, 2 * H :], (x[:, 2 * H :] + r * inner[:, 2 * H :]).tanh()], 1)]

    start = h0.new_zeros(len(h0), 4 * H)
    return walk(torch, gates, [h0, start], batch_sizes, reverse, step)


def lstm(torch, gates, h0, c0, weight, *rest):
    *projection, batch_sizes, reverse = rest

    def step(x, states):
        i, f, g, o = (x + states[0] @ weight.T).chunk(4, 1)
        c = f.sigmoid() * states[1] + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        acts = torch.cat([i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()], 1)
        return [h @ projection[0].T if projection else h, c, acts]

    start = h0.new_zeros(len(h0), 4 * H)
    return walk(torch, gates, [h0, c0, start], batch_sizes, reverse, step)


WALKS = [(EVEN, False), (EVEN, True), (UNEVEN, False), (UNEVEN, True), (SINGLE, False)]


def _operands(batch_sizes, gates, state=H):
    total, first = sum(batch_sizes), batch_sizes[0]
    return (normal(total, gates * H), normal(first, state), uniform(-1, 1, gates * H, state))


def _lstm_operands(batch_sizes, projected):
    gates, h0, weight = _operands(batch_sizes, 4, P if projected else H)
    last = (uniform(-1, 1, P, H),) if projected else ()
    return (gates, h0, normal(batch_sizes[0], H), weight, *last)


CASES = {
    "rnn": [
        Case(_operands(sizes, 1), (sizes, nonlinearity, reverse), rnn)
        for sizes, reverse in WALKS
        for nonlinearity in ("tanh", "relu")
    ],
    "gru": [Case((*_operands(sizes, 3), normal(3 * H)), (sizes, reverse), gru) for sizes, reverse in WALKS],
    "lstm": [
        Case(_lstm_operands(sizes, projected), (sizes, reverse), lstm)
        for sizes, reverse in WALKS
        for projected in (False, True)
    ],
    # their values are those of the gradients above
    "rnn_grad": [Case((normal(8, H), normal(8, H), *_operands(UNEVEN, 1)[1:]), (UNEVEN, "tanh", False))],
    "gru_grad": [
        Case((normal(8, H), normal(8, H), normal(8, 4 * H), *_operands(UNEVEN, 3)[1:]), (UNEVEN, True)),
    ],
    "lstm_grad": [
        Case(
            (normal(8, P), normal(8, H), normal(8, P), normal(8, H), *_lstm_operands(UNEVEN, True)),
            (UNEVEN, False),
        ),
        Case(
            (normal(8, H), normal(8, H), normal(8, H), normal(8, H), *_lstm_operands(UNEVEN, False)),
            (UNEVEN, True),
        ),
    ],
}
