"""Layers, and what they are built from."""

from engine.nn import functional, init
from engine.nn.activation import GELU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from engine.nn.containers import ModuleDict, ModuleList, Sequential
from engine.nn.dropout import Dropout
from engine.nn.linear import Linear
from engine.nn.loss import CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.nn.shape import Flatten, Identity, Unflatten

__all__ = [
    "GELU",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "L1Loss",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
    "functional",
    "init",
]
