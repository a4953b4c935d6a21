"""One component as a process: wait, take hold, compute, spend the time, post the work, pass on.

Analog phases are not a relay race: a peripheral bank whose step is `joint` stays held until the array
that it drives has finished, or the converter behind the array. Banks are always taken before arrays and
arrays before converters, so no chip can dead-lock by that. Queueing is between operations, never inside
one. Where the last step of a hold finds that the transaction must go `again`, the bank, which is still
held, takes its step once more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, NamedTuple

import simpy

from chipsim.accounting.ledger import Ledger
from chipsim.accounting.work import Work
from chipsim.simulation.trace import Listener, Span

INBOX = 2
"""Transactions that wait at a component before whoever sends the next one is held up."""


class Step(NamedTuple):
    """One stop of a route: the component, what it computes on the transaction, and how it holds.

    `compute` takes the transaction, changes its value and returns the Work. A `joint` step is held
    until so many of the steps that follow have ended. `operation` is the ledger's name where it is not
    the transaction's.
    """

    node: str
    compute: Callable[[Transaction], Work]
    joint: int = 0
    operation: str = ""


class Visit(NamedTuple):
    """A stop that a transaction has made: when it arrived at the component, and when its turn came [ps]."""

    component: str
    operation: str
    arrived: int
    start: int


class Leg(NamedTuple):
    """A part of a transaction's way: served by a component in an operation, or waiting for it."""

    operation: str
    component: str
    served: bool


class Hold(NamedTuple):
    """A bank that waits for the end of a step; its event says whether the transaction goes again."""

    released: simpy.Event
    last: int


class Transaction:
    """An operation under way: its route, its payload, and where it is.

    `occasion` is the index by which noise of its first vector is drawn: by default that of its first image.
    The last step of a hold may set `again`, for the steps of the hold to be taken once more.
    """

    __slots__ = (
        "again", "arrived", "first", "hold", "images", "index", "layer", "occasion", "operation", "request",
        "route", "value", "visits",
    )  # fmt: skip

    def __init__(
        self, operation: str, layer: str, route: tuple[Step, ...], value: Any,
        first: int = 0, images: int = 0, request: Any = None, occasion: int | None = None,
    ) -> None:  # fmt: skip
        self.operation = operation
        self.layer = layer
        self.route = route
        self.value = value
        self.request = request
        self.first = first
        self.images = images
        self.index = 0
        self.arrived = 0
        self.occasion = first if occasion is None else occasion
        self.again = False
        self.hold: Hold | None = None
        self.visits: list[Visit] = []

    def path(self, begin: int) -> Iterator[tuple[Leg, int]]:
        """Where the transaction was from a time `begin` until it came back, leg by leg [ps].

        It waits for a component from its arrival there, and is served from then until it arrives at the
        next; a bank that is held together with its array hands on at once, so that their common time is the
        array's.
        """
        at = begin
        for visit, leaves in zip(
            self.visits, (*(v.arrived for v in self.visits[1:]), self.arrived), strict=True
        ):
            yield Leg(visit.operation, visit.component, False), visit.start - at
            yield Leg(visit.operation, visit.component, True), leaves - visit.start
            at = leaves


class Node:
    """A component's process and its bounded inbox, with what it has been busy and waited for [ps]."""

    def __init__(self, env: simpy.Environment, name: str, floor: Floor, capacity: int = INBOX) -> None:
        self.env = env
        self.name = name
        self.floor = floor
        self.inbox = simpy.Store(env, capacity)
        self.busy = 0
        self.waiting = 0
        self.holding: Transaction | None = None

    def accept(self, transaction: Transaction) -> simpy.Event:
        """Put a transaction into the inbox; the event comes when there is room."""
        transaction.arrived = self.floor.now
        return self.inbox.put(transaction)

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Serve transactions one at a time, in the order in which they arrived."""
        env, floor = self.env, self.floor
        while True:
            transaction = yield self.inbox.get()
            self.holding = transaction
            start = floor.now
            self.waiting += start - transaction.arrived
            ending, route = transaction.hold, transaction.route
            if ending is not None and ending.last != transaction.index:
                ending = None
            operation = route[transaction.index].operation or transaction.operation
            transaction.visits.append(Visit(self.name, operation, transaction.arrived, start))
            held, again = True, False
            while held:
                duration = self._serve(transaction)
                if duration:
                    yield env.timeout(duration)
                last = transaction.index - 1
                held = bool(route[last].joint)
                if held:
                    transaction.hold = hold = Hold(env.event(), last + route[last].joint)
                    yield floor.next_of(transaction).accept(transaction)
                    held = yield hold.released
                    if held:
                        transaction.index = last
                else:
                    again, transaction.again = transaction.again, False
                    if not again:
                        yield floor.next_of(transaction).accept(transaction)
            if ending is not None:
                ending.released.succeed(again)
            self.busy += floor.now - start
            self.holding = None
            floor.heard(self.name, operation, transaction, start)

    def _serve(self, transaction: Transaction) -> int:
        """Do the steps that lie here, up to a joint one; returns how long they take [ps].

        A joint step takes the time of those that it is held for, and none of its own.
        """
        duration = 0
        step = transaction.route[transaction.index]
        while True:
            work = step.compute(transaction)
            self.floor.post(step.operation or transaction.operation, self.name, work)
            transaction.index += 1
            if step.joint:
                return duration
            duration += work.duration
            if transaction.again or transaction.index == len(transaction.route):
                return duration
            step = transaction.route[transaction.index]
            if step.node != self.name:
                return duration


class Floor:
    """The processes of one chip on one clock, and the account that their work goes to."""

    def __init__(
        self, names: tuple[str, ...], controller: str, in_flight: int, ledger: Ledger,
        listener: Listener | None = None,
    ) -> None:  # fmt: skip
        self.env = simpy.Environment(initial_time=0)
        self.ledger = ledger
        self.account = ""
        self.critical: dict[tuple[str, Leg], int] = {}
        self.listener = listener
        self.controller = controller
        self.nodes = {
            name: Node(self.env, name, self, in_flight if name == controller else INBOX) for name in names
        }
        for name, node in self.nodes.items():
            if name != controller:
                self.env.process(node.run())

    @property
    def now(self) -> int:
        """Simulated time [ps]."""
        return int(self.env.now)

    def post(self, operation: str, component: str, work: Work) -> None:
        """Enter work in the ledger, under the account that is open."""
        self.ledger.post(self.account, operation, component, work.actions)

    def came_back(self, transactions: Sequence[Transaction], begin: int) -> None:
        """Enter the critical path of transactions that were sent together: the way of the last to come back.

        All legs of an account add up to the time that its groups of transactions took.
        """
        last = max(transactions, key=lambda transaction: transaction.arrived)
        for leg, time in last.path(begin):
            if time:
                key = self.account, leg
                self.critical[key] = self.critical.get(key, 0) + time

    def next_of(self, transaction: Transaction) -> Node:
        """The node at which a transaction's next step lies; the controller after the last."""
        if transaction.index < len(transaction.route):
            return self.nodes[transaction.route[transaction.index].node]
        return self.nodes[self.controller]

    def heard(self, component: str, operation: str, transaction: Transaction, start: int) -> None:
        """Tell the listener of a visit that has ended."""
        if self.listener is not None:
            self.listener(
                Span(
                    start, self.now, component, operation, transaction.layer,
                    transaction.first, transaction.images,
                )
            )  # fmt: skip

    def stuck(self) -> list[str]:
        """For a dead-locked chip: each component that holds a transaction, and what waits there."""
        return [
            f"'{name}' holds {node.holding.operation} of '{node.holding.layer}' with "
            f"{len(node.inbox.items)} waiting"
            for name, node in self.nodes.items()
            if node.holding is not None
        ]
