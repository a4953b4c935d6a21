from hypothesis import given
from hypothesis import strategies as st

from chipsim.reports.layering import layered

CHIP = ("controller", "dac", "drivers", "array", "adc", "integrator", "digital")
WIRES = (
    ("controller", "dac"),
    ("dac", "array"),
    ("array", "adc"),
    ("adc", "digital"),
    ("digital", "controller"),
    ("controller", "drivers"),
    ("drivers", "array"),
    ("adc", "integrator"),
    ("integrator", "drivers"),
)

graphs = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        st.just([f"n{i}" for i in range(n)]),
        st.lists(st.tuples(*[st.integers(0, n - 1).map(lambda i: f"n{i}")] * 2), max_size=16),
    )
)


def test_the_papers_chip_reads_from_controller_to_digital_unit() -> None:
    found = layered(CHIP, WIRES)
    names = [{slot[0] for slot in row} for row in found.layers]
    assert names == [{"controller"}, {"dac", "drivers"}, {"array"}, {"adc"}, {"digital", "integrator"}]


def test_what_leads_back_in_the_papers_chip_is_the_loop_and_the_transfer() -> None:
    assert set(layered(CHIP, WIRES).back) == {("digital", "controller"), ("integrator", "drivers")}


def test_the_integrator_stands_on_the_side_of_the_drivers_that_it_leads_back_to() -> None:
    rows = [[slot[0] for slot in row] for row in layered(CHIP, WIRES).layers]
    assert (rows[1].index("drivers"), rows[4].index("integrator")) in ((0, 0), (1, 1))


def test_a_bypass_inside_a_chain_is_not_a_loop() -> None:
    found = layered("abc", [("a", "b"), ("a", "c"), ("b", "c")])
    assert found.back == ()
    assert [[slot[0] for slot in row if not slot[1]] for row in found.layers] == [["a"], ["b"], ["c"]]


@given(graphs)
def test_every_edge_goes_forward_by_layers_or_back_and_every_node_stands_once(graph) -> None:
    nodes, edges = graph
    found = layered(nodes, edges)
    layer = {slot[0]: at for at, row in enumerate(found.layers) for slot in row if not slot[1]}
    assert sorted(layer) == sorted(nodes)
    assert sorted(found.forward + found.back) == sorted(set(edges))
    assert all(layer[start] < layer[end] for start, end in found.forward)


@given(graphs)
def test_a_graph_without_loops_has_no_edge_back(graph) -> None:
    nodes, edges = graph
    assert layered(nodes, [edge for edge in edges if edge[0] < edge[1]]).back == ()
