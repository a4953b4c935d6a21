"""A plan: how a workload lies on a chip, and what its stages take by counts alone."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chipsim.accounting import pricing
from chipsim.architecture import estimate, groups
from chipsim.architecture.capacities import buffered
from chipsim.architecture.estimate import Assumed, Estimate
from chipsim.architecture.plan import Plan
from chipsim.circuits import buffer, crossbar
from chipsim.experiments.run import Job, Request, prepare
from chipsim.reports.lines import written as _written
from chipsim.reports.shown import Shown
from chipsim.workloads.stages import ProgramStage

DEVICE = 64
"""Bytes of state of a cell's device in a run, rounded up."""


@dataclass(frozen=True, repr=False)
class Planned(Shown):
    """A plan; `values` holds the mapping, its utilisation and the estimate of every stage."""

    values: Mapping[str, Any]

    def text(self) -> str:
        """The plan as tables and sentences."""
        return "\n".join(lines(self.values))

    def as_dict(self) -> Mapping[str, Any]:
        """The plan as plain values."""
        return self.values


def plan(request: Request, assumed: Assumed) -> dict[str, Any]:
    """The mapping, its utilisation and the estimate of every stage that trains, as plain values.

    Raises `InputError` and `FitError` like a run.
    """
    with _uncollected():
        return _planned(prepare(request), assumed)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which would walk the many small tuples of a large chip in vain."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _planned(job: Job, assumed: Assumed) -> dict[str, Any]:
    found = job.plan
    table, parts = found.architecture.costs, found.parts()
    areas = pricing.area(table, parts)
    return {
        "architecture": job.architecture.name,
        "workload": job.workload.name,
        "assumed": assumed._asdict(),
        "mapping": list(_mapping(found)),
        "arrays": _arrays(found),
        "buffers": {
            name: {
                "words": words,
                "capacity": found.architecture.parameters(name, buffer.Parameters).capacity,
            }
            for name, words in buffered(found).items()
        },
        "memory_B": DEVICE * _devices(found),
        "area_m2": pricing.total(areas.values()),
        "area_m2_by_component": _by_base(areas),
        "stages": list(_stages(job, assumed)),
    }


def _mapping(plan: Plan) -> Iterator[dict[str, Any]]:
    """A row for each matrix of each layer."""
    for (layer, matrix), names in plan.spread.items():
        if not names:
            continue
        spec = plan.layers[layer]
        places = [plan.places[key] for name in names for key in plan.copied((name, matrix))]
        arrays = tuple(dict.fromkeys(place.array for place in places))
        yield {
            "matrix": f"{layer}.{matrix}",
            "rows": spec.rows,
            "columns": spec.outputs,
            "blocks": len(names),
            "copies": len(places) // len(names),
            "largest_block": [
                max(plan.blocks[name].rows for name in names),
                max(plan.blocks[name].columns for name in names),
            ],
            "arrays": list(arrays),
        }


def _arrays(plan: Plan) -> dict[str, Any]:
    """How many arrays there are and hold weights, and the share of their cells that do."""
    architecture = plan.architecture
    used = {place.array for key, place in plan.places.items() if not plan.digital(key)}
    weights = sum(
        place.region.rows * place.region.columns
        for key, place in plan.places.items()
        if not plan.digital(key)
    )
    sizes = {name: architecture.parameters(name, crossbar.Parameters) for name in architecture.declared_cells}
    cells = sum(sizes[groups.base(name)].rows * sizes[groups.base(name)].columns for name in used)
    return {
        "number": len(architecture.cells),
        "used": len(used),
        "weights": weights,
        "cells": cells,
        "utilisation": weights / cells if cells else None,
    }


def _devices(plan: Plan) -> int:
    architecture = plan.architecture
    return sum(
        p.rows * p.columns * architecture.declared_cells[name].devices * len(architecture.copies(name))
        for name in architecture.declared_cells
        for p in (architecture.parameters(name, crossbar.Parameters),)
    )


def _stages(job: Job, assumed: Assumed) -> Iterator[dict[str, Any]]:
    depth = job.architecture.depth
    for stage in job.workload.stages:
        if isinstance(stage, ProgramStage):
            continue
        found = estimate.of_stage(job.plan, stage.name, job.rules[stage.name], assumed)
        each = found.image if depth == 1 else max(found.interval, found.image / depth)
        yield {
            "name": stage.name,
            "rule": job.rules[stage.name].type,
            "images": stage.images,
            "image_s": found.image,
            "image_s_by_operation": dict(found.times),
            "interval_s": found.interval,
            "bottleneck": found.bottleneck or None,
            "time_s": stage.images * each,
            "image_energy_J": found.energy,
            "energy_J": stage.images * found.energy,
            "counts": _counts(found),
        }


def _counts(found: Estimate) -> dict[str, dict[str, float]]:
    """Expected actions of an image by operation, all components together."""
    counts: dict[str, dict[str, float]] = {}
    for (operation, _, action), count in found.counts.items():
        of = counts.setdefault(operation, {})
        of[action] = of.get(action, 0.0) + count
    return counts


def _by_base(values: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for name, value in values.items():
        found.setdefault(groups.base(name), []).append(value)
    return {name: pricing.total(each) for name, each in found.items()}


# For the terminal


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A plan as text."""
    arrays = found["arrays"]
    yield f"{found['workload']} on {found['architecture']}"
    yield ""
    yield f"{'matrix':<16}{'rows x columns':>18}{'blocks':>8}{'largest':>14}  arrays"
    for row in found["mapping"]:
        size = f"{row['rows']} x {row['columns']}"
        largest = "{} x {}".format(*row["largest_block"])
        blocks = str(row["blocks"]) if row["copies"] == 1 else f"{row['copies']} x {row['blocks']}"
        yield f"{row['matrix']:<16}{size:>18}{blocks:>8}{largest:>14}  {_span(row['arrays'])}"
    if arrays["used"]:
        yield (
            f"{arrays['used']} of {arrays['number']} arrays hold weights: {arrays['weights']} of "
            f"{arrays['cells']} cells, {arrays['utilisation']:.1%}"
        )
    for name, kept in found["buffers"].items():
        yield f"'{name}' keeps {kept['words']} of {kept['capacity']} words for an image under way"
    area = found["area_m2"]
    parts = sorted(found["area_m2_by_component"].items(), key=lambda item: -item[1])
    shares = ", ".join(f"{name} {value / area:.0%}" for name, value in parts[:4] if area and value)
    yield f"area {_written(area, 'area')}: {shares}"
    if found["memory_B"] >= 1e6:
        yield f"a run needs about {found['memory_B'] / 1e6:.0f} MB for its devices"
    for stage in found["stages"]:
        yield ""
        yield from _stage_lines(stage)
    means = ", ".join(f"{name} {value:g}" for name, value in found["assumed"].items())
    yield ""
    yield f"no value was computed; assumed means: {means}"


def _stage_lines(stage: Mapping[str, Any]) -> Iterator[str]:
    image, times = stage["image_s"], stage["image_s_by_operation"]
    yield f"{stage['name']} ({stage['rule']}, {stage['images']} images)"
    parts = ", ".join(f"{name} {_written(time, 'time')}" for name, time in times.items() if time)
    yield f"  an image alone {_written(image, 'time')}: {parts}"
    limit = f"'{stage['bottleneck']}'" if stage["bottleneck"] else "the order of learning steps"
    yield f"  overlapped, one every {_written(stage['interval_s'], 'time')} at best: {limit} limits it"
    time, energy = _written(stage["time_s"], "time"), _written(stage["energy_J"], "energy")
    each = _written(stage["image_energy_J"], "energy")
    yield f"  {each} an image; the stage {time} and {energy}, without preparation"


def _span(arrays: list[str]) -> str:
    return arrays[0] if len(arrays) == 1 else f"{arrays[0]} .. {arrays[-1]} ({len(arrays)})"
