"""From architecture, network and rules to a plan: where each matrix lies, and which way each operation goes.

What does not fit is a `FitError` that says what is needed, what there is, and what would make it fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chipsim.architecture import capacities, fitting, groups, packing, priced, routes, seating
from chipsim.architecture.blocks import Block, whole
from chipsim.architecture.graph import MAX_CELLS, Architecture, Seat, check_copies
from chipsim.architecture.packing import Floor, Place, Size
from chipsim.architecture.plan import DIGITAL, Plan
from chipsim.architecture.routes import Key
from chipsim.architecture.seating import Given, Matrices
from chipsim.circuits import crossbar, digital_array
from chipsim.devices.device import Region
from chipsim.errors import Fault, FitError, suggestion
from chipsim.inputs.schema import Faults
from chipsim.learning.programming import Programming
from chipsim.learning.rule import LearningRule
from chipsim.workloads.network import Dense, Network


def compile_plan(
    architecture: Architecture, network: Network, rules: Mapping[str, LearningRule],
    programs: Mapping[str, Programming] = MappingProxyType({}),
) -> Plan:  # fmt: skip
    """Place the matrices of all rules and find the routes of all of their operations.

    `rules` and `programs` are those of stages, by name. Raises `FitError` with everything that does not fit
    or cannot go, `InputError` for a mapping that names what there is not.
    """
    layers = dict(network.named())
    wanted = _wanted(layers, rules, programs)
    _check_kinds(architecture, layers, rules, wanted.analog)
    architecture, places, blocks = _place(architecture, layers, wanted)
    spread = _spread(layers, wanted.matrices, places, blocks)
    arrays = {key: place.array for key, place in places.items()}
    ways = routes.find(architecture, layers, _with_copies(spread, places, blocks), arrays, rules, programs)
    plan = Plan(
        architecture, network, MappingProxyType(layers), MappingProxyType(blocks), MappingProxyType(spread),
        MappingProxyType(places), MappingProxyType(dict(ways.stops)), MappingProxyType(dict(ways.carriers)),
        MappingProxyType(dict(programs)),
        tuple(dict.fromkeys(store for rule in rules.values() for store in rule.memory())),
    )  # fmt: skip
    capacities.check(plan, rules)
    priced.check(plan)
    return plan


# Placement


def _wanted(
    layers: Mapping[str, Dense], rules: Mapping[str, LearningRule], programs: Mapping[str, Programming]
) -> Matrices:
    matrices = dict.fromkeys(matrix for rule in rules.values() for matrix in rule.matrices)
    matrices |= dict.fromkeys(program.target for program in programs.values())
    digital = frozenset().union(*(rule.digital for rule in rules.values()))
    analog = tuple(matrix for matrix in matrices if matrix not in digital)
    read = {matrix for rule in rules.values() for matrix in rule.read_through()}
    read |= {program.target for program in programs.values()}
    return Matrices(tuple(matrices), analog, digital, frozenset(read))


def _spread(
    layers: Mapping[str, Dense], matrices: tuple[str, ...], places: Mapping[Key, Place],
    blocks: Mapping[str, Block],
) -> dict[tuple[str, str], tuple[str, ...]]:  # fmt: skip
    found: dict[tuple[str, str], list[str]] = {(name, matrix): [] for name in layers for matrix in matrices}
    for name, matrix in places:
        if blocks[name].copy == 1:
            found[blocks[name].layer, matrix].append(name)
    return {key: tuple(names) for key, names in found.items()}


def _with_copies(
    spread: Mapping[tuple[str, str], tuple[str, ...]], places: Mapping[Key, Place],
    blocks: Mapping[str, Block],
) -> Mapping[tuple[str, str], tuple[str, ...]]:  # fmt: skip
    """The blocks of each matrix, those of further copies behind them."""
    found = {key: list(names) for key, names in spread.items()}
    for name, matrix in places:
        if blocks[name].copy > 1:
            found[blocks[name].layer, matrix].append(name)
    return {key: tuple(names) for key, names in found.items()}


def _place(
    architecture: Architecture, layers: Mapping[str, Dense], wanted: Matrices
) -> tuple[Architecture, dict[Key, Place], dict[str, Block]]:
    """The places of all matrices, on the chip with as many copies of its open groups as they take."""
    given = seating.read(architecture, layers, wanted)
    copies = _copies(architecture, layers)
    cuts = {
        name: tuple(
            block.copied(copy + 1)
            for copy in range(copies.get(name, 1))
            for block in _cut(architecture, name, layer, wanted.analog, given)
        )
        for name, layer in layers.items()
    }
    seating.check_blocks(architecture, cuts, wanted, given)
    needed = len(wanted.analog) * sum(map(len, cuts.values()))
    trial = architecture.with_counts(dict.fromkeys(architecture.open, max(needed, 1)))
    seating.check_copies(trial, given)
    on_cells = _place_cells(trial, cuts, wanted, given)
    grown = architecture.with_counts(_counts(architecture, on_cells))
    check_copies(grown)
    in_words = _place_words(grown, layers, tuple(m for m in wanted.matrices if m in wanted.entire), given)
    found = {**on_cells, **in_words}
    blocks = {block.name: block for cut in cuts.values() for block in cut} if on_cells else {}
    blocks |= (
        {name: whole(name, layer.rows, layer.outputs) for name, layer in layers.items()}
        if (in_words or not on_cells)
        else {}
    )
    order = {name: index for index, name in enumerate(blocks)}
    matrices = {name: index for index, name in enumerate(wanted.matrices)}
    keys = sorted(found, key=lambda key: (order[key[0]], matrices[key[1]]))
    return grown, {key: found[key] for key in keys}, blocks


def _copies(architecture: Architecture, layers: Mapping[str, Dense]) -> Mapping[str, int]:
    """How often each layer lies on the chip, where that is more than once."""
    faults, document = Faults(), architecture.document
    given = architecture.header.copies or {}
    for name in given:
        if name not in layers:
            text = f"copies: the workload has no layer '{name}'{suggestion(name, layers)}"
            faults.add(document.fault(text, ("copies", name), "E051", key=True))
    faults.raise_if_any()
    return given


def _counts(architecture: Architecture, places: Mapping[Key, Place]) -> dict[str, int]:
    """How many of each open group are in use."""
    found = dict.fromkeys(architecture.open, 1)
    for place in places.values():
        chain, index = architecture.chains[groups.base(place.array)], groups.index_of(place.array)
        for group, number in zip(chain, index, strict=True):
            if group in found:
                found[group] = max(found[group], number + 1)
    return found


def _cut(
    architecture: Architecture, name: str, layer: Dense, matrices: tuple[str, ...], given: Given
) -> tuple[Block, ...]:
    """The blocks of a layer: one where it fits on an array or there is but one, else as few as can be."""
    entire = (whole(name, layer.rows, layer.outputs),)
    if not matrices or any((name, matrix) in given.seats for matrix in matrices):
        return entire
    allowed = {given.among(name, matrix) for matrix in matrices}
    declared = architecture.declared_cells if None in allowed else allowed & set(architecture.declared_cells)
    sizes = [fitting.size(architecture, array) for array in architecture.declared_cells if array in declared]
    alone = len(sizes) == 1 and len(architecture.cells) == 1 and not architecture.open
    if alone or not sizes:
        return entire
    if None in allowed or len(allowed) == 1:
        cuts = [
            packing.blocks(name, layer.rows, layer.outputs, size, architecture.header.packing, len(matrices))
            for size in sizes
        ]
        return min(cuts, key=len)
    most = Size(min(size.rows for size in sizes), min(size.columns for size in sizes))
    return packing.blocks(name, layer.rows, layer.outputs, most, architecture.header.packing, len(matrices))


def _check_kinds(
    architecture: Architecture, layers: Mapping[str, Dense], rules: Mapping[str, LearningRule],
    analog: tuple[str, ...],
) -> None:  # fmt: skip
    """Raise where there is no component of a kind that matrices need, or a matrix is of both kinds."""
    faults = []
    digital = {matrix: stage for stage, rule in rules.items() for matrix in rule.digital}
    for stage, rule in rules.items():
        for matrix in sorted((set(rule.matrices) - rule.digital) & set(digital)):
            text = (
                f"matrix '{matrix}' is digital in stage '{digital[matrix]}' and lies on a crossbar in stage "
                f"'{stage}'; rules of one workload must name them apart"
            )
            faults.append(Fault(text, architecture.document.key_place(("components",)), "E055"))
    if analog and not architecture.cells:
        faults.append(fitting.no_crossbar(architecture, layers, analog))
    for stage, rule in rules.items():
        if rule.digital and not architecture.of_role(DIGITAL):
            faults.append(fitting.no_digital_array(architecture, layers, stage, rule))
    if faults:
        raise FitError(*faults)


def _place_cells(
    architecture: Architecture, cuts: Mapping[str, tuple[Block, ...]], wanted: Matrices, given: Given
) -> dict[Key, Place]:
    blocks = [block for cut in cuts.values() for block in cut]
    found = _Placing(architecture, given)
    pieces = [(block, matrix) for block in blocks for matrix in wanted.on(block)]
    for block, matrix in pieces:
        if (block.name, matrix) in given.seats:
            found.seat(block, matrix)
    for block in blocks:
        free = [matrix for matrix in wanted.on(block) if (block.name, matrix) not in given.seats]
        for together in [free] if architecture.header.packing == "together" else [[m] for m in free]:
            if together:
                found.put(block, together)
    if not found.faults:
        return found.places
    needs = tuple(fitting.of_arrays(architecture, [block for block, _ in pieces]))
    if not _is_cut(cuts):
        raise FitError(*found.faults, needs=needs)
    if architecture.header.groups:
        raise FitError(*fitting.too_few(architecture, [block for block, _ in pieces]), needs=needs)
    entire = {name: _rejoined(cut) for name, cut in cuts.items()}
    return _place_cells(architecture, entire, wanted, given)


class _Placing:
    """The places that blocks have been given, and the faults of those that have none."""

    def __init__(self, architecture: Architecture, given: Given) -> None:
        self._architecture, self._given = architecture, given
        sizes = {array: fitting.size(architecture, array) for array in architecture.cells}
        self._floor = Floor(sizes, architecture.header.packing)
        self._wished: dict[Key, Place] = {}
        self.places: dict[Key, Place] = {}
        self.faults: list[Fault] = []

    def seat(self, block: Block, matrix: str) -> None:
        """Give a matrix the seat that the file has for it."""
        key = block.name, matrix
        place = _at(self._given.seats[key], (block.rows, block.columns))
        if not _inside(self._architecture, place):
            self._misfit(key, block, place)
        elif taken := next((k for k, p in self.places.items() if _overlap(p, place)), None):
            fault = fitting.taken(self._architecture, key, taken, self.places[taken], self._given)
            self.faults.append(fault)
        else:
            self.places[key] = place
            self._floor.take(place)

    def put(self, block: Block, matrices: list[str]) -> None:
        """Put matrices of a block side by side on the first array that has room for them."""
        kind = self._given.among(block.layer, matrices[0])
        among = None if kind is None else self._architecture.copies(kind)
        places = self._floor.find([block] * len(matrices), among)
        for matrix, place in zip(matrices, places or (), strict=False):
            self.places[block.name, matrix] = place
            self._floor.take(place)
        for matrix in matrices if places is None else ():
            self._misfit((block.name, matrix), block, None)

    def _misfit(self, key: Key, block: Block, seat: Place | None) -> None:
        fault, self._wished[key] = fitting.does_not_fit(
            self._architecture, key, block, seat, self.places, self._wished, self._given
        )
        self.faults.append(fault)


def _rejoined(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The copies of a layer that was cut into blocks."""
    last = blocks[-1]
    one = whole(last.layer, last.row + last.rows, last.column + last.columns)
    return tuple(one.copied(copy + 1) for copy in range(last.copy))


def _is_cut(cuts: Mapping[str, tuple[Block, ...]]) -> bool:
    return any(
        block.copied(1).name != block.layer for cut in cuts.values() for block in cut if block.copy == 1
    )


def _place_words(
    architecture: Architecture, layers: Mapping[str, Dense], matrices: tuple[str, ...], given: Given
) -> dict[Key, Place]:
    """Digital matrices: all that a layer has on the first array with room for them, unless mapped."""
    words = {name: layer.rows * layer.outputs for name, layer in layers.items()}
    arrays = architecture.of_role(DIGITAL)
    free = {name: architecture.parameters(name, digital_array.Parameters).capacity for name in arrays}
    places: dict[Key, Place] = {}
    own = {layer: [(layer, matrix) for matrix in matrices] for layer in layers if matrices}
    seats = given.seats
    mapped = {layer: next((seats[key].array for key in own[layer] if key in seats), "") for layer in own}
    for layer in sorted(own, key=lambda layer: not mapped[layer]):
        needed = words[layer] * len(own[layer])
        home = mapped[layer] or next((name for name in arrays if free[name] >= needed), arrays[0])
        for key in own[layer]:
            array = seats[key].array if key in seats else home
            places[key] = Place(array, Region(0, 0, layers[layer].rows, layers[layer].outputs))
            free[array] -= words[layer]
    faults = [fitting.too_few_words(architecture, name, -short) for name, short in free.items() if short < 0]
    if faults:
        raise FitError(*faults)
    if len(matrices) * sum(words.values()) > MAX_CELLS:
        text = f"the digital matrices come to more than {MAX_CELLS} words"
        raise FitError(Fault(text, architecture.document.key_place(("components",)), "E056"))
    return places


def _at(seat: Seat, size: tuple[int, int]) -> Place:
    return Place(seat.array, Region(seat.row, seat.column, *size))


def _inside(architecture: Architecture, place: Place) -> bool:
    array = architecture.parameters(place.array, crossbar.Parameters)
    rows, columns = fitting.corner(place)
    return rows <= array.rows and columns <= array.columns


def _overlap(one: Place, other: Place) -> bool:
    a, b = one.region, other.region
    return (
        one.array == other.array
        and a.row < b.row + b.rows and b.row < a.row + a.rows
        and a.column < b.column + b.columns and b.column < a.column + a.columns
    )  # fmt: skip
