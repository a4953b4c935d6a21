import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.reports import drawing

COMPONENTS = {
    "controller": {"type": "controller"},
    "dac": {"type": "dac", "bits": 7, "lanes": 8},
    "array": {"type": "crossbar", "rows": 8, "columns": 4, "cell": "reram-om"},
    "adc": {"type": "adc", "bits": 9, "count": 1},
}
LINKS = (
    ("controller", "dac"),
    ("dac", "array"),
    ("array", "adc"),
    ("adc", "controller"),
    ("dac", "array.columns"),
)
SVG = "{http://www.w3.org/2000/svg}"


def test_a_chain_of_links_is_its_pairs() -> None:
    assert drawing.pairs(["a -> b -> c", "c -> a"]) == (("a", "b"), ("b", "c"), ("c", "a"))


def test_the_svg_holds_every_component_and_every_link_once() -> None:
    tree = ET.fromstring(drawing.svg(COMPONENTS, LINKS))
    assert [node.get("data-node") for node in tree.iter(f"{SVG}g") if node.get("data-node")] == list(
        COMPONENTS
    )
    ends = sorted((g.get("data-from"), g.get("data-to")) for g in tree.iter(f"{SVG}g") if g.get("data-from"))
    assert ends == [("adc", "controller"), ("array", "adc"), ("controller", "dac"), ("dac", "array")]


def test_both_ports_of_a_pair_are_named_on_their_link() -> None:
    assert "dac → array, dac → array.columns" in drawing.svg(COMPONENTS, LINKS)


def test_the_link_that_closes_the_loop_is_drawn_as_leading_back() -> None:
    tree = ET.fromstring(drawing.svg(COMPONENTS, LINKS))
    back = [g.get("data-from") for g in tree.iter(f"{SVG}g") if g.get("class") == "link back"]
    assert back == ["adc"]


def test_boxes_do_not_overlap_and_all_lie_inside_the_drawing() -> None:
    components = {**COMPONENTS, **{f"extra{i}": {"type": "adc"} for i in range(4)}}
    links = [*LINKS, *(("array", f"extra{i}") for i in range(4)), ("extra3", "dac")]
    tree = ET.fromstring(drawing.svg(components, links))
    left, top, wide, tall = map(float, tree.get("viewBox").split())
    boxes = [
        tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
        for rect in tree.iter(f"{SVG}rect")
        if rect.get("class") == "body"
    ]
    assert len(boxes) == len(components)
    for x, y, w, h in boxes:
        assert left <= x
        assert x + w <= left + wide
        assert top <= y
        assert y + h <= top + tall
    for at, (x, y, w, h) in enumerate(boxes):
        assert all(x + w <= a or a + c <= x or y + h <= b or b + d <= y for a, b, c, d in boxes[at + 1 :])


def test_a_standalone_drawing_brings_its_style_and_one_for_the_page_does_not() -> None:
    assert "<style>" in drawing.svg(COMPONENTS, LINKS)
    inline = drawing.svg(COMPONENTS, LINKS, standalone=False)
    assert "<style" not in inline
    assert "style=" not in inline


def test_the_bar_in_a_box_is_as_long_as_the_busy_share() -> None:
    tree = ET.fromstring(drawing.svg(COMPONENTS, LINKS, busy={"array": 0.25}))
    length = {rect.get("class"): float(rect.get("width")) for rect in tree.iter(f"{SVG}rect")}
    assert length["busy"] == pytest.approx(0.25 * length["track"], abs=0.1)


def test_an_end_that_is_not_declared_is_drawn_and_marked() -> None:
    assert "kind-not-declared" in drawing.svg(COMPONENTS, [*LINKS, ("adc", "digtal")])


def test_the_same_graph_gives_the_same_drawing() -> None:
    assert drawing.svg(COMPONENTS, LINKS) == drawing.svg(COMPONENTS, LINKS)


def test_an_empty_graph_is_an_empty_drawing() -> None:
    ET.fromstring(drawing.svg({}, ()))
    assert drawing.table({}, ()).count("\n") == 2


def test_the_table_tells_type_parameters_and_links() -> None:
    assert drawing.table(COMPONENTS, LINKS) == (
        "component   type        parameters                        links to\n"
        "----------  ----------  --------------------------------  --------------------\n"
        "controller  controller                                    dac\n"
        "dac         dac         bits 7, lanes 8                   array, array.columns\n"
        "array       crossbar    rows 8, columns 4, cell reram-om  adc\n"
        "adc         adc         bits 9, count 1                   controller\n"
    )


def test_the_table_keeps_to_the_width_of_the_terminal() -> None:
    wide = {"array": {"type": "crossbar", **{f"parameter{i}": i for i in range(30)}}}
    assert max(map(len, drawing.table(wide, (), width=80).splitlines())) <= 80


def test_dot_has_a_quoted_node_and_edge_for_each_component_and_link() -> None:
    text = drawing.dot({"a": {"type": "x", "note": 'say "hi"\n'}, "b": {}}, [("a", "b.rows")], name="chip")
    assert text == (
        'digraph "chip" {\n'
        "  rankdir=LR;\n"
        '  node [shape=box, style=rounded, fontname="sans-serif"];\n'
        '  "a" [label="a\\nx\\nnote say \\"hi\\"\\n"];\n'
        '  "b" [label="b\\nnot declared"];\n'
        '  "a" -> "b" [label="a -> b.rows"];\n'
        "}\n"
    )


def test_mermaid_escapes_what_it_could_take_for_its_own() -> None:
    text = drawing.mermaid({"a": {"type": 'x"]'}, "b": {"type": "y"}}, [("a", "b")])
    assert text == 'flowchart LR\n  n0["a<br/>x#34;#93;"]\n  n1["b<br/>y"]\n  n0 --> n1\n'


@given(st.text(min_size=1), st.text())
def test_no_name_breaks_the_drawing(name: str, value: str) -> None:
    components = {name: {"type": value, "note": value}}
    ET.fromstring(drawing.svg(components, [(name, value)], busy={name: 0.5}))
    drawing.table(components, [(name, value)])
    drawing.dot(components, [(name, value)])
    drawing.mermaid(components, [(name, value)])
