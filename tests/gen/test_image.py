import re

import numpy as np

from tests.random_networks import random_network
from tickless.gen.configure import core_contents, layer_cores
from tickless.gen.fold import fold_fully
from tickless.gen.image import load_image
from tickless.gen.manifest import manifest
from tickless.gen.place import place


def test_the_manifest_says_where_everything_lies():
    network = random_network(np.random.default_rng(5))
    slices = [1] * len(network.layers)
    config = place(2, 3, layer_cores(network, fold_fully(network), slices, loadable=True), [], {})
    description = manifest(network, config, [], "", {})
    fields = {field["name"]: field["bits"] for field in description["mesh"]["load"]}
    assert fields["chunk"] == 32 + 24
    chunks = load_image(config, network)
    cores = [core for layer in description["layers"] for core in layer["cores"]]
    held = core_contents(network, config.layers)
    for number, (core, shape, contents) in enumerate(zip(cores, config.cores, held, strict=True)):
        mine = {int(address): int(value) for k, address, value in chunks if k == number}
        [shift] = map(int, re.findall(r"word << (\d+)", core["load"]["address"]))
        words = {
            region["name"]: [
                sum(
                    mine.pop(region["first"] + (word << shift) + chunk) << 32 * chunk
                    for chunk in range(region["chunks"])
                )
                for word in range(region["words"])
            ]
            for region in core["load"]["regions"]
        }
        assert not mine
        assert words["weights"] == list(contents.weight_words)
        if shape.readout:
            continue
        [region] = [entry for entry in core["load"]["regions"] if entry["name"] == "neurons"]
        [field] = [entry for entry in region["fields"] if entry["name"] == "thresholds"]
        bits = field["bits"] // field["count"]
        first = [
            words["neurons"][0] >> field["offset"] + lane * bits & ((1 << bits) - 1)
            for lane in range(min(field["count"], shape.output_shape[0]))
        ]
        assert first == list(contents.thresholds[: len(first)])
