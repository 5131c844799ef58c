"""Calls of a captured step that are made together, and those that must not be."""

import numpy as np
import pytest

import engine as torch
from engine import nn
from engine.backends import native
from tests.engine.capture.steps import assert_same, batches

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

F = nn.functional
WIDE = 96


def fused(step):
    (program,) = step.report().variants
    return dict(program.fused)


def trained_by(forward, width=WIDE, make_model=None, optimizer=torch.optim.SGD, **settings):
    """A step that trains a linear layer of this width, or a model, with a forward of its own."""

    def make():
        model = nn.Linear(width, width) if make_model is None else make_model()
        opt = optimizer(model.parameters(), **{"lr": 0.01, **settings})

        def step(x, y):
            opt.zero_grad()
            loss = F.cross_entropy(forward(model, x).flatten(1)[:, :3], y)
            loss.backward()
            opt.step()
            return loss.detach()

        return model, step

    return make


@pytest.fixture(params=[6, 700])
def given(request):
    """Batches that are one piece of work, and that are several."""
    return batches(6, WIDE, rows=request.param)


def test_an_activation_follows_its_product_and_its_gradient_the_next_one(given):
    make = trained_by(lambda m, x: m(F.gelu(m(F.relu(m(x))))))
    found = fused(assert_same(make, given, 3))
    assert found["linear + relu"] == found["linear + gelu"] == 1
    assert found["matmul + relu_grad"] == found["matmul + gelu_grad"] == 1
    assert found["sgd_step x 2"] == 1


def test_what_is_left_of_a_broken_chain_still_holds(given):
    """Values that are needed again, by a reduction, a view of them or a later chain."""

    def forward(m, x):
        h = m(x)
        a = torch.sigmoid(h) * 2
        b = a.T.contiguous().T + h
        return m(torch.where(b > a.mean(), a, b)) + a.reshape(-1, 2, WIDE // 2).flatten(1)

    step = assert_same(trained_by(forward), given, 3)
    assert any("where" in name for name in fused(step))


def test_what_a_product_still_reads_is_not_overwritten(given):
    def forward(m, x):
        h = F.relu(x)
        return m(h) * h

    assert "linear + mul" in fused(assert_same(trained_by(forward), given, 3))


def test_a_chain_does_not_move_before_what_it_reads_is_written(given):
    """The buffer changes between the product and the chain that reads both."""

    def make():
        model = nn.Linear(WIDE, WIDE)
        model.register_buffer("seen", torch.zeros(WIDE))
        opt = torch.optim.SGD(model.parameters(), 0.01)
        rows = torch.zeros(given[0][0].shape)

        def step(x, y):
            opt.zero_grad()
            h = model(x)
            with torch.no_grad():
                rows.add_(x)
                model.seen.copy_(rows.mean(0))
            loss = F.cross_entropy((h * rows)[:, :3], y)
            loss.backward()
            opt.step()
            return loss.detach()

        return model, step

    assert_same(make, given, 3)


def test_statistics_of_a_normalisation_are_whole_before_anybody_reads_them():
    def forward(m, x):
        return F.relu(m(x)) + m[1].running_mean.mean()

    make = trained_by(forward, make_model=lambda: nn.Sequential(nn.Linear(WIDE, WIDE), nn.BatchNorm1d(WIDE)))
    assert "relu + add" not in fused(assert_same(make, batches(6, WIDE, rows=64), 3))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 8])
def test_images(stride, groups):
    def model():
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride, groups=groups),
            nn.BatchNorm2d(16),
            nn.ReLU6(),
        )

    found = fused(assert_same(trained_by(lambda m, x: m(x), make_model=model), batches(6, 3, 13, 11), 3))
    assert found["conv + relu"] == 1
    assert found["conv_input_grad + relu_grad"] == 1


def test_numbers_of_other_widths_in_one_chain(given):
    def forward(m, x):
        wide = m(x).double()
        return m((wide * wide.abs() + 0.5).float().clamp(-2, 2))

    assert_same(trained_by(forward), given, 3)


@pytest.mark.parametrize(
    "optimizer",
    [torch.optim.Adam, torch.optim.RMSprop, torch.optim.Lion, torch.optim.NAdam, torch.optim.ASGD],
)
def test_parameters_are_stepped_together(optimizer):
    def model():
        return nn.Sequential(*[nn.Linear(WIDE, WIDE) for _ in range(3)])

    found = fused(
        assert_same(trained_by(lambda m, x: m(x), make_model=model, optimizer=optimizer), batches(6, WIDE), 3)
    )
    assert sum(name.endswith("_step x 6") for name in found) == 1


def test_two_steps_of_one_parameter_follow_each_other(given):
    def make():
        model = nn.Linear(WIDE, WIDE)
        first, second = (torch.optim.SGD(model.parameters(), lr) for lr in (0.1, 0.01))

        def step(x, y):
            first.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            first.step()
            second.step()
            return loss.detach()

        return model, step

    assert fused(assert_same(make, given, 3))["sgd_step x 2"] == 2


def test_fused_steps_do_not_depend_on_the_number_of_threads(given):
    before = native.get_threads()
    found = []
    try:
        for count in (1, 3):
            native.set_threads(count)
            make = trained_by(lambda m, x: m(F.gelu(m(x)) * torch.tanh(x)))
            torch.manual_seed(0)
            model, step = make()
            run = torch.capture(step)
            losses = [run(*batch).item() for batch in given]
            found.append((losses, model.weight.detach().numpy().copy()))
    finally:
        native.set_threads(before)
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_a_chain_keeps_in_the_cache_what_it_passes_on(given):
    """Ten values on the way take no memory."""

    def arena(links):
        def forward(m, x):
            h = m(x)
            with torch.no_grad():
                gate = h
                for _ in range(links):
                    gate = gate * gate - 0.5
                    gate = torch.where(gate > 2, h, gate)
            return h * gate

        step = assert_same(trained_by(forward), given, 3)
        (program,) = step.report().variants
        return program.arena_bytes

    assert arena(8) == arena(2)


def test_a_call_that_is_given_copies_of_operands_is_in_no_chain():
    """A gradient that is one number for all elements, and a matrix that lies in columns."""
    weight = nn.Parameter(torch.randn(16, 16))
    x, y = torch.randn(64, 16), torch.randn(16, 64)

    def trained(x):
        weight.grad = None
        h = x @ weight
        loss = F.gelu(h).mean() + h.tanh().square().mean()
        loss.backward()
        return loss.detach()

    trained(x)
    expected = weight.grad.clone()
    step = torch.capture(trained)
    for _ in range(4):
        step(x)
    assert step.report().replays > 0
    np.testing.assert_array_equal(weight.grad.numpy(), expected.numpy())

    def turned(y):
        return F.gelu(y.T) * 2 + 1

    step = torch.capture(turned)
    with torch.no_grad():
        for _ in range(4):
            np.testing.assert_array_equal(step(y).numpy(), turned(y).numpy())
        assert step.report().replays > 0


def test_a_chain_without_end_is_made_in_several():
    def many(x):
        for k in range(200):
            x = x + k
        return x

    step = torch.capture(many)
    with torch.no_grad():
        for k in range(4):
            assert step(torch.full((3,), float(k))).tolist() == [k + 199.0 * 100] * 3
    (program,) = step.report().variants
    assert program.replays > 0
    assert sum(count for name, count in program.fused.items()) > 1
    assert max(name.count("add") for name in program.fused) < 100
