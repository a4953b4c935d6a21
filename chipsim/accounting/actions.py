"""What each action of the ledger is a count of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "act_fn": "one activation function of one value, as a look-up",
        "adc_conv": "one line converted from a sum of currents to a code",
        "bf_mac": "one multiplication and addition in bfloat16",
        "bit_gen": "one random bit of one line and time slot of an update",
        "cell_reads": "one cell that carried current in a read; counted, not priced",
        "col_pulses": "one write pulse on a column line; counted, not priced",
        "dac_conv": "one input driven on a line, from a code to a pulse width",
        "dig_add16": "one 16-bit addition",
        "dig_add32": "one 32-bit addition",
        "dig_add8": "one 8-bit addition",
        "dram_byte": "one byte to or from LPDDR4 memory",
        "fp_add": "one addition in floating point, of the component's bits",
        "fp_mac": "one multiplication and addition in floating point, of the component's bits",
        "h_rmw": "one word of the integrator read, added to, compared and written",
        "half_select": "one cell without a selector at one of the two pulses that would write it",
        "hbm_byte": "one byte to or from HBM2 memory",
        "host_byte": "one byte over the link to the host",
        "int_mac": "one multiplication of integers of the component's bits, added to 32 bits",
        "line_pulse_cell": "one crossing of a line that a write pulse charges",
        "line_read_cell": "one crossing of a line that a read voltage charges",
        "mul8": "one 8-bit multiplication",
        "noc_bit": "one bit over one hop of the network",
        "read_conductance": "sum over cells read of conductance [nS] x DAC code: the charge of a read",
        "read_duty": "sum over cells read of the DAC code: reads at full input, times the code of full input",
        "reg_word": "one word of registers read or written",
        "reset_conductance": "sum over RESET pulses of the cell's conductance [nS], mean of before and after",
        "reset_pulses": "one RESET (down) pulse on a cell",
        "row_pulses": "one write pulse on a row line; counted, not priced",
        "set_conductance": "sum over SET pulses of the cell's conductance [nS], mean of before and after",
        "set_pulses": "one SET (up) pulse on a cell",
        "static": "one picosecond of a component that is switched on: leakage",
        "word_read": "one word read from a memory",
        "word_write": "one word written to a memory",
    }
)
