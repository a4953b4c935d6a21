"""Records of runs and ensembles as lines of text, as a reader at a terminal sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chipsim.inputs import units


def of_record(record: Mapping[str, Any]) -> Iterator[str]:
    """What a run came to: its stages, its totals, what held it back, and how sure the totals are."""
    for stage in record["stages"]:
        yield from _stage(stage)
    total = record["total"]
    costs = _costs(total["time_s"], total["energy_J"], total["pulses"])
    yield f"in all: {costs}; area {written(record['area_m2'], 'area')}"
    yield from _contention(record)
    yield f"  {total['assumed_share']:.1%} of the energy rests on assumed prices"
    yield from _spread(record)


def _stage(stage: Mapping[str, Any]) -> Iterator[str]:
    accuracy = stage["accuracy"]
    yield (
        f"{stage['name']}: accuracy {accuracy['first']:.1%} -> {accuracy['last']:.1%} "
        f"(best {accuracy['best']:.1%}; a linear classifier {stage['linear_accuracy']:.1%})"
    )
    pulses = stage["pulses"]["set"] + stage["pulses"]["reset"]
    costs = _costs(stage["time_s"], stage["energy_J"], pulses)
    if (found := stage.get("programming")) is not None:
        yield f"  {stage['rule']}, {found['cells']} cells: {costs}"
        yield (
            f"  {found['share_beyond_tolerance']:.1%} of the cells beyond the tolerance of "
            f"{found['tolerance']:.3g}, worst error {found['worst_error']:.3g}"
        )
    else:
        yield f"  {stage['images']} images: {costs}"
    if stage["target"] is not None:
        yield f"  to {stage['target']:.1%}: {of_target(stage['to_target'])}"


def of_target(found: Mapping[str, Any] | None) -> str:
    """What it took to reach a target, or that the run did not."""
    if found is None:
        return "not within the run"
    return f"{found['images']} images, {_costs(found['time_s'], found['energy_J'], found['pulses'])}"


def of_costs(time_s: float, energy: float, pulses: float) -> tuple[str, str, str]:
    """Time [s], energy [J] and pulses in words."""
    return written(time_s, "time"), written(energy, "energy"), f"{pulses:.0f}"


def _costs(time_s: float, energy: float, pulses: float) -> str:
    return f"{', '.join(of_costs(time_s, energy, pulses))} pulses"


def _contention(record: Mapping[str, Any]) -> Iterator[str]:
    """What waiting costs or overlap gains, and the component that holds the run back."""
    total, held = record["total"], record["bottleneck"]
    difference = round(total["time_s"] - total["uncontended_s"], 12)
    what = "overlap gains" if difference < 0 else "waiting costs"
    yield (
        f"  one after another without a wait it would be {written(total['uncontended_s'], 'time')}: "
        f"{what} {written(abs(difference), 'time')}"
    )
    if held is not None:
        share = f"{held['share']:.1%} of the {'critical path' if held['by'] == 'critical path' else 'time'}"
        each = "a second one" if held["copies"] == 1 else f"a second one for each of the {held['copies']}"
        yield (
            f"  bottleneck: {held['component']}, {share}; {each} would gain at most "
            f"{written(held['gain_at_most_s'], 'time')}"
        )


def _spread(record: Mapping[str, Any]) -> Iterator[str]:
    """What the ranges of prices and durations make of the totals, and which of them that comes from."""
    for name, figure, drawn, how in (
        ("energy", "energy_J", "prices", "90 %, whatever the corner"),
        ("time", "time_s", "durations", "90 %"),
        ("area", "area_m2", "prices", "90 %, whatever the corner"),
    ):
        spread = record["uncertainty"][figure]
        if not spread["causes"]:
            yield f"  {name}: none of its {drawn} has a range"
            continue
        ends = " to ".join(written(spread[end], name) for end in ("low", "high"))
        causes = ", ".join(f"{cause['entry']} {cause['share']:.0%}" for cause in spread["causes"][:3])
        whole = f"  {name}, over the ranges of the {drawn} ({how}): {ends}"
        yield f"{whole}; spread from {causes}"


def of_prices(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """A run's totals under the prices that it had, and under others."""
    for record, word in ((before, "was"), (after, "is")):
        costs = record["costs"]
        energy, area = written(record["total"]["energy_J"], "energy"), written(record["area_m2"], "area")
        yield f"{word:>3}: {energy} and {area} under {costs['table']}, {costs['corner']}"
    yield from _spread(after)


def of_summary(summary: Mapping[str, Any]) -> Iterator[str]:
    """What an ensemble came to, the figures that are looked at first."""
    count = len(summary["seeds"])
    yield f"{summary['workload']} on {summary['architecture']}, {count} seeds: mean (95 % interval)"
    for path in first(summary["figures"]):
        yield f"  {path}: {of_figure(path, summary['figures'][path])}"


def first(figures: Mapping[str, Any]) -> Iterator[str]:
    """The paths of the figures that are looked at first."""
    for path in figures:
        if path.endswith(_FIRST) and "by_" not in path:
            yield path


_FIRST = (".accuracy.last", ".accuracy.first", ".to_target.images", ".time_s", ".energy_J")


def of_figure(path: str, figure: Mapping[str, Any]) -> str:
    """A figure of many seeds: its mean and 95 % interval, or how many seeds have it at all."""
    values: Sequence[float | None] = figure["values"]
    if figure["mean"] is None:
        known = sorted(value for value in values if value is not None)
        middle = len(values) // 2
        median = f", median {of_path(path, known[middle])}" if middle < len(known) else ""
        return f"reached by {len(known)} of {len(values)} seeds{median}"
    mean = of_path(path, figure["mean"])
    if figure["ci95"] is None:
        return mean
    low, high = (of_path(path, end) for end in figure["ci95"])
    return f"{mean} ({low} to {high})"


def of_path(path: str, value: float) -> str:
    """A figure as a reader sees it: by the unit in its key, an accuracy in per cent."""
    for ending, dimension in (("_s", "time"), ("_J", "energy"), ("_m2", "area")):
        if path.endswith(ending):
            return written(value, dimension)
    return f"{value:.1%}" if ".accuracy" in path else f"{value:.6g}"


def written(value: float, dimension: str) -> str:
    """A value in four digits with its unit."""
    return units.format(float(f"{value:.4g}"), dimension)
