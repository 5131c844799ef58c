"""All that the engine has can be named, or a reason is known why not."""

import inspect

import pytest

import engine
from engine import fft, linalg, nn, special
from engine.nn import functional
from engine.optim import lr_scheduler
from engine.spec.absences import ABSENT, unknown
from engine.spec.arguments import hints_of
from engine.spec.catalogue import KINDS, SCHEDULERS
from engine.spec.functions import ALIASES
from engine.spec.layers import LAYERS, LOSSES

# functions of torch, not of torch.nn, by why they make no node
EXEMPT = {
    "answers about a whole tensor, not about each sample": """
        allclose bincount equal histc histogram is_complex is_conj is_floating_point is_neg is_nonzero
        is_same_size is_signed numel result_type matrix_rank cond
    """,
    "what is drawn or filled in has nothing to do with what is given": """
        bernoulli empty_like full_like linspace logspace multinomial normal ones_like rand_like randint_like
        randn_like zeros_like fill set_rng_state
    """,
    "axis 0 isn't a batch of its own": """
        as_strided as_strided_copy as_strided_scatter block_diag cartesian_prod chain_matmul index_fill
        index_put index_reduce put t_copy vsplit bucketize searchsorted isin vander multi_dot tensorinv
        tensorsolve
    """,
    "nodes name tensors, and what these give is more or less": "detach nonzero_static unravel_index",
    "a count of any size would be worked off before it could be refused": "repeat_interleave",
    "another function does the same": """
        alias_copy constant_pad_nd diagonal_copy dsplit expand_copy grid_sampler grid_sampler_2d
        grid_sampler_3d hsplit narrow_copy native_batch_norm native_group_norm native_layer_norm permute_copy
        logdet pinverse select_copy split_with_sizes_copy squeeze_copy std_mean tensor_split
        transpose_copy unbind_copy unfold_copy unsafe_chunk unsafe_split unsqueeze_copy var_mean view_copy
        alpha_dropout_ dropout_ feature_alpha_dropout_
    """,
    "factors for solving and for inspection, which no model is built from": """
        cholesky_ex cholesky_inverse cholesky_solve householder_product inv_ex lstsq lu lu_factor
        lu_factor_ex lu_solve lu_unpack ormqr qr solve_ex svd triangular_solve
    """,
    "transforms of sound, which a job's transforms do": "istft stft",
}
REASONED = {name: why for why, names in EXEMPT.items() for name in names.split()}


def is_named(name, function):
    """By its own name, by another, or in a form that doesn't overwrite."""
    own = getattr(function, "__name__", name)
    return name in LAYERS or own in LAYERS or ALIASES.get(name) in LAYERS or name.removesuffix("_") in LAYERS


def takes_tensors(function):
    def is_tensor(hint):
        return hint is engine.Tensor or any(map(is_tensor, getattr(hint, "__args__", ())))

    hints = hints_of(function)
    required = [n for n, p in inspect.signature(function).parameters.items() if p.default is p.empty]
    return any(is_tensor(hints.get(name)) for name in required)


def test_every_module_can_be_named_or_a_reason_is_known():
    modules = {n for n, c in vars(nn).items() if inspect.isclass(c) and issubclass(c, nn.Module)}
    assert modules - LAYERS.keys() - ABSENT.keys() == set()
    assert {name for name in modules if name.endswith("Loss")} <= LOSSES.keys()


def test_every_function_of_networks_can_be_named_or_a_reason_is_known():
    functions = {name: getattr(functional, name) for name in functional.__all__}
    assert [n for n, f in functions.items() if not is_named(n, f) and n not in ABSENT] == []


@pytest.mark.parametrize("place", [engine, linalg, special, fft], ids=lambda place: place.__name__)
def test_every_function_of_tensors_can_be_named_or_a_reason_is_known(place):
    functions = {
        name: function
        for name, function in vars(place).items()
        if name in getattr(place, "__all__", [name])
        and inspect.isfunction(function)
        and not name.startswith("_")
        and takes_tensors(function)
    }
    assert functions
    assert [n for n, f in functions.items() if not is_named(n, f) and n not in ABSENT | REASONED] == []


def test_every_schedule_can_be_named_or_a_reason_is_known():
    schedules = {
        name
        for name, c in vars(lr_scheduler).items()
        if inspect.isclass(c) and not name.startswith("_") and c is not lr_scheduler.LRScheduler
    }
    assert schedules - SCHEDULERS.keys() - ABSENT.keys() == set()


def test_no_reason_is_left_for_what_can_be_named_or_is_gone():
    known = {
        name for place in (nn, functional, engine, linalg, special, lr_scheduler) for name in vars(place)
    }
    assert ABSENT.keys() | REASONED.keys() <= known
    assert not (ABSENT.keys() | REASONED.keys()) & {name for entries in KINDS.values() for name in entries}


def test_a_reason_names_only_what_there_is():
    everything = {name for entries in KINDS.values() for name in entries}
    for name, reason in ABSENT.items():
        _, _, others = reason.partition("take ")
        named = [word.strip(",") for word in others.split() if word[0].isupper()]
        assert set(named) <= everything, name
        assert unknown("type", name, []) == f"{name} can't be named: {reason}"
