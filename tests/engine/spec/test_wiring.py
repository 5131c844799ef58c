"""Order, circles and dead ends of graphs."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engine.spec.wiring import find_cycle, in_order, not_reaching

NAMES = [f"n{i}" for i in range(8)]
graphs = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES})


def test_nodes_keep_the_given_order_where_it_already_fits():
    assert in_order({"b": [], "a": ["b"], "c": ["a", "b"]}) == ["b", "a", "c"]


def test_a_node_comes_after_what_it_takes():
    assert in_order({"sum": ["left", "right"], "right": [], "left": ["right"]}) == ["right", "left", "sum"]


def test_a_circle_is_named_in_the_direction_of_the_data():
    assert find_cycle({"a": ["c"], "b": ["a"], "c": ["b"], "d": []}) == ["a", "b", "c", "a"]


def test_a_node_that_takes_itself_is_a_circle():
    assert find_cycle({"a": ["a"]}) == ["a", "a"]


def test_a_very_long_chain_needs_no_recursion():
    names = [str(i) for i in range(50_000)]
    edges = {name: names[i + 1 : i + 2] for i, name in enumerate(names)}
    assert in_order(edges) == names[::-1]
    assert find_cycle(edges) == []


def test_nodes_that_do_not_reach_the_output_are_told():
    assert not_reaching({"a": [], "b": ["a"], "c": ["a"], "d": ["c"]}, ["b"]) == ["c", "d"]


@given(graphs)
def test_every_graph_has_either_an_order_or_a_circle(edges):
    cycle = find_cycle(edges)
    if cycle:
        assert cycle[0] == cycle[-1]
        assert all(source in edges[name] for source, name in itertools.pairwise(cycle))
    else:
        order = in_order(edges)
        assert sorted(order) == sorted(edges)
        assert all(order.index(source) < order.index(name) for name in edges for source in edges[name])
