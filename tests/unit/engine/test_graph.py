import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskdist.engine.graph import acyclic_core, build, critical_path, cycles, depths, topological_order
from taskdist.engine.shape import bits_of, descendants, redundant_edges, width


@st.composite
def dags(draw, most=12):
    size = draw(st.integers(1, most))
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    names = draw(st.permutations(range(size)))
    return build(size, [(names[i], names[j]) for i, j in edges])


@st.composite
def graphs(draw, most=10):
    size = draw(st.integers(1, most))
    node = st.integers(0, size - 1)
    return build(size, draw(st.lists(st.tuples(node, node), max_size=3 * size)))


def reaches(graph, start, end):
    seen, todo = set(), [start]
    while todo:
        for later in graph.after[todo.pop()]:
            if later not in seen:
                seen.add(later)
                todo.append(later)
    return end in seen


@given(dags())
def test_every_order_respects_dependencies(graph):
    order = topological_order(graph)
    assert sorted(order) == list(range(graph.size))
    place = {node: i for i, node in enumerate(order)}
    assert all(place[i] < place[j] for i in range(graph.size) for j in graph.after[i])


@given(graphs())
def test_names_a_real_cycle_of_each_knot_and_nothing_else(graph):
    found = cycles(graph)
    on_cycle = {i for i in range(graph.size) if reaches(graph, i, i)}
    assert bool(found) == bool(on_cycle)
    for ring in found:
        assert ring[0] == min(ring)
        assert len(set(ring)) == len(ring)
        assert all(b in graph.after[a] for a, b in itertools.pairwise([*ring, ring[0]]))
    assert len(topological_order(acyclic_core(graph))) == graph.size


def test_names_the_cycle_in_full_and_only_the_cycle():
    graph = build(5, [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)])
    assert cycles(graph) == ((1, 2, 3),)


def test_one_cycle_for_each_knot_however_many_there_are():
    pairs = [edge for i in range(0, 40, 2) for edge in ((i, i + 1), (i + 1, i))]
    assert len(cycles(build(40, pairs), most=10)) == 10
    assert cycles(build(1, [(0, 0)])) == ((0,),)


def test_a_long_chain_does_not_reach_the_stack_limit():
    size = 20_000
    ring = build(size, [(i, (i + 1) % size) for i in range(size)])
    assert len(cycles(ring)[0]) == size


@given(dags())
def test_width_is_the_largest_antichain(graph):
    order = topological_order(graph)
    reach = descendants(graph, order)
    largest = max(
        len(group)
        for count in range(1, graph.size + 1)
        for group in itertools.combinations(range(graph.size), count)
        if all(not reach[a] >> b & 1 and not reach[b] >> a & 1 for a, b in itertools.combinations(group, 2))
    )
    found = width(graph, order)
    assert found.exact
    assert found.value == largest


@given(dags())
def test_without_redundant_edges_the_graph_means_the_same(graph):
    order = topological_order(graph)
    reach = descendants(graph, order)
    spare = set(redundant_edges(graph, reach))
    kept = build(graph.size, [(i, j) for i in range(graph.size) for j in graph.after[i] if (i, j) not in spare])
    assert descendants(kept, order) == reach
    # Each edge that is left is needed.
    for i in range(kept.size):
        for j in kept.after[i]:
            fewer = build(kept.size, [(a, b) for a in range(kept.size) for b in kept.after[a] if (a, b) != (i, j)])
            assert descendants(fewer, order) != reach


@given(dags(), st.data())
def test_critical_path_is_the_longest_and_slack_is_what_is_left(graph, data):
    order = topological_order(graph)
    durations = data.draw(st.lists(st.integers(0, 9), min_size=graph.size, max_size=graph.size))
    path = critical_path(graph, order, durations)
    assert sum(durations[i] for i in path.path) == path.length
    assert all(b in graph.after[a] for a, b in itertools.pairwise(path.path))
    for node in range(graph.size):
        slack = path.slack(node, durations[node])
        longer = list(durations)
        longer[node] += slack
        assert slack >= 0
        assert critical_path(graph, order, longer).length == path.length
        longer[node] += 1
        assert critical_path(graph, order, longer).length == path.length + 1


@pytest.mark.parametrize(
    ("size", "edges", "widest", "layers"),
    [
        pytest.param(1, [], 1, 1, id="one"),
        pytest.param(4, [], 4, 1, id="four alone"),
        pytest.param(4, [(0, 1), (1, 2), (2, 3)], 1, 4, id="a chain"),
        pytest.param(4, [(0, 1), (0, 2), (1, 3), (2, 3)], 2, 3, id="a diamond"),
        # No layer is as wide as the antichain {1, 3}: 0 -> 1 and 2 -> 3 -> … shifted against each other.
        pytest.param(6, [(0, 1), (1, 2), (3, 4), (4, 5), (0, 4)], 2, 3, id="two chains"),
    ],
)
def test_shape(size, edges, widest, layers):
    graph = build(size, edges)
    order = topological_order(graph)
    assert width(graph, order).value == widest
    assert 1 + max(depths(graph, order)) == layers


def test_bits():
    assert list(bits_of(0b10110)) == [1, 2, 4]
