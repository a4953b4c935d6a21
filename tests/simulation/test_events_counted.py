"""What a run costs in events, counted: visits to components, however fast the machine is."""

from __future__ import annotations

from pathlib import Path

from chipsim.experiments.run import Request, prepare, simulate
from chipsim.simulation.trace import Log
from tests.experiments.test_planning import NETWORK, TILED

IMAGES, PERIOD = 40, 10


def test_visits_follow_blocks_and_transfers_and_not_images_pulses_or_cells(tmp_path: Path) -> None:
    """Three blocks on a mesh; the ten images between two transfers go together.

    A block takes mesh, bank, array, converters, mesh and digital unit in a pass (the first layer has no
    backward pass); mesh, drivers and array in an update; mesh, bank, array, converters and integrator in a
    transfer read; the integrator. What is written to C hangs on data and is left out.
    """
    (tmp_path / "tiles.yaml").write_text(TILED)
    (tmp_path / "fc.yaml").write_text(NETWORK)
    log = Log()
    simulate(prepare(Request(str(tmp_path / "tiles.yaml"), str(tmp_path / "fc.yaml"))), 0, listener=log)
    visits: dict[str, int] = {}
    for span in log:
        visits[span.operation] = visits.get(span.operation, 0) + 1
    blocks, transfers = 3, IMAGES // PERIOD
    assert {
        kind: visits[kind] for kind in ("forward", "backward", "update", "transfer-read", "integrate")
    } == {
        "forward": blocks * 6 * transfers,
        "backward": 1 * 6 * transfers,
        "update": blocks * 3 * transfers,
        "transfer-read": blocks * 5 * transfers,
        "integrate": blocks * transfers,
    }
