"""Speed of the simulation: real recordings a second through cocotb, every link recorded."""

import argparse

from tickless.progress import stage
from tickless.sw.data.catalog import dataset_name, load
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["add_options", "main"]

SAMPLES = 100


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--dataset", type=dataset_name, default="saccades")


def main(options: argparse.Namespace) -> int:
    """Print the figures of one run."""
    with stage("loading the simulation"):
        from tickless.gen.configure import chain_config, design_factory
        from tickless.gen.folding import fold_fully
        from tickless.sim.packets import pack_sample
        from tickless.sim.run import simulate
        from tickless.sim.samples import choose_samples
    network = Network.load(PRETRAINED / f"{options.dataset}.safetensors")
    count = min(SAMPLES, len(load(options.dataset, "test")))
    samples = choose_samples(options.dataset, network, count, seed=1)
    config = chain_config(network, fold_fully(network))
    link = config.cores[0].input_link
    stimulus = [pack_sample(link, sample.read().addresses) for sample in samples]
    [recording] = simulate([design_factory(config, network)], [stimulus], progress=True)
    print(
        f"{options.dataset}: {count} samples, {count / recording.seconds:.1f} samples/s, "
        f"{recording.cycles / recording.seconds:,.0f} cycles/s"
    )
    return 0
