import gc

import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.gen.configure import chain_config, core_contents, layer_cores
from tickless.gen.folding import fold_fully
from tickless.gen.place import place
from tickless.hw.chain import Chain
from tickless.hw.fabric.mesh import MeshDesign

NETWORK = random_network(np.random.default_rng(1), layers=2)


# Amaranth warns of components that were never elaborated, as those refused here.
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
def test_every_core_has_contents():
    chain = chain_config(NETWORK, fold_fully(NETWORK))
    mesh = place(2, 2, layer_cores(NETWORK, fold_fully(NETWORK), [1, 1, 1]), [], {})
    contents = core_contents(NETWORK, chain.layers)
    assert contents == core_contents(NETWORK, mesh.layers)
    with pytest.raises(ValueError, match="contents of 2 cores: expected 3"):
        Chain(chain, contents[:2])
    with pytest.raises(ValueError, match="contents of 2 cores: expected 3"):
        MeshDesign(mesh, contents[:2])
    gc.collect()
