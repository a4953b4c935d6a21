"""Run directories made up for the report's tests, in the files' promised form: plausible, not simulated."""

import csv
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ARCHITECTURE = """\
format: chipsim-architecture/1
name: reram-8x4
technology: 14 nm
costs: {table: analog-14nm, corner: typical}
timing: measured
components:
  controller: {type: controller}
  dac: {type: dac, bits: 7, lanes: 8, integration: 128 ns}
  drivers: {type: pulse-driver, bit_length: 31, pulse_width: 100 ns, phases: 2}
  array: {type: crossbar, rows: 8, columns: 4, cell: reram-om, reference: ideal}
  adc: {type: adc, bits: 9, count: 1, conversion: 10 ns}
  integrator: {type: integrator, bits: 16, access: 1 ns}
  digital: {type: digital-unit, latency: 2 ns}
links:
  - controller -> dac -> array -> adc -> digital -> controller
  - controller -> drivers -> array
  - adc -> integrator -> drivers
"""

# stage, component, action, counts an image, price [J] or None, source
_ACTIONS = (
    (
        "forward",
        "dac",
        "dac_conv",
        8,
        1.507e-13,
        "derived from the pulse-width generator of HERMES (KhaddamAljameh2022)",
    ),
    ("forward", "array", "cell_reads", 16, None, "reported only"),
    ("forward", "array", "read_conductance", 36000, 4e-20, "V^2 G t at 0.2 V, V from Rasch2024"),
    ("forward", "adc", "adc_conv", 2, 5.274e-12, "SAR at 14 nm, median of MurmannADC"),
    ("loss", "digital", "act_fn", 2, 1.044e-12, "8-bit look-up in 8 kB (Jouppi2021)"),
    ("update", "drivers", "bit_gen", 310, 2.615e-15, "shared LFSR, derived from Horowitz2014"),
    ("update", "drivers", "row_pulses", 124, None, "reported only"),
    ("update", "array", "set_conductance", 1410000, 2.25e-16, "V^2 G t at 1.5 V, V from Gong2022"),
    ("update", "array", "reset_conductance", 1380000, 2.25e-16, "V^2 G t at 1.5 V, V from Gong2022"),
    ("update", "array", "set_pulses", 31, None, "reported only"),
    ("update", "array", "reset_pulses", 31, None, "reported only"),
    ("transfer-read", "adc", "adc_conv", 1.6, 5.274e-12, "SAR at 14 nm, median of MurmannADC"),
    ("integrate", "integrator", "h_rmw", 1.6, 6.95e-14, "registers, 16 bit (assumed)"),
    ("transfer-write", "array", "set_conductance", 4500, 2.25e-16, "V^2 G t at 1.5 V, V from Gong2022"),
    ("leakage", "controller", "static", 6.37e6, 1e-19, "assumed"),
)
_AREA = {
    "array": 3.4e-13,
    "adc": 6.2e-10,
    "dac": 2.1e-10,
    "drivers": 1.3e-10,
    "integrator": 9e-11,
    "digital": 5e-11,
}
_SECONDS_AN_IMAGE = 6.37e-6
_WORKLOADS = ("reduced-digits-scratch", "reduced-digits-transfer")


def make_run(
    folder: Path,
    seed: int = 0,
    stages: Sequence[tuple[str, float, float]] = (("pretrain", 0.5, 1500.0), ("finetune", 0.71, 900.0)),
    images: int = 10000,
    reaches: bool = True,
) -> Path:
    """A run's directory; each stage is (name, accuracy at its start, images to its e-fold)."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng([seed, 17])
    linear = float(np.clip(rng.normal(0.972, 0.008), 0.93, 0.99))
    curves = {name: _curve(rng, start, fold, linear, images) for name, start, fold in stages}
    ledger = [row for name, _, _ in stages for row in _ledger(rng, name, images)]
    told = [_stage(name, curves[name], linear, ledger, images, reaches) for name, _, _ in stages]
    _json(folder / "run.json", _figures(seed, told, stages))
    _csv(folder / "accuracy.csv", ("stage", "image", "time_s", "accuracy", "loss"), _points(curves))
    key = ("stage", "operation", "component", "action", "count")
    _csv(folder / "ledger.csv", key, (row[:5] for row in ledger if row[1] != "leakage"))
    _csv(
        folder / "energy.csv",
        (*key, "price_J", "energy_J", "source"),
        (row for row in ledger if row[5] is not None),
    )
    _csv(
        folder / "utilisation.csv",
        ("component", "busy_s", "waiting_s", "utilisation", "mean_queue"),
        _use(images * len(stages)),
    )
    np.savez(folder / "arrays.npz", **_arrays(rng, [name for name, _, _ in stages], images))
    _json(
        folder / "warnings.json",
        [
            {
                "code": "W010",
                "message": "reference 'ideal' is not counted: its reads, energy and area are left out.",
            }
        ],
    )
    _json(folder / "provenance.json", _provenance())
    (folder / "resolved").mkdir()
    (folder / "resolved" / "architecture.yaml").write_text(ARCHITECTURE, encoding="utf-8")
    (folder / "resolved" / "workload.yaml").write_text(
        "format: chipsim-workload/1\nname: made-up\n", encoding="utf-8"
    )
    return folder


def make_ensemble(folder: Path, seeds: int, **kind: Any) -> tuple[Path, ...]:
    """Directories of seeds 0 to `seeds` - 1 with an ensemble.json beside them."""
    runs = tuple(make_run(folder / f"seed-{seed}", seed, **kind) for seed in range(seeds))
    records = [json.loads((run / "run.json").read_text()) for run in runs]
    values = [record["stages"][-1]["accuracy"]["last"] for record in records]
    mean = math.fsum(values) / seeds
    figure = {"mean": mean, "std": 0.01, "ci95": [mean - 0.006, mean + 0.006], "values": values}
    name = records[0]["stages"][-1]["name"]
    ensemble = {
        "format": "chipsim-ensemble/1",
        "seeds": list(range(seeds)),
        "figures": {f"{name}.accuracy.last": figure},
    }
    _json(folder / "ensemble.json", ensemble)
    return runs


def _curve(
    rng: np.random.Generator, start: float, fold: float, linear: float, images: int
) -> list[tuple[int, float]]:
    at = np.arange(0, images + 1, max(images // 100, 1))
    smooth = linear - 0.008 - (linear - 0.008 - start) * np.exp(-at / (fold * rng.lognormal(0, 0.25)))
    noisy = np.clip(smooth + rng.normal(0, 0.008, at.size), 0, 1)
    return [(int(image), round(float(value), 2)) for image, value in zip(at, noisy, strict=True)]


def _ledger(rng: np.random.Generator, stage: str, images: int) -> list[tuple[Any, ...]]:
    rows = []
    for operation, component, action, each, price, source in _ACTIONS:
        count = int(each * images * rng.normal(1, 0.01))
        rows.append(
            (
                stage,
                operation,
                component,
                action,
                count,
                price,
                None if price is None else count * price,
                source,
            )
        )
    return rows


def _sums(ledger: Iterable[Sequence[Any]], column: int) -> dict[str, float]:
    rows = [row for row in ledger if row[6] is not None]
    return {
        name: math.fsum(row[6] for row in rows if row[column] == name)
        for name in dict.fromkeys(r[column] for r in rows)
    }


def _stage(
    name: str,
    curve: Sequence[tuple[int, float]],
    linear: float,
    ledger: Sequence[Sequence[Any]],
    images: int,
    reaches: bool,
) -> dict[str, Any]:
    rows = [row for row in ledger if row[0] == name]
    energy = math.fsum(row[6] for row in rows if row[6] is not None)
    up, down = (sum(row[4] for row in rows if row[3] == action) for action in ("set_pulses", "reset_pulses"))
    target = 0.97 * linear
    values = [value for _, value in curve]
    hit = (
        next((at for at in range(2, len(values)) if sum(values[at - 2 : at + 1]) / 3 >= target), None)
        if reaches
        else None
    )
    share = None if hit is None else curve[hit][0] / images
    found = (
        None
        if share is None
        else {
            "accuracy": values[hit or 0],
            "images": curve[hit or 0][0],
            "time_s": share * images * _SECONDS_AN_IMAGE,
            "energy_J": share * energy,
            "pulses": int(share * (up + down)),
            "wear": {"A": share * (up + down - 1985) / 16, "C": share * 1985 / 16},
        }
    )
    return {
        "name": name,
        "rule": "ttv2",
        "images": images,
        "start_accuracy": values[0],
        "linear_accuracy": linear,
        "target": target,
        "accuracy": {"first": values[0], "last": values[-1], "best": max(values)},
        "time_s": images * _SECONDS_AN_IMAGE,
        "uncontended_s": 1.1 * images * _SECONDS_AN_IMAGE,
        "energy_J": energy,
        "energy_J_by_component": _sums(rows, 2),
        "energy_J_by_operation": _sums(rows, 1),
        "pulses": {
            "set": up,
            "reset": down,
            "by_component": {"array": up + down},
            "by_matrix": {"A": up + down - 1985, "C": 1985},
        },
        "to_target": found,
    }


def _figures(seed: int, stages: list[dict[str, Any]], kind: Sequence[Any]) -> dict[str, Any]:
    total = {
        "time_s": math.fsum(stage["time_s"] for stage in stages),
        "uncontended_s": math.fsum(stage["uncontended_s"] for stage in stages),
        "energy_J": math.fsum(stage["energy_J"] for stage in stages),
        "pulses": sum(stage["pulses"]["set"] + stage["pulses"]["reset"] for stage in stages),
        "assumed_share": 0.123,
    }
    for key in ("energy_J_by_component", "energy_J_by_operation"):
        names = dict.fromkeys(name for stage in stages for name in stage[key])
        total[key] = {name: math.fsum(stage[key].get(name, 0.0) for stage in stages) for name in names}
    return {
        "format": "chipsim-run/1",
        "run_id": f"{seed:02x}9f3ac1",
        "chipsim": "0.1.0",
        "seed": seed,
        "architecture": "reram-8x4",
        "workload": _WORKLOADS[len(kind) > 1],
        "stages": stages,
        "total": total,
        "evaluation": {"time_s": 0.003, "energy_J": 1.2e-7},
        "bottleneck": {
            "component": "array",
            "copies": 1,
            "by": "work",
            "share": 0.9,
            "utilisation": 0.95,
            "gain_at_most_s": 0.001,
        },
        "uncertainty": {
            "energy_J": _spread(total["energy_J"], {"set_pulse": 0.52, "reset_pulse": 0.37, "adc_conv": 0.1}),
            "time_s": _spread(total["time_s"], {"drivers.pulse_width": 0.98}),
            "area_m2": _spread(math.fsum(_AREA.values()), {"adc": 0.93, "dac": 0.06}),
        },
        "area_m2": math.fsum(_AREA.values()),
        "area_m2_by_component": _AREA,
        "placement": [
            {"matrix": "A", "component": "array", "rows": [0, 8], "columns": [0, 2]},
            {"matrix": "C", "component": "array", "rows": [0, 8], "columns": [2, 4]},
        ],
    }


def _spread(total: float, causes: dict[str, float]) -> dict[str, Any]:
    found = [{"entry": entry, "share": share, "source": f"of {entry}"} for entry, share in causes.items()]
    return {"low": 0.6 * total, "median": 1.01 * total, "high": 2.5 * total, "causes": found}


def _points(curves: dict[str, list[tuple[int, float]]]) -> Iterable[tuple[Any, ...]]:
    for stage, curve in curves.items():
        for image, value in curve:
            yield stage, image, image * _SECONDS_AN_IMAGE, value, round(1.2 * (1 - value), 4)


def _use(images: int) -> list[tuple[Any, ...]]:
    whole = images * _SECONDS_AN_IMAGE
    shares = {
        "dac": 0.022,
        "drivers": 0.97,
        "array": 0.974,
        "adc": 0.004,
        "integrator": 0.0003,
        "digital": 0.0006,
    }
    return [
        (name, share * whole, 0.001 * share * whole, share, 0.01 * share) for name, share in shares.items()
    ]


def _arrays(rng: np.random.Generator, stages: Sequence[str], images: int) -> dict[str, Any]:
    each = np.hstack(
        [rng.poisson(3.9 * images, (8, 2)) * rng.uniform(0.5, 1.5, (8, 2)), rng.poisson(images / 80, (8, 2))]
    )
    tables = {}
    for at, stage in enumerate(stages):
        tables[f"array/{stage}/before/pulses"] = (each * at).astype(np.int64)
        tables[f"array/{stage}/after/pulses"] = (each * (at + 1)).astype(np.int64)
        tables[f"array/{stage}/after/weights"] = rng.normal(0, 0.4, (8, 4)).astype(np.float32)
    return tables


def _provenance() -> dict[str, Any]:
    return {
        "chipsim": "0.1.0",
        "python": "3.11.9",
        "libraries": {"numpy": "2.4.6", "numba": "0.68.1", "simpy": "4.1.2"},
        "host": "bench-2",
        "started": "2026-11-25T05:04:00+00:00",
        "wall_s": 0.62,
        "command": "chipsim run reram-8x4 reduced-digits-transfer --seed 0",
        "inputs": {
            "architecture": "architectures/reram-8x4.yaml",
            "workload": "workloads/reduced-digits-transfer.yaml",
        },
    }


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False), encoding="utf-8")


def _csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(["" if value is None else value for value in row] for row in rows)
