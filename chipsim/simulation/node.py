"""One component as a process: wait, take hold, compute, spend the time, post the work, pass on.

Analog phases are not a relay race: a peripheral bank whose step is `joint` stays held until the array
that it drives has finished, or the converter behind the array. Banks are always taken before arrays and
arrays before converters, so no chip can dead-lock by that. Queueing is between operations, never inside
one. Where the last step of a hold finds that the transaction must go `again`, the bank, which is still
held, takes its step once more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import simpy

from chipsim.accounting.ledger import Ledger
from chipsim.accounting.work import Work
from chipsim.simulation.trace import Done, Listener, Span

INBOX = 2
"""Transactions that wait at a component before whoever sends the next one is held up."""


class Step(NamedTuple):
    """One stop of a route: the component, what it computes on the transaction, and how it holds.

    `compute` takes the transaction, changes its value and returns the Work. A `joint` step is held until so
    many of the steps that follow have ended. `operation` is the ledger's name where it is not the
    transaction's.

    A step that is `passing` takes these channels of its component for as long as it travels, in the order of
    arrival, and then waits where it is going: what carries is never held up by one of those to whom it
    carries, so that ways that cross on a carrier cannot block each other. One that `keeps` words first waits
    until its component has room for them, and they stay there until the transaction's owner lets go of them.
    """

    node: str
    compute: Callable[[Transaction], Work]
    joint: int = 0
    operation: str = ""
    passing: tuple[tuple[int, int], ...] | None = None
    keeps: Callable[[Any], int] | None = None


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


class Hold:
    """A bank that waits for the end of a step; its event says whether the transaction goes again.

    `served` is what the steps until then took, without any wait [ps].
    """

    __slots__ = ("last", "released", "served")

    def __init__(self, released: simpy.Event, last: int) -> None:
        self.released = released
        self.last = last
        self.served = 0


class Owner:
    """An image, or a burst of them, under way: the room that its words take in buffers."""

    __slots__ = ("_kept", "name")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._kept: list[tuple[simpy.Container, int]] = []

    def keep(self, room: simpy.Container, words: int) -> None:
        """Note words for which room has been found."""
        self._kept.append((room, words))

    def held(self, room: simpy.Container) -> int:
        """Words that it keeps in a room."""
        return sum(words for kept, words in self._kept if kept is room)

    def release(self) -> None:
        """Let go of all words."""
        for room, words in self._kept:
            room.put(words)
        self._kept.clear()


class Transaction:
    """An operation under way: its route, its payload, and where it is.

    `occasion` is the index by which noise of its first vector is drawn: by default that of its first image.
    The last step of a hold may set `again`, for the steps of the hold to be taken once more.
    """

    __slots__ = (
        "again", "arrived", "blocked", "first", "group", "hold", "images", "index", "layer", "number",
        "occasion", "operation", "owner", "request", "route", "value", "visits",
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
        self.blocked = ""
        """The component whose inbox has no room for it."""
        self.owner: Owner | None = None
        self.group: Group | None = None
        self.number: int | None = None
        """Which one it is of those that a listener has heard of."""

    @property
    def served(self) -> int:
        """Time that its own steps have taken, without any wait [ps]."""
        return sum(time for leg, time in self.path(0) if leg.served)

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


class Group:
    """Transactions that were sent together, and the event of the last of them coming back."""

    __slots__ = ("back", "ended")

    def __init__(self, env: simpy.Environment, size: int) -> None:
        self.back = size
        self.ended = env.event()

    def arrived(self) -> None:
        """Note that one has come back."""
        self.back -= 1
        if not self.back:
            self.ended.succeed()


class Node:
    """A component's processes, one for each of its units, and the bounded inbox that they share.

    It says what the units have been busy, summed, and what was waited for them [ps]. `room` is what a buffer
    has left [words].
    """

    def __init__(
        self, env: simpy.Environment, name: str, floor: Floor, capacity: int = INBOX,
        words: int | None = None, units: int = 1,
    ) -> None:  # fmt: skip
        self.env = env
        self.name = name
        self.floor = floor
        self.inbox = simpy.Store(env, capacity)
        self.room = None if words is None else simpy.Container(env, words, init=words)
        self.busy = 0
        self.waiting = 0
        self.served = 0
        """What its work took, without being held up [ps]; of what passes, on the channel with most of it."""
        self.queued = 0
        """Sum over transactions of the time from arrival to the end of service [ps]."""
        self.units = units
        self.holding: list[Transaction] = []
        self.wanting: list[tuple[Transaction, int]] = []
        """Transactions that wait for room, each with the words that it would leave here."""
        self._busy_until = 0
        self._free: dict[tuple[int, int], int] = {}
        self._carried: dict[tuple[int, int], int] = {}

    def accept(self, transaction: Transaction) -> simpy.Event:
        """Put a transaction into the inbox; the event comes when there is room."""
        transaction.arrived = self.floor.now
        return self.inbox.put(transaction)

    def run(self) -> Generator[simpy.Event, Any, None]:
        """The process of a unit: it serves transactions one at a time, in the order in which they arrived."""
        floor = self.floor
        while True:
            transaction = yield self.inbox.get()
            step = transaction.route[transaction.index]
            if step.passing is not None:
                self._carry(transaction, step)
                continue
            self.holding.append(transaction)
            start = floor.now
            self.waiting += start - transaction.arrived
            arrived, operation = transaction.arrived, step.operation or transaction.operation
            transaction.visits.append(Visit(self.name, operation, arrived, start))
            done: list[Done] = []
            yield from self._work(transaction, done)
            self.busy += floor.now - start
            self.queued += floor.now - arrived
            self.holding.remove(transaction)
            if floor.listener is not None:
                floor.heard(self.name, operation, transaction, (arrived, start), tuple(done))

    def _work(self, transaction: Transaction, done: list[Done]) -> Generator[simpy.Event, Any, None]:
        """Serve a transaction, stay with it as long as it holds this component, and hand it on.

        What is done here, for a listener, goes to `done`: whoever else holds the transaction has its own.
        """
        within = transaction.hold
        if within is not None and within.last < transaction.index:
            within = None
        ending = within if within is not None and within.last == transaction.index else None
        held, again = True, False
        while held:
            duration = self._serve(transaction, done)
            self.served += duration
            if within is not None:
                within.served += duration
            if duration:
                yield self.env.timeout(duration)
            last = transaction.index - 1
            held = bool(transaction.route[last].joint)
            if held:
                transaction.hold = hold = Hold(self.env.event(), last + transaction.route[last].joint)
                yield from self._hand_on(transaction)
                held = yield hold.released
                self.served += hold.served
                if held:
                    transaction.index = last
            else:
                again, transaction.again = transaction.again, False
                if not again:
                    yield from self._hand_on(transaction)
        if ending is not None:
            ending.released.succeed(again)

    def _hand_on(self, transaction: Transaction) -> Generator[simpy.Event, Any, None]:
        """Put a transaction into the next inbox, once there is room."""
        following = self.floor.next_of(transaction)
        transaction.blocked = following.name
        yield following.accept(transaction)
        transaction.blocked = ""

    def _carry(self, transaction: Transaction, step: Step) -> None:
        """Send a transaction on, once there is room for the words that it leaves here, if it leaves any.

        Those that want room wait in the order in which they came; others pass them by, since the learning
        that lets go of the room may be among them.
        """
        words = (
            step.keeps(transaction.value) if step.keeps is not None and transaction.owner is not None else 0
        )
        if not words:
            self._pass(transaction, step)
            return
        self.wanting.append((transaction, words))
        self.env.process(self._find_room(transaction, step, words))

    def _find_room(
        self, transaction: Transaction, step: Step, words: int
    ) -> Generator[simpy.Event, Any, None]:
        assert self.room is not None
        assert transaction.owner is not None
        yield self.room.get(words)
        self.wanting.pop(0)
        transaction.owner.keep(self.room, words)
        self._pass(transaction, step)

    def _pass(self, transaction: Transaction, step: Step) -> None:
        """Send a transaction over channels, which it takes together for as long as it travels."""
        now, channels = self.floor.now, step.passing or ()
        work = step.compute(transaction)
        operation = step.operation or transaction.operation
        self.floor.post(operation, self.name, work)
        start = end = now
        if work.duration:  # what brings no words takes no channel
            start = max(now, *(self._free.get(channel, 0) for channel in channels))
            end = start + work.duration
        for channel in channels if work.duration else ():
            self._free[channel] = end
            self._carried[channel] = self._carried.get(channel, 0) + work.duration
            self.served = max(self.served, self._carried[channel])
        visit = Visit(self.name, operation, transaction.arrived, start)
        transaction.visits.append(visit)
        transaction.index += 1
        self.waiting += start - transaction.arrived
        self.queued += end - transaction.arrived
        self.busy += max(end - max(start, self._busy_until), 0)
        self._busy_until = max(end, self._busy_until)
        self.env.process(self._deliver(transaction, visit, end, ((operation, work.actions),)))

    def _deliver(
        self, transaction: Transaction, visit: Visit, end: int, done: tuple[Done, ...]
    ) -> Generator[simpy.Event, Any, None]:
        if end > self.floor.now:
            yield self.env.timeout(end - self.floor.now)
        if self.floor.listener is not None:
            self.floor.heard(self.name, visit.operation, transaction, visit[2:], done)
        yield self.floor.next_of(transaction).accept(transaction)

    def _serve(self, transaction: Transaction, done: list[Done]) -> int:
        """Do the steps that lie here, up to a joint one; returns how long they take [ps].

        A joint step takes the time of those that it is held for, and none of its own.
        """
        duration = 0
        step = transaction.route[transaction.index]
        while True:
            work = step.compute(transaction)
            operation = step.operation or transaction.operation
            self.floor.post(operation, self.name, work)
            if self.floor.listener is not None:
                done.append((operation, work.actions))
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
        listener: Listener | None = None, rooms: Mapping[str, int] = MappingProxyType({}),
        units: Mapping[str, int] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.env = simpy.Environment(initial_time=0)
        self.ledger = ledger
        self.account = ""
        self.critical: dict[tuple[str, Leg], int] = {}
        self.alone: dict[str, int] = {}
        """By account, the time that all groups would take one after another, if nothing waited [ps]."""
        self.listener = listener
        self._heard = 0
        self.controller = controller
        self.owners: list[Owner] = []
        """Images under way."""
        self.nodes = {
            name: Node(
                self.env,
                name,
                self,
                in_flight if name == controller else INBOX,
                rooms.get(name),
                units.get(name, 1),
            )
            for name in names
        }
        for name, node in self.nodes.items():
            for _ in range(node.units if name != controller else 0):
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
            self._leg(leg, time)
        alone = max(transaction.served for transaction in transactions)
        self.alone[self.account] = self.alone.get(self.account, 0) + alone

    def waited(self, operation: str, component: str, time: int) -> None:
        """Enter time that an image waited for something beside its transactions [ps]."""
        self._leg(Leg(operation, component, False), time)

    def _leg(self, leg: Leg, time: int) -> None:
        if time:
            key = self.account, leg
            self.critical[key] = self.critical.get(key, 0) + time

    def next_of(self, transaction: Transaction) -> Node:
        """The node at which a transaction's next step lies; the controller after the last."""
        if transaction.index < len(transaction.route):
            return self.nodes[transaction.route[transaction.index].node]
        return self.nodes[self.controller]

    def heard(
        self, component: str, operation: str, transaction: Transaction, since: tuple[int, int],
        done: tuple[Done, ...],
    ) -> None:  # fmt: skip
        """Tell the listener of a visit that has ended, given when it arrived and when its turn came."""
        assert self.listener is not None
        if transaction.number is None:
            transaction.number, self._heard = self._heard, self._heard + 1
        arrived, start = since
        self.listener(
            Span(
                start, self.now, component, operation, transaction.layer, transaction.first,
                transaction.images, start - arrived, self.account, transaction.number, done,
            )
        )  # fmt: skip

    def stuck(self) -> list[str]:
        """For a dead-locked chip: each component that holds something, and what it waits for."""
        found = []
        for name, node in self.nodes.items():
            found += [self._without_room(name, node)] if node.wanting else []
            found += [self._stuck(name, node, held) for held in node.holding]
        return found

    def _stuck(self, name: str, node: Node, held: Transaction) -> str:
        text = f"'{name}' holds {held.operation} of '{held.layer}'"
        if held.blocked and held.visits[-1].component == name:
            text += f" and waits for room in the inbox of '{held.blocked}'"
        elif held.hold is not None and not held.hold.released.triggered:
            text += f" until '{self._where(held)}' is done with it"
        return f"{text}, with {len(node.inbox.items)} waiting"

    def _without_room(self, name: str, node: Node) -> str:
        assert node.room is not None
        (first, words), *others = node.wanting
        kept = [(owner.name, owner.held(node.room)) for owner in self.owners]
        held = " and ".join(f"{owner} keeps {number}" for owner, number in kept if number)
        return (
            f"'{name}' has {first.operation} of '{first.layer}' waiting for room for {words} words, of which "
            f"{node.room.level} are free and {held or 'none are kept'}, with {len(others)} waiting"
        )

    def _where(self, transaction: Transaction) -> str:
        if transaction.blocked:
            return transaction.visits[-1].component
        return transaction.route[min(transaction.index, len(transaction.route) - 1)].node
