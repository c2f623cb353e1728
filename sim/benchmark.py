"""Speed of the simulation: real recordings a second through cocotb, every link recorded."""

import argparse
import sys
from collections.abc import Sequence

from tickless.gen.configure import chain_config, design_factory
from tickless.gen.fold import fold_fully
from tickless.sim.build import SimulatorBuildError
from tickless.sim.experiment import choose_samples
from tickless.sim.packets import pack_sample
from tickless.sim.run import simulate
from tickless.sw.data.catalog import DATASETS, load
from tickless.sw.data.events import EventsError
from tickless.sw.integer.network import PRETRAINED, Network, NetworkError

SAMPLES = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; prints the figures of one run."""
    parser = argparse.ArgumentParser(prog="python -m sim.benchmark", description=__doc__)
    parser.add_argument("--dataset", choices=DATASETS, default="saccades")
    options = parser.parse_args(arguments)
    try:
        network = Network.load(PRETRAINED / f"{options.dataset}.safetensors")
        count = min(SAMPLES, len(load(options.dataset, "test")))
        samples = choose_samples(options.dataset, network, count, seed=1)
        config = chain_config(network, fold_fully(network))
        link = config.cores[0].input_link
        stimulus = [pack_sample(link, sample.addresses) for sample in samples]
        [recording] = simulate([design_factory(config, network)], [stimulus], progress=True)
    except (NetworkError, EventsError, SimulatorBuildError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{options.dataset}: {count} samples, {count / recording.seconds:.1f} samples/s, "
        f"{recording.cycles / recording.seconds:,.0f} cycles/s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
