"""Groups: every copy, every link, as many as needed; and faults at their places."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.architecture import graph, groups
from chipsim.architecture.graph import Architecture
from chipsim.architecture.plan import Plan
from chipsim.devices.device import Region
from chipsim.errors import FitError, InputError
from chipsim.inputs import documents
from tests.architecture import files

TILED = (
    "controller -> bus -> dac -> array -> adc -> bus -> digital -> controller", "dac -> array.columns",
    "array.rows -> adc", "bus -> drivers -> array", "adc -> integrator -> bus",
)  # fmt: skip
PARTS = {
    **files.COMPONENTS, "bus": "{type: bus, bits: 8, width: 64}",
    "array": "{type: crossbar, rows: 4, columns: 4, cell: reram-om}",
}  # fmt: skip
MEMBERS = "[dac, drivers, array, adc, integrator]"


def text(
    grouped: Sequence[str], components: dict[str, str] | None = None, links: Sequence[str] = TILED,
    mapping: Sequence[str] = (), packing: str = "dense",
) -> str:  # fmt: skip
    """An architecture file with groups; `grouped` are their lines, from line 6 on."""
    head, rest = files.text(components or PARTS, links, mapping).split("components:\n", 1)
    lines = "".join(f"  {line}\n" for line in grouped)
    return f"{head}groups:\n{lines}components:\n{rest}packing: {packing}\n"


def load(*args: object, **given: object) -> Architecture:
    """The architecture of such a file."""
    return graph.load(documents.parse(text(*args, **given), "chip.yaml"))  # type: ignore[arg-type]


def tiled(count: str = "as needed", **given: object) -> Architecture:
    """Tiles with everything of their own, on a bus."""
    return load([f"tile: {{components: {MEMBERS}, count: {count}}}"], **given)


# Copies and links


def test_every_member_stands_as_often_as_its_group_and_a_group_within_another_that_often_in_each() -> None:
    chip = load([
        "tile: {components: [dac, drivers, array], count: 3}",
        "cluster: {components: [tile, adc, integrator], count: 2}",
    ])  # fmt: skip
    assert chip.copies("array") == tuple(f"array[{i}.{j}]" for i in range(2) for j in range(3))
    assert chip.copies("adc") == ("adc[0]", "adc[1]")
    assert chip.copies("bus") == ("bus",)
    assert [chip.number(name) for name in chip.copies("array")] == list(range(6))
    assert chip.number("bus") is None
    assert set(chip.cells) == set(chip.copies("array"))


def test_links_join_copy_by_copy_what_shares_a_group_and_one_to_all_what_does_not() -> None:
    chip = load([
        "tile: {components: [dac, drivers, array], count: 2}",
        "cluster: {components: [tile, adc, integrator], count: 2}",
    ])  # fmt: skip
    joined = {(str(a).partition(".rows")[0].partition(".col")[0], str(b)) for a, b in chip.links}
    tile = ["0.0", "0.1", "1.0", "1.1"]
    assert {pair for pair in joined if pair[0].startswith("dac") and pair[1].endswith(".rows")} == {
        (f"dac[{index}]", f"array[{index}].rows") for index in tile
    }
    assert {pair for pair in joined if pair[0].startswith("array") and pair[1].startswith("adc")} == {
        (f"array[{index}]", f"adc[{index[0]}]") for index in tile
    }
    assert {pair for pair in joined if pair[0] == "bus" and pair[1].startswith("dac")} == {
        ("bus", f"dac[{index}]") for index in tile
    }


@given(
    common=st.lists(st.integers(1, 3), max_size=2), one=st.lists(st.integers(1, 3), max_size=2),
    other=st.lists(st.integers(1, 3), max_size=2),
)  # fmt: skip
def test_a_link_has_as_many_copies_as_its_ends_can_be_chosen_in_the_groups_that_they_share(
    common: list[int], one: list[int], other: list[int]
) -> None:
    counts = {f"c{i}": n for i, n in enumerate(common)}
    counts |= {f"a{i}": n for i, n in enumerate(one)} | {f"b{i}": n for i, n in enumerate(other)}
    shared = tuple(f"c{i}" for i in range(len(common)))
    source = (*shared, *(f"a{i}" for i in range(len(one))))
    target = (*shared, *(f"b{i}" for i in range(len(other))))
    pairs = list(groups.joined(source, target, counts))
    expected = 1
    for count in counts.values():
        expected *= count
    assert len(set(pairs)) == len(pairs) == expected
    assert all(a[: len(shared)] == b[: len(shared)] for a, b in pairs)


@given(st.lists(st.integers(0, 999), max_size=4))
def test_the_name_of_a_copy_says_which_it_is(index: list[int]) -> None:
    name = groups.copy("array", tuple(index))
    assert groups.base(name) == "array"
    assert groups.index_of(name) == tuple(index)


# As many as needed


@pytest.mark.parametrize(
    ("sizes", "packing", "tiles"),
    [
        ((4, 4), "dense", 2),  # A, C
        ((4, 2), "dense", 1),  # both side by side
        ((4, 2), "apart", 2),
        ((4, 2), "together", 1),
        ((9, 4), "apart", 3 * 2),
        ((9, 5), "apart", 3 * 2 * 2),
        ((9, 4), "together", 3 * 2),  # two columns of each matrix on an array
        ((4, 4, 4), "apart", 4),
    ],
)
def test_a_group_grows_to_what_the_weights_take(sizes: tuple[int, ...], packing: str, tiles: int) -> None:
    plan = files.plan(tiled(packing=packing), *sizes)
    assert plan.architecture.counts == {"tile": tiles}
    assert {place.array for place in plan.places.values()} == {f"array[{n}]" for n in range(tiles)}


def test_a_group_that_is_too_small_is_told_what_there_is_to_place() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(tiled("2"), 9, 4)
    assert files.lines(caught) == [
        "11:3 E050 the weights make 6 blocks of 72 cells, but the chip has 2 of 'array' (4 x 4), 32 cells; "
        "put the array's components into a group with 'count: as needed'"
    ]


# Faults


@pytest.mark.parametrize(
    ("grouped", "sentence"),
    [
        (
            ["tile: {components: [dac, aray], count: 2}"],
            "6:28 E040 group 'tile': 'aray' is no component; did you mean 'array'?",
        ),
        (
            ["tile: {components: [dac], count: 2}", "pair: {components: [dac], count: 2}"],
            "7:23 E045 group 'pair': 'dac' is in group 'tile' already; leave one out",
        ),
        (
            ["adc: {components: [dac], count: 2}"],
            "6:3 E045 group 'adc': a component has that name; give the group another",
        ),
        (
            ["tile: {components: [dac], count: few}"],
            "6:36 E020 groups.tile.count: 'few' is no number; write how many there are, or 'as needed'",
        ),
        (
            ["tile: {components: [dac, tile], count: 2}"],
            "6:3 E045 group 'tile' stands within itself; leave one of its members out",
        ),
    ],
)
def test_a_group_that_cannot_be_is_said_at_its_place(grouped: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        load(grouped)
    assert files.lines(caught) == [sentence]


def test_groups_that_stand_within_each_other_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        load(["one: {components: [two], count: 2}", "two: {components: [one], count: 2}"])
    assert files.lines(caught) == [
        "6:3 E045 group 'one' stands within itself; leave one of its members out",
        "7:3 E045 group 'two' stands within itself; leave one of its members out",
    ]


def test_more_copies_than_can_be_are_refused_before_they_are_made() -> None:
    with pytest.raises(InputError) as caught:
        load(["a: {components: [dac], count: 1000}", "b: {components: [a], count: 1000}"])
    assert files.lines(caught) == [
        "10:3 E056 component 'dac': its groups make 1000000 of it, more than 65536",
    ]


# Mapping


def _at(plan: Plan, block: str, matrix: str) -> tuple[str, Region]:
    place = plan.places[block, matrix]
    return place.array, place.region


HYBRID = {**PARTS, "fast": "{type: crossbar, rows: 4, columns: 4, cell: capacitor-3t1c}"}
BOTH = (*TILED, "dac -> fast", "dac -> fast.columns", "fast.rows -> adc", "fast -> adc", "drivers -> fast")


def test_a_matrix_of_all_layers_takes_the_copies_of_an_array() -> None:
    hybrid = load(
        [f"tile: {{components: {MEMBERS[:-1]}, fast], count: as needed}}"],
        HYBRID | {"integrator": "{type: integrator, bits: 16}"}, BOTH, ["A: fast", "C: array"], "apart",
    )  # fmt: skip
    hybrid = graph.load(hybrid.document.with_value("costs.table", "hybrid-14nm"))
    plan = files.plan(hybrid, 7, 4)
    assert [_at(plan, f"dense1[{n},0]", "A")[0] for n in range(2)] == ["fast[0]", "fast[1]"]
    assert [_at(plan, f"dense1[{n},0]", "C")[0] for n in range(2)] == ["array[0]", "array[1]"]
    assert plan.architecture.counts == {"tile": 2}


def test_a_block_takes_the_copy_and_the_column_that_the_file_gives_it() -> None:
    mapping = ["'dense1[0,0].A': {array: 'array[3]', column: 1}", "'dense1[1,0].C': 'array[0]'"]
    plan = files.plan(tiled(mapping=mapping), 7, 3)
    assert _at(plan, "dense1[0,0]", "A") == ("array[3]", Region(0, 1, 4, 3))
    assert _at(plan, "dense1[1,0]", "C") == ("array[0]", Region(0, 0, 3, 3))
    assert plan.architecture.counts == {"tile": 4}


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        (
            "'dense1[2,0].A': 'array[0]'",
            "mapping: there is no block 'dense1[2,0]'; layer 'dense1' is made of 'dense1[0,0]' and "
            "'dense1[1,0]'",
        ),
        ("A: aray", "mapping: 'aray' is no crossbar; did you mean 'array'?"),
        (
            "dense1.A: {array: array, column: 1}",
            "mapping: any copy of 'array' may be taken; write 'dense1.A: array'",
        ),
        ("dense2.A: array", "mapping: the workload has no matrix 'dense2.A'; did you mean 'dense1.A'?"),
        ("'dense1[0,0].A': 'array[0.1]'", "mapping: there is no copy 'array[0.1]'; did you mean 'array[1]'?"),
    ],
)  # fmt: skip
def test_a_mapping_that_names_what_there_is_not_is_told_what_there_is(mapping: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        files.plan(tiled(mapping=[mapping]), 7, 3)
    assert [fault.message for fault in caught.value.faults] == [sentence]


def test_where_none_may_share_an_array_a_lack_of_arrays_is_said_and_not_a_lack_of_cells() -> None:
    with pytest.raises(FitError) as caught:
        files.plan(tiled(count="1", packing="apart"), 4, 2)
    assert [fault.message for fault in caught.value.faults] == [
        "matrix 'dense1.C' needs 4 rows x 2 columns, but every array of that size holds weights, which "
        "'packing: apart' lets none share; add arrays, or write 'packing: dense'"
    ]
