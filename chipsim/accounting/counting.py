"""Expected counts, times and energies of what tiles do, in closed form: no values, no events.

The counts are those of the component library, section 2. Two of them stand for sums of the ledger, whose
conductances and codes they leave out: `cell_read_fs`, cells read times the duty of their input (0 to 1), and
`pulse`, a write pulse on a cell; `in_ledger` turns them into actions that a cost table prices. Duties and
probabilities are sums over lines: the sum of |x| over the rows, of p over the rows, of q over the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from chipsim.accounting.pricing import Prices, total

Counts = Mapping[str, float]
"""Expected number of each action."""

DONE_BY: Mapping[str, str] = MappingProxyType(
    {
        "dac_conv": "dac",
        "adc_conv": "adc",
        "bit_gen": "pulse-driver",
        "row_pulses": "pulse-driver",
        "col_pulses": "pulse-driver",
        "h_rmw": "integrator",
        "act_fn": "digital-unit",
        "dig_add16": "digital-unit",
        "mul8": "digital-unit",
        "noc_bit": "network",
    }
)
"""The type of component that an action is counted at; every other one at the crossbar."""


# Counts


def mvm(driven: int, sensed: int, duty: float) -> Counts:
    """A product on an array: `driven` lines of summed duty, each of `sensed` lines converted."""
    return {
        "dac_conv": driven,
        "line_read_cell": driven * sensed,
        "cell_reads": driven * sensed,
        "cell_read_fs": duty * sensed,
        "adc_conv": sensed,
    }


def update(rows: int, columns: int, slots: int, p: float, q: float, *, gated: bool = True) -> Counts:
    """A rank-1 update by trains of `slots` slots on lines of summed probabilities p and q.

    A cell that sees one pulse of the two is half selected, unless its transistor keeps it from that.
    """
    row_pulses, column_pulses, pulses = slots * p, slots * q, slots * p * q
    crossings = columns * row_pulses + rows * column_pulses
    return {
        "bit_gen": slots * (rows + columns),
        "row_pulses": row_pulses,
        "col_pulses": column_pulses,
        "line_pulse_cell": crossings,
        "pulse": pulses,
        "half_select": 0.0 if gated else crossings - 2.0 * pulses,
    }


def transfer(length: int, pulses: float) -> Counts:
    """One vector of A read by a one-hot input, added to H, and the pulses on C that follow."""
    return {**mvm(1, length, 1.0), "h_rmw": length, "pulse": pulses}


def write_verify(cells: int, iterations: float) -> Counts:
    """Programming by pulses, each followed by a reading at full input with a converter of its own."""
    work = float(cells * iterations)
    return {"pulse": work, "cell_read_fs": work, "adc_conv": work}


def added(*counts: Counts) -> Counts:
    """The sum of several counts."""
    names = dict.fromkeys(name for each in counts for name in each)
    return {name: total(each.get(name, 0.0) for each in counts) for name in names}


def times(factor: float, counts: Counts) -> Counts:
    """A count many times over, or a part of it."""
    return {name: factor * count for name, count in counts.items()}


class Tile(NamedTuple):
    """The part of a matrix that lies on one array."""

    rows: int
    columns: int


def tiles(rows: int, columns: int, size: int) -> tuple[Tile, ...]:
    """A matrix cut into tiles of at most `size` x `size` cells."""
    return tuple(Tile(*cut) for cut in product(_cut(rows, size), _cut(columns, size)))


def _cut(lines: int, size: int) -> tuple[int, ...]:
    return tuple(min(size, lines - first) for first in range(0, lines, size))


def layer(rows: int, columns: int, size: int, duty: float) -> Counts:
    """A product of a matrix cut into tiles, `duty` being the mean of a row; partial sums are added digitally.

    For the transposed product, call it with the columns as rows.
    """
    parts = [mvm(tile.rows, tile.columns, duty * tile.rows) for tile in tiles(rows, columns, size)]
    partial = columns * (len(_cut(rows, size)) - 1)
    return added(*parts, {"dig_add16": float(partial)} if partial else {})


def coincidence_variance(slots: int, p: Sequence[float], q: Sequence[float]) -> float:
    """Variance of the pulses of an update, in which a line's cells share its train.

    Row i fires with p_i, column j with q_j. In a slot R rows and C columns fire, and R C cells are pulsed:
    BL (E[R^2] E[C^2] - (E[R] E[C])^2).
    """
    mean_r, mean_c = total(p), total(q)
    square_r = mean_r**2 + total(chance * (1.0 - chance) for chance in p)
    square_c = mean_c**2 + total(chance * (1.0 - chance) for chance in q)
    return slots * (square_r * square_c - (mean_r * mean_c) ** 2)


# Times [s]


def pwm_time(bits: int, clock: float) -> float:
    """Shortest integration of an input of `bits` magnitude bits at a clock [Hz]."""
    return float(2**bits) / clock


def update_time(phases: int, slots: int, width: float) -> float:
    """Time of an update: up and down pulses in phases of their own, or in one."""
    return phases * slots * width


def transfer_time(mvm_time: float, length: int, access: float, width: float, banks: int = 1) -> float:
    """Time of a transfer: a reading, H word by word in each bank, one pulse up and one down."""
    return mvm_time + length * access / banks + 2 * width


def program_time(rows: int, iterations: int, width: float, mvm_time: float) -> float:
    """Time of programming by write and verify, a row at once."""
    return rows * iterations * (width + mvm_time)


# Prices


def in_ledger(counts: Counts, codes: int, conductance: float) -> Counts:
    """The same in actions of the ledger, for cells that all have one conductance [nS].

    `codes` is the code of an input of full duty.
    """
    rest = {name: count for name, count in counts.items() if name not in ("cell_read_fs", "pulse")}
    for name, duty, sum_ in (
        ("cell_read_fs", "read_duty", "read_conductance"),
        ("pulse", "set_pulses", "set_conductance"),
    ):
        if name in counts:
            plain = counts[name] * (codes if duty == "read_duty" else 1)
            rest |= {duty: plain, sum_: plain * conductance}
    return rest


def energies(
    counts: Counts, prices: Prices, component: Callable[[str], str] | None = None
) -> dict[str, float]:
    """Energy by action [J] of counts in terms of the ledger; what is counted only is left out.

    `component` leads from an action to the component that the prices know it of: by default one that bears
    its type as a name. Raises `InputError` for an action without a price.
    """
    of = component or (lambda action: DONE_BY.get(action, "crossbar"))
    rated = {action: prices.rate(of(action), "", action) for action, count in counts.items() if count}
    return {action: counts[action] * rate.price for action, rate in rated.items() if rate is not None}
