"""An isolated component as a queue: textbook means within their confidence, every customer by recursion.

A component is a server with an inbox, or several of them behind one inbox (`units` of a digital unit). A bank
of several converters is one server whose lines take turns: one with c converters and transactions of n lines
is a server of ceil(n / c) conversions.

Confidence: means over 20 batches of customers, which are nearly independent; 4.5 standard errors with 19
degrees of freedom are passed by chance once in 4,000 tests of other seeds.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chipsim.accounting.ledger import Ledger
from chipsim.accounting.work import Work
from chipsim.circuits import adc
from chipsim.simulation.node import INBOX, Floor, Step, Transaction

Times = NDArray[np.int64]
SERVICE = 10_000
"""Mean time of service [ps]."""
BATCHES = 20


class Served(NamedTuple):
    """Arrivals, begins of service and departures at each of some components `(stations, customers)`."""

    arrived: Times
    start: Times
    left: Times
    floor: Floor


def _queue(arrivals: Sequence[int] | Times, *stations: Sequence[int] | Times, units: int = 1) -> Served:
    """Customers that come to a first component at given times and pass some in turn, with given services.

    Each component has so many units.
    """
    names = tuple(f"station{index}" for index in range(len(stations)))
    floor = Floor((*names, "controller"), "controller", 10**9, Ledger(), units=dict.fromkeys(names, units))

    def steps(customer: int) -> tuple[Step, ...]:
        def step(name: str, service: int) -> Step:
            return Step(name, lambda _: Work(service, {}))

        return tuple(step(*pair) for pair in zip(names, (int(s[customer]) for s in stations), strict=True))

    customers = [Transaction("pass", "", steps(index), None) for index in range(len(arrivals))]

    def source() -> Generator[simpy.Event, Any, None]:
        for at, customer in zip(arrivals, customers, strict=True):
            if at > floor.now:
                yield floor.env.timeout(int(at) - floor.now)
            floor.next_of(customer).accept(customer)

    floor.env.process(source())
    floor.env.run()
    back = np.array([customer.arrived for customer in customers])
    visits = [customer.visits for customer in customers]
    arrived = np.array([[v.arrived for v in found] for found in visits]).T
    start = np.array([[v.start for v in found] for found in visits]).T
    return Served(arrived, start, np.vstack([arrived[1:], back]), floor)


def _mean(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and its standard error, from batches."""
    means = values[: values.size // BATCHES * BATCHES].reshape(BATCHES, -1).mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / math.sqrt(BATCHES))


def _agrees(values: NDArray[Any], expected: float) -> None:
    mean, error = _mean(values)
    assert abs(mean - expected) < 4.5 * error
    assert error < 0.1 * expected  # or it would say nothing


def _gaps(draw: np.random.Generator, mean: float, count: int) -> Times:
    return np.rint(np.cumsum(draw.exponential(mean, count))).astype(np.int64)


# One server


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("kind", ["M/M/1", "M/D/1", "M/E2/1"])
def test_the_mean_wait_is_that_of_pollaczek_and_khinchine(kind: str, load: float) -> None:
    """Wq = load s (1 + v) / (2 (1 - load)), v the squared coefficient of variation of service: 1, 0, 1/2."""
    draw, count = np.random.default_rng(1), 12_000
    variation = {"M/M/1": 1.0, "M/D/1": 0.0, "M/E2/1": 0.5}[kind]
    services = np.full(count, float(SERVICE))
    if variation:
        services = draw.gamma(1 / variation, SERVICE * variation, count)
    whole = np.rint(services).astype(np.int64)
    served = _queue(_gaps(draw, SERVICE / load, count), whole)
    wait = (served.start - served.arrived)[0]
    _agrees(wait, load * SERVICE * (1 + variation) / (2 * (1 - load)))
    node = served.floor.nodes["station0"]
    assert node.busy == whole.sum()
    assert abs(node.busy / served.floor.now - load) < 4.5 * load * math.sqrt((1 + variation) / count)


def test_customers_that_come_in_batches_wait_for_those_before_them_in_theirs() -> None:
    """Batches of k are customers of M/D/1 with service k s; within one the mean wait is (k - 1) s / 2."""
    draw, size, load = np.random.default_rng(2), 4, 0.6
    batches = _gaps(draw, size * SERVICE / load, 3_000)
    arrivals = np.repeat(batches, size)
    served = _queue(arrivals, np.full(arrivals.size, SERVICE))
    whole = size * SERVICE
    expected = load * whole / (2 * (1 - load)) + (size - 1) * SERVICE / 2
    _agrees((served.start - served.arrived)[0], expected)


@pytest.mark.parametrize(("units", "load"), [(2, 0.6), (2, 0.8), (4, 0.7)])
def test_several_units_behind_one_inbox_wait_as_erlang_says(units: int, load: float) -> None:
    """M/M/c: with offered a = c load, Wq = C(c, a) s / (c (1 - load)), C Erlang's probability of waiting."""
    draw, count = np.random.default_rng(4), 16_000
    services = np.rint(draw.exponential(SERVICE, count)).astype(np.int64)
    served = _queue(_gaps(draw, SERVICE / (units * load), count), services, units=units)
    offered = units * load
    last = offered**units / math.factorial(units) / (1 - load)
    waits = last / (sum(offered**k / math.factorial(k) for k in range(units)) + last)
    _agrees((served.start - served.arrived)[0], waits * SERVICE / (units * (1 - load)))
    assert served.floor.nodes["station0"].busy == services.sum()


def test_every_customer_of_several_units_is_served_by_the_first_that_is_free() -> None:
    """By the recursion of Kiefer and Wolfowitz: it begins when it has come and the earliest unit is free."""
    draw, units = np.random.default_rng(5), 3
    services = np.rint(draw.exponential(SERVICE, 400)).astype(np.int64)
    arrivals = _gaps(draw, SERVICE / 2.5, 400)
    served = _queue(arrivals, services, units=units)
    free = [0] * units
    for customer, (came, service) in enumerate(zip(arrivals, services, strict=True)):
        begin = max(int(came), min(free))
        free[free.index(min(free))] = begin + int(service)
        assert served.start[0][customer] == begin


def test_regular_customers_of_several_units_never_wait_below_full_load() -> None:
    """D/D/c: three units and a customer every third of a service."""
    arrivals = np.arange(300) * (SERVICE // 3 + 1)
    served = _queue(arrivals, np.full(300, SERVICE), units=3)
    assert np.array_equal(served.start, served.arrived)


def test_regular_customers_with_room_between_never_wait() -> None:
    served = _queue(np.arange(500) * (SERVICE + 1), np.full(500, SERVICE))
    assert not (served.start - served.arrived).any()
    assert served.floor.nodes["station0"].waiting == 0


def test_a_bank_of_converters_is_a_server_of_so_many_turns_as_lines_take() -> None:
    """Transactions of 1 to 24 lines at 4 converters: 1 to 6 turns of 10 ns, each as likely."""
    bank = adc.Circuit(adc.Parameters(type="adc", bits=8, count=4, conversion=SERVICE * 1e-12))
    draw, count, load = np.random.default_rng(3), 12_000, 0.7
    lines = draw.integers(1, 25, count)
    turns = {n: bank.convert(np.zeros((1, n)), n)[1].duration for n in range(1, 25)}
    assert turns == {n: -(-n // 4) * SERVICE for n in range(1, 25)}
    services = np.array([turns[int(n)] for n in lines])
    mean, square = 3.5 * SERVICE, (1 + 4 + 9 + 16 + 25 + 36) / 6 * SERVICE**2
    served = _queue(_gaps(draw, mean / load, count), services)
    _agrees((served.start - served.arrived)[0], load / mean * square / (2 * (1 - load)))


def _customers(most: int = 60) -> st.SearchStrategy[list[tuple[int, int, int]]]:
    return st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=most
    )


@settings(max_examples=60, deadline=None)
@given(_customers())
def test_every_customer_waits_as_lindley_says(given: list[tuple[int, int, int]]) -> None:
    """W' = max(0, W + S - T), T the time to the next arrival."""
    gaps, services, _ = np.array(given).T
    arrivals = np.cumsum(gaps)
    waits = [0]
    for service, gap in zip(services[:-1], gaps[1:], strict=True):
        waits.append(max(0, waits[-1] + service - gap))
    served = _queue(arrivals, services)
    assert (served.start - served.arrived)[0].tolist() == waits
    assert served.left[0].tolist() == (arrivals + waits + services).tolist()


# Two servers, and what blocks the first


def _tandem(arrivals: Times, first: Times, second: Times) -> tuple[list[int], list[int], list[int]]:
    """Departures from the first server, begins and ends at the second, by recursion.

    Customer n leaves the first once customer n - INBOX has begun at the second and made room.
    """
    left, begins, ends = list[int](), list[int](), list[int]()
    for n, (at, one, two) in enumerate(zip(arrivals, first, second, strict=True)):
        done = max(at, left[-1] if left else 0) + one
        left.append(int(max(done, begins[n - INBOX] if n >= INBOX else 0)))
        begins.append(max(left[-1], ends[-1] if ends else 0))
        ends.append(int(begins[-1] + two))
    return left, begins, ends


@settings(max_examples=60, deadline=None)
@given(_customers())
def test_every_customer_of_a_tandem_is_blocked_as_the_recursion_says(
    given: list[tuple[int, int, int]],
) -> None:
    gaps, first, second = np.array(given).T
    served = _queue(np.cumsum(gaps), first, second)
    left, begins, ends = _tandem(np.cumsum(gaps), first, second)
    assert served.start[1].tolist() == begins
    assert served.left[1].tolist() == ends
    starts = [max(at, before) for at, before in zip(np.cumsum(gaps), [0, *left], strict=False)]
    assert served.start[0].tolist() == starts
    # the first is held from its begin until there is room
    assert served.floor.nodes["station0"].busy == sum(left) - sum(starts)


def test_a_first_server_that_never_runs_out_is_blocked_once_in_b_plus_three() -> None:
    """Two exponential servers of the same rate and b places between: the number beyond the first goes up
    and down among b + 3 states alike (0 .. b + 1, and blocked), so that each has a share of 1 / (b + 3);
    the second works in all but one of them."""
    draw, count = np.random.default_rng(4), 20_000
    first, second = (np.rint(draw.exponential(SERVICE, count)).astype(np.int64) for _ in range(2))
    served = _queue(np.zeros(count, dtype=np.int64), first, second)
    node = served.floor.nodes["station0"]
    blocked = node.busy - first.sum()
    left = np.diff(served.left[1])
    _agrees(left, SERVICE * (INBOX + 3) / (INBOX + 2))
    # batches of 1,000 customers: the share of blocked time in each
    held = (served.floor.now, blocked)
    assert abs(held[1] / held[0] - 1 / (INBOX + 3)) < 0.02


def test_regular_servers_in_turn_pass_customers_at_the_rate_of_the_slower() -> None:
    for one, two in ((3, 7), (7, 3)):
        served = _queue(np.zeros(50, dtype=np.int64), np.full(50, one), np.full(50, two))
        assert np.diff(served.left[1]).tolist() == [max(one, two)] * 49
        assert served.left[1][0] == one + two


# Little's law


def _integral(arrived: Times, left: Times) -> int:
    """Integral over time of the number in a system, from when they came and went."""
    events = sorted([(int(at), 1) for at in arrived] + [(int(at), -1) for at in left])
    total, inside, before = 0, 0, 0
    for at, change in events:
        total += inside * (at - before)
        inside, before = inside + change, at
    return total


@settings(max_examples=60, deadline=None)
@given(_customers(30))
def test_littles_law_is_an_exact_sum(given: list[tuple[int, int, int]]) -> None:
    """Integral of the number at a component = sum of the times that transactions spent there = `queued`.

    Whoever is blocked at the first is still there, and waits for the second as well.
    """
    gaps, first, second = np.array(given).T
    served = _queue(np.cumsum(gaps), first, second)
    left, _, _ = _tandem(np.cumsum(gaps), first, second)
    last = served.floor.nodes["station1"]
    assert _integral(served.arrived[1], served.left[1]) == last.queued == last.waiting + last.busy
    own = served.floor.nodes["station0"]
    assert _integral(served.arrived[0], np.array(left)) == own.queued == own.waiting + own.busy
