"""What each figure of `run.json` is: definition and unit, by its key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Figure(NamedTuple):
    """A figure of a run: its unit (SI; 1 for a number or a share) and what it is."""

    unit: str
    definition: str


FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "accuracy": Figure("1", "share of test images whose largest output is that of their class"),
        "accuracy.first": Figure("1", "accuracy before the first image of the stage"),
        "accuracy.last": Figure("1", "accuracy after the last image of the stage"),
        "accuracy.best": Figure("1", "highest accuracy of any evaluation of the stage"),
        "area_m2": Figure("m2", "sum of the components' areas: units x area of a unit / array efficiency"),
        "area_m2_by_component": Figure("m2", "area of each component"),
        "assumed_share": Figure("1", "share of the energy that rests on prices which nobody published"),
        "bottleneck": Figure(
            "-",
            "the component with most of the critical path or, where images overlap, with most work: the "
            "busiest copy, how many there are, its share of the time, its utilisation, and the most that a "
            "second unit of it (of each copy) can gain",
        ),
        "counts": Figure("1", "whole counts of every action of the ledger"),
        "energy_J": Figure("J", "sum over the ledger of count x price, leakage included, evaluation apart"),
        "energy_J_by_component": Figure("J", "energy of each component"),
        "energy_J_by_operation": Figure("J", "energy of each operation; 'leakage' is of the time powered"),
        "evaluation": Figure("-", "time and energy of the evaluations, on a clock and in an account apart"),
        "images": Figure("1", "training images shown"),
        "kind": Figure("-", "what the stage did: train, or program weights onto devices"),
        "linear_accuracy": Figure(
            "1", "accuracy of softmax regression on the same inputs: what is attainable"
        ),
        "placement": Figure("-", "which rectangle of which array holds each weight matrix"),
        "programming": Figure(
            "-",
            "of a stage that programs weights: cells, tolerance, share of the cells beyond it, worst and rms "
            "error [weight] of what a read sees, and the factor on each layer's weights; null where a stage "
            "trains",
        ),
        "pulses": Figure("1", "write pulses on cells, SET and RESET, by component and by matrix"),
        "run_id": Figure(
            "-", "hash of the resolved inputs, the seed and the version: equal runs have it equal"
        ),
        "target": Figure("1", "accuracy that the workload's target comes to for this seed"),
        "time_s": Figure("s", "simulated time, evaluation apart"),
        "to_target": Figure(
            "-",
            "images, time, energy and pulses until the target is reached, and the wear: pulses a cell in the "
            "mean, by matrix; at the last of the first three evaluations in a row whose mean reaches it; "
            "null where that does not happen within the run",
        ),
        "uncontended_s": Figure(
            "s",
            "time that the groups of transactions would take one after another, if nothing waited; the time "
            "is longer by what waiting costs and shorter by what overlap gains",
        ),
        "uncertainty": Figure(
            "-",
            "5th, 50th and 95th percentile of a total when every price, and for the time every duration that "
            "no file gives, is drawn over its published range, those of one source together, and the share "
            "of the variance that comes with each",
        ),
        "wear": Figure(
            "-",
            "the most pulsed device of every array of cells: where it lies, its pulses since power-on, most "
            "pulses on one device in the last stage, and how many stages like it the endurance is enough for",
        ),
    }
)
