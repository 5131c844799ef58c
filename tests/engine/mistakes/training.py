"""Mistakes with gradients, modules, optimizers, saved states and data."""

import numpy as np

import engine
from engine import nn
from engine.errors import CheckpointError, EngineError, NonFinite, NotDifferentiable, ShapeError
from engine.nn import functional as F
from engine.utils.data import DataLoader, TensorDataset
from tests.engine.mistakes.table import leaf, says


@says(NotDifferentiable, "second time", "retain_graph=True")
def backward_twice():
    loss = leaf(2).exp().sum()
    loss.backward()
    loss.backward()


@says(NotDifferentiable, "single element", "(2,)")
def backward_of_many_elements():
    (leaf(2) * 2).backward()


@says(NotDifferentiable, "doesn't require grad", "requires_grad=True", "no_grad()")
def backward_under_no_grad():
    with engine.no_grad():
        loss = leaf(2).sum()
    loss.backward()


@says(NotDifferentiable, "leaf", "add_", "no_grad()")
def stepping_a_parameter_outside_no_grad():
    weight = leaf(2)
    weight += 1


@says(NotDifferentiable, "'exp'", "changed in place", "version", "clone()")
def changing_what_the_gradient_needs():
    y = leaf(2).exp()
    y += 1
    y.sum().backward()


@says(NotDifferentiable, "requires grad", ".detach().numpy()")
def numpy_of_a_tensor_in_a_graph():
    leaf(2).numpy()


@says(NotDifferentiable, "requires grad", ".detach().numpy()")
def plotting_a_tensor_in_a_graph():
    np.asarray(leaf(2))


@says(NotDifferentiable, "floating-point", "int64")
def gradients_of_integers():
    engine.tensor([1, 2], requires_grad=True)


@says(NotDifferentiable, "input 0", "allow_unused=True")
def a_gradient_of_something_unused():
    engine.autograd.grad(leaf(2).sum(), leaf(2))


@says(NonFinite, "SqrtBackward0", "nan", "mistakes/training.py")
def a_gradient_that_becomes_nan():
    x = engine.zeros(2, requires_grad=True)
    with engine.autograd.detect_anomaly():
        (x.sqrt() * 0).sum().backward()


@says(EngineError, "leaves", "detach()")
def copying_a_tensor_in_a_graph():
    import copy

    copy.deepcopy(leaf(2) * 2)


class Halved(engine.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        return x / 2 + y

    @staticmethod
    def backward(ctx, g):
        return g / 2


@says(EngineError, "Halved.backward", "1 gradients", "2 arguments")
def a_function_that_forgets_a_gradient():
    Halved.apply(leaf(2), leaf(2)).sum().backward()


@says(EngineError, "Halved.apply", "static")
def a_function_used_as_an_object():
    Halved()(leaf(2))  # type: ignore[operator]  # the mistake


@says(EngineError, "Net.__init__", "super().__init__()")
def a_module_without_super_init():
    class Net(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    Net()


@says(EngineError, "Net", "forward()")
def a_module_without_forward():
    class Net(nn.Module):
        pass

    Net()(engine.ones(1))


@says(AttributeError, "Net", "'fc2'", "fc1")
def a_layer_that_is_not_there():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(1, 1)

    _ = Net().fc2


@says(EngineError, "Sequential", "class ReLU", "call it")
def a_class_where_a_module_belongs():
    nn.Sequential(nn.Linear(1, 1), nn.ReLU)


@says(EngineError, "weight", "parameter", "copy_()")
def a_tensor_in_a_parameters_place():
    layer = nn.Linear(1, 1)
    layer.weight = engine.ones(1, 1)  # type: ignore[assignment]  # the mistake


@says(CheckpointError, "missing keys: bias", "unexpected keys: biases", "weight has shape (2, 3)", "(3, 2)")
def a_state_of_another_network():
    nn.Linear(2, 3).load_state_dict({"weight": engine.ones(2, 3), "biases": engine.ones(3)})


@says(CheckpointError, "without 'module.' in front", "strip")
def a_state_of_a_wrapped_network():
    nn.Linear(1, 1).load_state_dict({"module.weight": engine.ones(1, 1), "module.bias": engine.ones(1)})


@says(CheckpointError, "Linear", "state_dict()")
def saving_a_whole_network():
    engine.save(nn.Linear(1, 1), "never-written")


@says(EngineError, "optimizer", "at least one parameter", "empty", "ModuleList")
def an_optimizer_without_parameters():
    engine.optim.SGD([], lr=0.1)


@says(EngineError, "parameters()", "Linear")
def a_module_where_its_parameters_belong():
    engine.optim.SGD(nn.Linear(1, 1), lr=0.1)


@says(EngineError, "lr", "-0.1")
def a_negative_learning_rate():
    engine.optim.Adam([leaf(1)], lr=-0.1)


@says(EngineError, "computed", "leaves")
def optimizing_a_result():
    engine.optim.SGD([leaf(1) * 2], lr=0.1)


@says(EngineError, "p", "1.5", "probability")
def a_dropout_of_more_than_everything():
    F.dropout(engine.ones(2), p=1.5)


@says(EngineError, "batch_size", "0")
def a_batch_size_of_nothing():
    DataLoader(TensorDataset(engine.ones(4)), batch_size=0)


@says(EngineError, "shuffle", "sampler")
def shuffling_beside_a_sampler():
    data = TensorDataset(engine.ones(4))
    DataLoader(data, shuffle=True, sampler=engine.utils.data.SequentialSampler(data))


@says(EngineError, "TensorDataset", "4", "5")
def columns_of_different_length():
    TensorDataset(engine.ones(4), engine.ones(5))


@says(ShapeError, "(2,)", "(3,)")
def samples_of_different_shape_in_a_batch():
    next(iter(DataLoader([engine.ones(2), engine.ones(3)], batch_size=2)))
