"""Images that overlap: several programs on one floor, as many at once as a pipeline is deep.

Each image runs its passes as the chip has room for them. Learning steps go in the order of the images, one
after the other, since a rule's state follows from all images before; passes of later images go on meanwhile,
and read the weights as they stand when they come to them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

import simpy

from chipsim.simulation.node import Floor, Group, Owner, Transaction

Program = Generator[tuple[Transaction, ...], tuple[Any, ...], Any]

ORDER = "order"
"""The operation of waiting for one's turn: for a place in the pipeline, or for the learning step before."""


class Image(NamedTuple):
    """What one image does: its passes, then what is learnt from it, then a look at the outcome."""

    name: str
    passes: Callable[[], Program]
    learn: Callable[[Any], Program]
    """Given what the passes came to."""
    after: Callable[[], None]


def run(floor: Floor, images: Iterator[Image], depth: int) -> Generator[simpy.Event, Any, None]:
    """The process of a pipeline: it ends when the last image has."""
    env = floor.env
    home = env.process(_home(floor))
    places = simpy.Container(env, depth, init=depth)
    turn = env.event().succeed()
    for image in images:
        begin = floor.now
        yield places.get(1)
        floor.waited(ORDER, floor.controller, floor.now - begin)
        ended = env.event()
        env.process(_image(floor, image, turn, ended, places))
        turn = ended
    yield turn
    home.interrupt()


def _home(floor: Floor) -> Generator[simpy.Event, Any, None]:
    """Take back what comes to the controller."""
    inbox = floor.nodes[floor.controller].inbox
    coming = inbox.get()
    try:
        while True:
            transaction = yield coming
            transaction.group.arrived()
            coming = inbox.get()
    except simpy.Interrupt:
        coming.cancel()


def _image(
    floor: Floor, image: Image, turn: simpy.Event, ended: simpy.Event, places: simpy.Container
) -> Generator[simpy.Event, Any, None]:
    owner = Owner(image.name)
    floor.owners.append(owner)
    found = yield from _drive(floor, image.passes(), owner)
    begin = floor.now
    yield turn
    floor.waited(ORDER, floor.controller, floor.now - begin)
    yield from _drive(floor, image.learn(found), None)
    owner.release()
    floor.owners.remove(owner)
    image.after()
    ended.succeed()
    yield places.put(1)


def _drive(floor: Floor, program: Program, owner: Owner | None) -> Generator[simpy.Event, Any, Any]:
    """Put each group of a program's transactions on its way, and wait until all have come back."""
    try:
        sent = next(program)
        while True:
            begin = floor.now
            group = Group(floor.env, len(sent))
            for transaction in sent:
                transaction.group, transaction.owner = group, owner
                yield floor.next_of(transaction).accept(transaction)
            yield group.ended
            floor.came_back(sent, begin)
            sent = program.send(tuple(transaction.value for transaction in sent))
    except StopIteration as end:
        return end.value
