"""Automatic differentiation: what is recorded (tape), the walk back (backward), and whether (mode)."""

from engine.autograd import function, functional, graph
from engine.autograd.function import Function
from engine.autograd.gradcheck import gradcheck, gradgradcheck
from engine.autograd.graph import detect_anomaly, set_detect_anomaly
from engine.autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from engine.autograd.variable import Variable
from engine.autograd.walk import backward, grad

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
