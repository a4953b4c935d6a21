"""What carries words: time and counts in closed form."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chipsim.circuits import buffer, bus, host_link, memory, mesh
from chipsim.circuits.carrier import Load, Ride

LOADS = st.builds(Load, vectors=st.integers(1, 50), words=st.integers(1, 900))
GIVEN = {"bits": st.integers(1, 64), "width": st.integers(1, 1024)}


def _beats(load: Load, bits: int, width: int, cycle: int) -> int:
    return load.vectors * -(-load.words * bits // width) * cycle


def _parts(**given: Any) -> dict[str, Any]:
    return {"cycle": 1e-9, **given}


@given(load=LOADS, **GIVEN)
def test_a_bus_takes_whole_beats_for_each_vector_and_one_hop_for_each_bit(
    load: Load, bits: int, width: int
) -> None:
    made = bus.Circuit(bus.Parameters(type="bus", **_parts(bits=bits, width=width)))
    work = made.carry(load, Ride())
    assert work.duration == _beats(load, bits, width, 1000)
    assert work.actions == {"noc_bit": load.vectors * load.words * bits}


@given(load=LOADS, **GIVEN)
def test_a_host_link_takes_beats_and_counts_whole_bytes_of_each_vector(
    load: Load, bits: int, width: int
) -> None:
    made = host_link.Circuit(host_link.Parameters(type="host-link", **_parts(bits=bits, width=width)))
    work = made.carry(load, Ride())
    assert work.duration == _beats(load, bits, width, 1000)
    assert work.actions == {"host_byte": load.vectors * -(-load.words * bits // 8)}


@pytest.mark.parametrize(("kind", "action"), [("lpddr4", "dram_byte"), ("hbm2", "hbm_byte")])
@given(load=LOADS, **GIVEN)
def test_a_memory_is_accessed_once_to_write_and_once_to_read_each_vector(
    kind: str, action: str, load: Load, bits: int, width: int
) -> None:
    parts = _parts(bits=bits, width=width, access=70e-9)
    made = memory.Circuit(memory.Parameters(type="memory", kind=kind, **parts))
    work = made.carry(load, Ride())
    assert work.duration == 2 * (load.vectors * 70_000 + _beats(load, bits, width, 1000))
    assert work.actions == {action: 2 * load.vectors * -(-load.words * bits // 8)}


@given(load=LOADS, **GIVEN)
def test_a_buffer_writes_and_reads_every_word_once(load: Load, bits: int, width: int) -> None:
    given = buffer.Parameters(type="buffer", capacity=10, **_parts(bits=bits, width=width))
    work = buffer.Circuit(given).carry(load, Ride())
    words = load.vectors * load.words
    assert work.duration == 2 * _beats(load, bits, width, 1000)
    assert work.actions == {"word_read": words, "word_write": words}


@given(
    load=LOADS, rows=st.integers(1, 12), columns=st.integers(1, 12),
    ends=st.tuples(*[st.integers(0, 10**6)] * 2), **GIVEN,
)  # fmt: skip
def test_a_mesh_takes_a_hop_for_each_router_on_the_way_and_one_into_the_target(
    load: Load, rows: int, columns: int, ends: tuple[int, int], bits: int, width: int
) -> None:
    parts = _parts(bits=bits, width=width, hop=3e-9)
    given = mesh.Parameters(type="mesh", rows=rows, columns=columns, **parts)
    source, target = (given.router("tile", number) for number in ends)
    ride = given.ride(source, target)
    distance = abs(source // columns - target // columns) + abs(source % columns - target % columns)
    assert ride.hops == distance + 1
    work = mesh.Circuit(given).carry(load, ride)
    assert work.duration == load.vectors * ride.hops * 3000 + _beats(load, bits, width, 1000)
    assert work.actions == {"noc_bit": load.vectors * load.words * bits * ride.hops}


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), ends=st.tuples(*[st.integers(0, 80)] * 2))
def test_words_go_from_neighbour_to_neighbour_along_the_row_first(
    rows: int, columns: int, ends: tuple[int, int]
) -> None:
    given = mesh.Parameters(type="mesh", rows=rows, columns=columns)
    source, target = (number % (rows * columns) for number in ends)
    *between, into = given.ride(source, target).channels
    assert into == (target, -1)
    stops = [source, *(there for _, there in between)]
    assert stops[-1] == target
    assert [here for here, _ in between] == stops[:-1]
    steps = [there - here for here, there in between]
    along = [step for step in steps if abs(step) == 1 and columns > 1]
    assert steps[: len(along)] == along
    assert all(abs(step) in (1, columns) for step in steps)
    for here, there in pairwise(stops[: len(along) + 1]):
        assert here // columns == there // columns


def test_what_stands_once_sits_where_the_file_says_and_copies_go_round() -> None:
    given = mesh.Parameters(type="mesh", rows=2, columns=3, at={"controller": (1, 2)})
    assert given.router("controller", None) == 5
    assert given.router("digital", None) == 0
    assert [given.router("array", number) for number in (0, 4, 6, 11)] == [0, 4, 0, 5]
