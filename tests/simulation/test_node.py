"""Who waits for whom, and for how long: every event of small chips, worked by hand.

An integration takes 128 ns, a conversion 10 ns, a vector in the digital unit 2 ns, a pulse 100 ns. Logs give
layer, start and end [ns]. All transactions are issued at time 0.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from chipsim.accounting.work import Work
from chipsim.architecture.plan import Plan
from chipsim.errors import PhysicsError
from chipsim.learning.rule import Prepare, Read, Update, Write
from chipsim.simulation.chip import Chip
from chipsim.simulation.controller import Controller
from chipsim.simulation.node import Step, Transaction
from tests.simulation import chips

PAIR = """
  controller: {type: controller}
  dac1: {type: dac, bits: 7, lanes: 4}
  dac2: {type: dac, bits: 7, lanes: 4}
  drivers: {type: pulse-driver, bit_length: 10}
  one: {type: crossbar, rows: 4, columns: 4, cell: reram-om}
  two: {type: crossbar, rows: 4, columns: 4, cell: reram-om}
  adc: {type: adc, bits: 8, count: COUNT}
  adc2: {type: adc, bits: 8, count: 1}
  integrator: {type: integrator, bits: 16}
  digital: {type: digital-unit}
"""
MAPPING = """
  dense1.A: one
  dense1.C: {array: one, column: 2}
  dense2.A: two
  dense2.C: {array: two, column: 2}
"""


@cache
def _pair(dac2: str = "dac2", adc2: str = "adc", count: int = 1) -> Plan:
    """Layers of 4 -> 2 and 2 -> 2, each on an array of its own; what they share is what the links say."""
    components = PAIR.replace("COUNT", str(count))
    for name, used in (("dac2", dac2), ("adc2", adc2)):
        if used != name:
            components = "\n".join(line for line in components.split("\n") if f"  {name}:" not in line)
    links = [
        "controller -> dac1 -> one -> adc -> digital -> controller",
        f"controller -> {dac2} -> two -> {adc2} -> digital",
        f"{dac2} -> two.columns",
        f"two.rows -> {adc2} -> integrator",
        "controller -> drivers -> one",
        "drivers -> two",
        "adc -> integrator -> drivers",
    ]
    links = [links[0], *(dict.fromkeys(_single(links[1:], links[0])))]
    return chips.plan(chips.parse(components, links, MAPPING), chips.network(4, 2, 2), chips.tiki_taka())


def _single(chains: list[str], first: str) -> list[str]:
    """The links of chains, without those of the first."""
    pairs = [(a, b) for chain in chains for a, b in _pairs(chain)]
    return [f"{a} -> {b}" for a, b in pairs if (a, b) not in _pairs(first)]


def _pairs(chain: str) -> list[tuple[str, str]]:
    names = chain.split(" -> ")
    return list(pairwise(names))


def _both_forward(plan: Plan) -> chips.Log:
    chip, log = Chip(plan, 0), chips.Log()
    chips.together(chips.floor(plan, log), chips.forward(chip, "dense1"), chips.forward(chip, "dense2"))
    return log


# Shared and own


def test_two_arrays_on_one_converter_wait_for_each_other() -> None:
    log = _both_forward(_pair())
    assert chips.spans(log, "one") == [("dense1", 0, 128)]
    assert chips.spans(log, "two") == [("dense2", 0, 128)]
    # two lines each at one converter: the second is held for 20 ns
    assert chips.spans(log, "adc") == [("dense1", 128, 148), ("dense2", 148, 168)]
    assert chips.spans(log, "digital") == [("dense1", 148, 150), ("dense2", 168, 170)]


def test_waiting_is_counted_where_it_happens() -> None:
    plan = _pair()
    chip, floor = Chip(plan, 0), chips.floor(plan)
    chips.together(floor, chips.forward(chip, "dense1"), chips.forward(chip, "dense2"))
    waited = {name: node.waiting for name, node in floor.nodes.items() if node.waiting}
    assert waited == {"adc": 20_000}
    assert floor.nodes["adc"].busy == 40_000


def test_arrays_with_converters_of_their_own_do_not_wait() -> None:
    log = _both_forward(_pair(adc2="adc2"))
    assert chips.spans(log, "adc") == [("dense1", 128, 148)]
    assert chips.spans(log, "adc2") == [("dense2", 128, 148)]
    # the digital unit is still one
    assert chips.spans(log, "digital") == [("dense1", 148, 150), ("dense2", 150, 152)]


def test_arrays_on_one_dac_bank_are_read_one_after_the_other() -> None:
    log = _both_forward(_pair(dac2="dac1"))
    assert chips.spans(log, "dac1") == [("dense1", 0, 128), ("dense2", 128, 256)]
    assert chips.spans(log, "one") == [("dense1", 0, 128)]
    assert chips.spans(log, "two") == [("dense2", 128, 256)]
    # the converter works on held values while the bank drives the other array
    assert chips.spans(log, "adc") == [("dense1", 128, 148), ("dense2", 256, 276)]


@pytest.mark.parametrize("first", ["read", "update"])
def test_an_array_is_not_pulsed_while_it_is_read(first: str) -> None:
    plan = _pair()
    chip, log = Chip(plan, 0), chips.Log()
    x, error = np.full((1, 4), 0.5), np.full((1, 2), 0.5)
    both = [chips.forward(chip, "dense1"), chips.asked(chip, Update("dense1", "A", x, error, 0.1, None, 0))]
    chips.together(chips.floor(plan, log), *(both if first == "read" else both[::-1]))
    update = 2 * 10 * 100  # phases x slots x pulse [ns]
    if first == "read":
        assert chips.spans(log, "one") == [("dense1", 0, 128), ("dense1", 128, 128 + update)]
    else:
        assert chips.spans(log, "one") == [("dense1", 0, update), ("dense1", update, update + 128)]


def test_a_bank_stays_held_until_its_array_has_finished() -> None:
    log = _both_forward(_pair())
    ends = {(s.component, s.layer): s.end for s in log}
    assert ends["dac1", "dense1"] == ends["one", "dense1"]
    assert ends["dac2", "dense2"] == ends["two", "dense2"]


def test_full_inboxes_hold_up_whoever_sends_and_nobody_for_good() -> None:
    plan = _pair(adc2="adc2")
    chip, log = Chip(plan, 0), chips.Log()
    floor = chips.floor(plan, log)
    chips.together(floor, *(chips.forward(chip, "dense1") for _ in range(30)))
    # thirty at once, more than all inboxes hold: one at a time through the array, none is lost or stuck
    assert chips.spans(log, "one") == [("dense1", 128 * k, 128 * (k + 1)) for k in range(30)]
    assert chips.spans(log, "adc") == [("dense1", 128 * k + 128, 128 * k + 148) for k in range(30)]


# Durations follow their parameters


@pytest.mark.parametrize("count", range(1, 12))
def test_conversion_time_falls_as_lines_over_converters_rounded_up(count: int) -> None:
    components = f"""
  controller: {{type: controller}}
  dac: {{type: dac, bits: 7, lanes: 3}}
  drivers: {{type: pulse-driver, bit_length: 10}}
  array: {{type: crossbar, rows: 3, columns: 20, cell: reram-om}}
  adc: {{type: adc, bits: 8, count: {count}}}
  integrator: {{type: integrator, bits: 16}}
  digital: {{type: digital-unit}}
"""
    links = [
        "controller -> dac -> array -> adc -> digital -> controller",
        "controller -> drivers -> array",
        "adc -> integrator -> drivers",
    ]
    plan = chips.plan(chips.parse(components, links), chips.network(3, 10), chips.tiki_taka())
    log = chips.Log()
    chips.together(chips.floor(plan, log), chips.forward(Chip(plan, 0), "dense1", 5))
    ((_, start, end),) = chips.spans(log, "adc")
    assert end - start == 5 * math.ceil(10 / count) * 10


def _worked(**settings: str) -> Plan:
    rule = chips.tiki_taka(read="line", read_by="column")
    return chips.plan(chips.load("worked-example-8x4", **settings), chips.network(8, 2), rule)


def _time(plan: Plan, *names: str) -> list[int]:
    """Time [ps] of one operation of each name, alone on its chip."""
    chip = Chip(plan, 0)
    x, error = np.full((3, 8), 0.5), np.full((3, 2), 0.5)
    signs = np.ones((1, 8), dtype=np.int8)
    made = {
        "forward": lambda: chips.forward(chip, "dense1", 3),
        "update": lambda: chips.asked(chip, Update("dense1", "A", x, error, 0.1, None, 0)),
        "read": lambda: chips.asked(chip, Read("dense1", "A", (0, 1), "column")),
        "write": lambda: chips.asked(chip, Write("dense1", "C", (0,), "column", signs)),
        "prepare": lambda: chips.asked(chip, Prepare("dense1", "A", 7)),
    }
    times = []
    for name in names:
        floor = chips.floor(plan)
        chips.together(floor, made[name]())
        times.append(floor.now)
    return times


def test_twice_the_pulse_width_is_exactly_twice_the_time_of_all_that_pulses() -> None:
    operations = ("update", "write", "prepare")
    once = _time(_worked(), *operations)
    twice = _time(_worked(components__drivers__pulse_width="200 ns"), *operations)
    assert once == [3 * 2 * 31 * 100_000, 2 * 100_000, 14 * 100_000]
    assert twice == [2 * time for time in once]


def test_bipolar_pulses_halve_the_time_of_an_update() -> None:
    (once,) = _time(_worked(), "update")
    assert _time(_worked(components__drivers__phases="1"), "update") == [once // 2]


def test_twice_the_integration_is_twice_the_time_of_a_read() -> None:
    settings = {"components__adc__conversion": "0 ns", "components__digital__latency": "0 ns"}
    once = _time(_worked(**settings), "forward", "read")
    twice = _time(_worked(**settings, components__dac__integration="256 ns"), "forward", "read")
    assert once == [3 * 128_000, 2 * 128_000]
    assert twice == [2 * time for time in once]


# What holds on every clock


def _trained(plan: Plan, seed: int = 0) -> tuple[Controller, chips.Log]:
    log = chips.Log()
    task = chips.task(chips.tiki_taka(), chips.images(4, 2, 8), 40)
    controller, _ = chips.train(plan, task, seed=seed, listener=log)
    return controller, log


@pytest.mark.parametrize("wiring", [("dac2", "adc"), ("dac2", "adc2"), ("dac1", "adc"), ("dac1", "adc2")])
def test_time_never_runs_back_and_no_part_is_in_two_visits_at_once(wiring: tuple[str, str]) -> None:
    controller, log = _trained(_pair(*wiring))
    ends = [span.end for span in log]
    assert ends == sorted(ends)
    assert all(0 <= span.start <= span.end <= controller.floor.now for span in log)
    for name in controller.floor.nodes:
        visits = [(span.start, span.end) for span in log if span.component == name]
        assert all(end <= start for (_, end), (start, _) in pairwise(visits))


@pytest.mark.parametrize("wiring", [("dac2", "adc"), ("dac1", "adc2")])
def test_busy_time_is_that_of_the_visits_and_at_most_all_time(wiring: tuple[str, str]) -> None:
    controller, log = _trained(_pair(*wiring))
    for use in controller.usage():
        assert use.busy == sum(s.end - s.start for s in log if s.component == use.component)
        assert 0 <= use.busy <= controller.floor.now
        assert use.waiting >= 0


# A dead-lock is named


def test_a_chip_that_stands_still_says_who_holds_what() -> None:
    """Two routes that take the same two parts in opposite order, each kept until the other is there."""
    plan = _pair()
    floor = chips.floor(plan)

    def nothing(_: Transaction) -> Work:
        return Work(1000, {})

    def route(*names: str) -> tuple[Step, ...]:
        return tuple(Step(name, nothing, joint=name != names[-1]) for name in names)

    there = Transaction("forward", "dense1", route("dac1", "drivers", "one"), None)
    back = Transaction("update", "dense2", route("drivers", "dac1", "two"), None)
    with pytest.raises(PhysicsError) as caught:
        chips.together(floor, there, back)
    (fault,) = caught.value.faults
    assert fault.code == "E080"
    assert fault.message == (
        "the chip stands still at 0 s: 'dac1' holds forward of 'dense1' until 'drivers' is done with it, "
        "with 1 waiting; 'drivers' holds update of 'dense2' until 'dac1' is done with it, with 1 waiting"
    )


def test_an_error_of_a_circuit_is_not_taken_for_a_dead_lock() -> None:
    floor = chips.floor(_pair())

    def fails(_: Transaction) -> Work:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match=r"^a bug$"):
        chips.together(floor, Transaction("forward", "dense1", (Step("one", fails),), None))


def test_the_legs_of_a_critical_path_add_up_to_the_time_that_it_took() -> None:
    """With one converter for two arrays the later pass waits 20 ns for the earlier: its wait is a leg."""
    plan = _pair()
    chip, floor = Chip(plan, 0), chips.floor(plan)
    chips.together(floor, chips.forward(chip, "dense1"), chips.forward(chip, "dense2"))
    legs = {(leg.component, leg.served): time // 1000 for (_, leg), time in floor.critical.items()}
    assert legs == {("two", True): 128, ("adc", False): 20, ("adc", True): 20, ("digital", True): 2}
