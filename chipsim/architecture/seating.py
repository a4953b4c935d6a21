"""Seating: what the mapping of an architecture file says of where matrices lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from chipsim.architecture import groups
from chipsim.architecture.blocks import Block
from chipsim.architecture.graph import Architecture, Seat
from chipsim.architecture.plan import DIGITAL
from chipsim.architecture.routes import Key
from chipsim.errors import suggestion
from chipsim.inputs.schema import Faults
from chipsim.workloads.network import Dense


class Matrices(NamedTuple):
    """The matrices that the layers need: all, those on crossbars, and the digital ones of whole layers."""

    matrices: tuple[str, ...]
    analog: tuple[str, ...]
    entire: frozenset[str]
    read: frozenset[str]
    """Those that passes read: all that further copies of a layer hold."""

    def on(self, block: Block) -> tuple[str, ...]:
        """The matrices of a block that lie on crossbars."""
        return self.analog if block.copy == 1 else tuple(m for m in self.analog if m in self.read)


class Given(NamedTuple):
    """What a file's mapping says: seats of blocks, and the arrays of matrices of a layer ('': of all)."""

    seats: Mapping[Key, Seat]
    arrays: Mapping[Key, str]
    names: Mapping[Key, str]
    """How the file names each seat."""

    def among(self, layer: str, matrix: str) -> str | None:
        """The array of which a matrix may take any copy."""
        return self.arrays.get((layer, matrix), self.arrays.get(("", matrix)))


def read(architecture: Architecture, layers: Mapping[str, Dense], wanted: Matrices) -> Given:
    """What the mapping says, checked as far as it does not hang on how layers are cut."""
    faults = Faults()
    seats: dict[Key, Seat] = {}
    arrays: dict[Key, str] = {}
    names: dict[Key, str] = {}
    document = architecture.document
    keys = {f"{layer}.{matrix}": (layer, matrix) for layer in layers for matrix in wanted.matrices}
    keys |= {matrix: ("", matrix) for matrix in wanted.analog}
    for name, seat in (architecture.header.mapping or {}).items():
        path = ("mapping", name)
        key = keys.get(name) or _block_key(name, layers, wanted)
        if key is None:
            message = f"mapping: the workload has no matrix '{name}'{suggestion(name, keys)}"
            faults.add(document.fault(message, path, "E051", key=True))
            continue
        in_words = key[1] in wanted.entire
        choices = architecture.of_role(DIGITAL) if in_words else tuple(architecture.cells)
        choices = choices if in_words else tuple(dict.fromkeys((*architecture.declared_cells, *choices)))
        if seat.array not in choices and not _copy_to_come(architecture, seat.array):
            kind = DIGITAL if in_words else "crossbar"
            of = f", which the digital matrix '{name}' needs" if in_words else ""
            message = f"mapping: '{seat.array}' is no {kind}{of}{suggestion(seat.array, choices)}"
            faults.add(document.fault(message, path, "E051"))
        elif in_words and (seat.row or seat.column):
            message = (
                f"mapping: a digital matrix has no row or column on its array; write '{name}: {seat.array}'"
            )
            faults.add(document.fault(message, path, "E051"))
        elif not key[0] or architecture.chains.get(seat.array):
            if seat.row or seat.column:
                message = f"mapping: any copy of '{seat.array}' may be taken; write '{name}: {seat.array}'"
                faults.add(document.fault(message, path, "E051"))
            arrays[key] = seat.array
        else:
            seats[key] = seat
            names[key] = name
    faults.raise_if_any()
    return Given(seats, arrays, names)


def _block_key(name: str, layers: Mapping[str, Dense], wanted: Matrices) -> Key | None:
    """The key of a matrix of a block, 'dense1[0,2].A'."""
    block, _, matrix = name.rpartition(".")
    return (block, matrix) if _layer(block) in layers and matrix in wanted.analog else None


def _layer(block: str) -> str:
    """The layer that a block's name begins with."""
    return groups.base(block.partition(":")[0])


def _copy_to_come(architecture: Architecture, array: str) -> bool:
    """Whether a name is a copy of an array of which there are as many as needed."""
    declared = groups.base(array)
    chain = architecture.chains.get(declared, ())
    return declared in architecture.declared_cells and bool(set(chain) & set(architecture.open))


def check_copies(trial: Architecture, given: Given) -> None:
    """Raise for a seat on a copy that is not there, on a chip with as many copies as weights could take."""
    faults = Faults()
    for key, seat in given.seats.items():
        if groups.base(seat.array) in trial.declared_cells and seat.array not in trial.cells:
            message = f"mapping: there is no copy '{seat.array}'{suggestion(seat.array, tuple(trial.cells))}"
            faults.add(trial.document.fault(message, ("mapping", given.names[key]), "E051"))
    faults.raise_if_any()


def check_blocks(
    architecture: Architecture, cuts: Mapping[str, tuple[Block, ...]], wanted: Matrices, given: Given
) -> None:
    """Raise for a seat of a block that no layer is cut into."""
    names = {block.name for cut in cuts.values() for block in cut}
    faults = Faults()
    for (block, matrix), name in given.names.items():
        if matrix not in wanted.entire and block not in names:
            layer = _layer(block)
            there = " and ".join(f"'{found.name}'" for found in cuts[layer][:2])
            more = ", .." if len(cuts[layer]) > 2 else ""
            message = f"mapping: there is no block '{block}'; layer '{layer}' is made of {there}{more}"
            faults.add(architecture.document.fault(message, ("mapping", name), "E051", key=True))
    faults.raise_if_any()
