"""What tests of training share: one thread, and a few samples."""

import pytest
import torch

from tickless.sw.data.catalog import load, simulated


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def samples():
    return load("saccades", "train")[:20], simulated("saccades", 10)
