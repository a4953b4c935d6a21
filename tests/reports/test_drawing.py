import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chipsim.reports import drawing, nodes, outlines

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
    assert nodes.pairs(["a -> b -> c", "c -> a"]) == (("a", "b"), ("b", "c"), ("c", "a"))


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
    tree = ET.fromstring(drawing.svg(COMPONENTS, LINKS, paint={"array": drawing.Paint(0.25)}))
    length = {rect.get("class"): float(rect.get("width")) for rect in tree.iter(f"{SVG}rect")}
    assert length["busy"] == pytest.approx(0.25 * length["track"], abs=0.1)


def test_an_end_that_is_not_declared_is_drawn_and_marked() -> None:
    assert "kind-not-declared" in drawing.svg(COMPONENTS, [*LINKS, ("adc", "digtal")])


def test_the_same_graph_gives_the_same_drawing() -> None:
    assert drawing.svg(COMPONENTS, LINKS) == drawing.svg(COMPONENTS, LINKS)


def test_an_empty_graph_is_an_empty_drawing() -> None:
    ET.fromstring(drawing.svg({}, ()))
    assert outlines.table({}, ()).count("\n") == 2


def test_the_table_tells_type_parameters_and_links() -> None:
    assert outlines.table(COMPONENTS, LINKS) == (
        "component   type        parameters                        links to\n"
        "----------  ----------  --------------------------------  --------------------\n"
        "controller  controller                                    dac\n"
        "dac         dac         bits 7, lanes 8                   array, array.columns\n"
        "array       crossbar    rows 8, columns 4, cell reram-om  adc\n"
        "adc         adc         bits 9, count 1                   controller\n"
    )


def test_the_table_keeps_to_the_width_of_the_terminal() -> None:
    wide = {"array": {"type": "crossbar", **{f"parameter{i}": i for i in range(30)}}}
    assert max(map(len, outlines.table(wide, (), width=80).splitlines())) <= 80


# Groups

TILED = {
    "controller": {"type": "controller"},
    "bus": {"type": "bus"},
    "dac": {"type": "dac"},
    "array": {"type": "crossbar"},
    "adc": {"type": "adc"},
}
TILED_LINKS = (
    *(("controller", "bus"), ("bus", "dac"), ("dac", "array"), ("array", "adc")),
    *(("adc", "bus"), ("bus", "controller")),
)
TILES = {
    "tile": {"components": ["dac", "array"], "count": 4},
    "cluster": {"components": ["tile", "adc"], "count": "as needed"},
}


def _placed(tree: ET.Element, kind: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of every box of a kind, by node, where it stands in the whole drawing."""
    found = {}

    def walk(element: ET.Element, x: float, y: float) -> None:
        moved = element.get("transform")
        if moved:
            dx, dy = map(float, moved.removeprefix("translate(").rstrip(")").split())
            x, y = x + dx, y + dy
        for child in element:
            if child.get("class") == kind and (name := element.get("data-node")):
                left, top, wide, tall = (float(child.get(key, 0)) for key in ("x", "y", "width", "height"))
                found[name] = (x + left, y + top, x + left + wide, y + top + tall)
            walk(child, x, y)

    walk(tree, 0.0, 0.0)
    return found


def _within(inner: tuple[float, ...], outer: tuple[float, ...]) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def test_a_group_is_one_box_around_its_members_and_nothing_else() -> None:
    tree = ET.fromstring(drawing.svg(TILED, TILED_LINKS, TILES))
    boxes, groups = _placed(tree, "body"), _placed(tree, "around")
    assert set(groups) == {"tile", "cluster"}
    held = {name: {box for box in boxes if _within(boxes[box], around)} for name, around in groups.items()}
    assert held == {"tile": {"dac", "array"}, "cluster": {"dac", "array", "adc"}}
    assert _within(groups["tile"], groups["cluster"])
    left, top, wide, tall = map(float, tree.get("viewBox", "").split())
    assert all(
        _within(box, (left, top, left + wide, top + tall)) for box in (*boxes.values(), *groups.values())
    )


def test_the_box_of_a_group_tells_its_count() -> None:
    drawn = drawing.svg(TILED, TILED_LINKS, TILES)
    assert ">\N{MULTIPLICATION SIGN} 4<" in drawn
    assert ">as needed<" in drawn


def test_a_link_into_a_group_ends_at_its_box_and_is_named_at_the_member() -> None:
    tree = ET.fromstring(drawing.svg(TILED, TILED_LINKS, TILES))
    links = {
        (g.get("data-from"), g.get("data-to"), g.get("class"))
        for g in tree.iter(f"{SVG}g")
        if g.get("data-from")
    }
    assert {
        ("bus", "cluster", "link"), ("bus", "dac", "link stub in"), ("tile", "adc", "link"),
        ("array", "adc", "link stub out"), ("adc", "bus", "link stub out"), ("cluster", "bus", "link back"),
    } <= links  # fmt: skip


def test_carriers_are_told_apart() -> None:
    tree = ET.fromstring(drawing.svg(TILED, TILED_LINKS))
    carriers = [g.get("data-node") for g in tree.iter(f"{SVG}g") if "carrier" in g.get("class", "").split()]
    assert carriers == ["bus"]


def test_the_table_sets_members_in_below_their_group() -> None:
    assert [
        line.split("  links")[0].rstrip() for line in outlines.table(TILED, TILED_LINKS, TILES).splitlines()
    ] == [
        "component   type        parameters",
        "----------  ----------  ----------  ---------------",
        "controller  controller              bus",
        "bus         bus                     dac, controller",
        "cluster     group       as needed",
        "  tile      group       x 4",
        "    dac     dac                     array",
        "    array   crossbar                adc",
        "  adc       adc                     bus",
    ]


def test_dot_and_mermaid_hold_a_group_as_their_own_kind_of_group() -> None:
    assert (
        '  subgraph "cluster_cluster" { label="cluster as needed";\n'
        '    subgraph "cluster_tile" { label="tile x 4";\n'
        '      "dac" [label="dac\\ndac"];\n'
        '      "array" [label="array\\ncrossbar"];\n'
        "    }\n"
        '    "adc" [label="adc\\nadc"];\n'
        "  }\n"
    ) in outlines.dot(TILED, TILED_LINKS, TILES)
    assert (
        '  subgraph g1["cluster as needed"]\n'
        '    subgraph g0["tile x 4"]\n'
        '      n2["dac<br/>dac"]\n'
        '      n3["array<br/>crossbar"]\n'
        "    end\n"
        '    n4["adc<br/>adc"]\n'
        "  end\n"
    ) in outlines.mermaid(TILED, TILED_LINKS, TILES)


NODES = st.sampled_from([*"abcdefg"])


@given(
    links=st.lists(st.tuples(NODES, NODES), max_size=12),
    parents=st.lists(st.integers(-1, 3), min_size=4, max_size=4),
    homes=st.lists(st.integers(-1, 3), min_size=7, max_size=7),
)
@settings(deadline=None)  # a busy machine draws slowly
def test_any_boxes_within_boxes_are_drawn_without_overlap(
    links: list[tuple[str, str]], parents: list[int], homes: list[int]
) -> None:
    """Groups 0 to 3 stand in one of a smaller number or on the chip; components in any of them or on it."""
    names = [f"g{at}" for at in range(4)]
    inside = {at: parent if parent < at else -1 for at, parent in enumerate(parents)}
    members: dict[str, list[str]] = {name: [] for name in names}
    for at, parent in inside.items():
        members[names[parent]].append(names[at]) if parent >= 0 else None
    for component, home in zip("abcdefg", homes, strict=True):
        members[names[home]].append(component) if home >= 0 else None
    groups = {name: {"components": held, "count": 2} for name, held in members.items()}
    components = {name: {"type": "adc"} for name in "abcdefg"}
    tree = ET.fromstring(drawing.svg(components, links, groups))
    boxes = list(_placed(tree, "body").values())
    assert len(boxes) == 7
    for at, (a, b, c, d) in enumerate(boxes):
        assert all(c <= e or g <= a or d <= f or h <= b for e, f, g, h in boxes[at + 1 :])
    outlines.table(components, links, groups)


def test_dot_has_a_quoted_node_and_edge_for_each_component_and_link() -> None:
    text = outlines.dot({"a": {"type": "x", "note": 'say "hi"\n'}, "b": {}}, [("a", "b.rows")], name="chip")
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
    text = outlines.mermaid({"a": {"type": 'x"]'}, "b": {"type": "y"}}, [("a", "b")])
    assert text == 'flowchart LR\n  n0["a<br/>x#34;#93;"]\n  n1["b<br/>y"]\n  n0 --> n1\n'


@settings(deadline=None)  # a busy machine draws slowly
@given(st.text(min_size=1), st.text())
def test_no_name_breaks_the_drawing(name: str, value: str) -> None:
    components = {name: {"type": value, "note": value}}
    svg = ET.fromstring(drawing.svg(components, [(name, value)], paint={name: drawing.Paint(0.5)}))
    assert svg.tag.endswith("svg")
    assert outlines.table(components, [(name, value)])
    assert outlines.dot(components, [(name, value)]).rstrip().endswith("}")
    assert outlines.mermaid(components, [(name, value)]).startswith("flowchart LR\n")
