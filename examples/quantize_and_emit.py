"""A trained checkpoint becomes an integer network, and that becomes Verilog.

    python examples/quantize_and_emit.py FOLDER [CHECKPOINT]

Without a checkpoint it is the pre-trained one for saccades. FOLDER gets network.safetensors,
design.v and manifest.json.
"""

import sys
from pathlib import Path

from tickless import Checkpoint, load, quantize
from tickless.gen.activity import measure_activity
from tickless.gen.emit import emit
from tickless.gen.plan import plan
from tickless.gen.request import DesignRequest
from tickless.sw.integer.network import PRETRAINED, Provenance

WEIGHT_BITS = 4
NEURONS_AT_ONCE = 32
RECORDINGS = 5


def main(folder: str, checkpoint_path: str | None = None) -> None:
    """Write the files and print the folding of each layer."""
    path = checkpoint_path or Checkpoint.beside(PRETRAINED / "saccades.safetensors")
    checkpoint = Checkpoint.load(path)
    network = quantize(
        checkpoint.model, WEIGHT_BITS, provenance=Provenance(dataset=checkpoint.dataset)
    )
    output = Path(folder)
    output.mkdir(parents=True, exist_ok=True)
    network.save(output / "network.safetensors")

    # Where the events are decides which layer gets how many adders.
    recordings = load(checkpoint.dataset, "test")[:RECORDINGS]
    activity = measure_activity(network, [events.addresses for events, _ in recordings])
    design = plan(network, DesignRequest(budget=NEURONS_AT_ONCE), activity)
    for core in design.cores:
        print(f"{core.name:10} {core.lanes:3} lanes x {core.taps} taps")
    print(*emit(network, design, output), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
