"""Damaged files: an error, or a network that validates; no crash, no hang."""

import os
import random
import subprocess
import sys
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from tests.random_networks import random_network
from tickless.sw.nir.export import export

from .graphs import chain, conv2d, linear, neurons, write_plain

READ = """
import resource, sys, warnings
from pathlib import Path

# Beyond them the process dies: files claim sizes and loops without end.
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
from tickless.errors import InputError
from tickless.sw.integer.network import Network
from tickless.sw.nir.importing import from_nir
from tickless.sw.quantization.diagnosis import QuantizationWarning

warnings.simplefilter("error")
warnings.simplefilter("ignore", QuantizationWarning)
refused = read = 0
for path in sorted(Path(sys.argv[1]).glob("*.nir")):
    print(path.name, flush=True)
    try:
        network = from_nir(path, semantics="sinabs", drop_bias=True, drop_leak=True).network
    except InputError as error:
        assert str(path) in str(error), error
        refused += 1
    else:
        network.save(path.with_suffix(".safetensors"))
        assert Network.load(path.with_suffix(".safetensors")).hash == network.hash
        read += 1
print("done", refused, read)
"""


def whole_files(folder: Path) -> list[bytes]:
    """Small graphs, current and old ones, exports of ours among them."""
    rng = np.random.default_rng(0)
    plain = chain(
        conv2d(rng.random((3, 1, 3, 3)), padding=(1, 1), size=(6, 6)),
        neurons((3, 6, 6)),
        nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        nir.Flatten({"input": np.array([3, 3, 3])}, 0, -1),
        linear(rng.random((4, 27))),
        neurons((4,)),
        sensor=(1, 6, 6),
    )
    plain.nodes["output"].output_type = {"output": np.array([4])}
    nir.write(folder / "plain", plain)
    for seed in range(2):
        export(
            random_network(np.random.default_rng(seed), shortcuts=seed, size=6), folder / f"{seed}"
        )
    write_plain(
        folder / "old",
        {
            "in": {"type": "Input", "shape": np.array([2])},
            "w": {"type": "Affine", "weight": rng.random((3, 2)), "bias": np.zeros(3)},
            "lif": {"type": "LIF", "tau": 0.1, "r": 1.0, "v_leak": 0.0, "v_threshold": np.ones(3)},
            "out": {"type": "Output", "shape": np.array([3])},
        },
        [("in", "w"), ("w", "lif"), ("lif", "out")],
    )
    with (
        h5py.File(folder / "latest", "w", libver="latest") as file,
        h5py.File(folder / "old") as old,
    ):
        for name in ("node", "version"):
            old.copy(name, file)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def damage(content: bytes, rng: random.Random) -> bytes:
    """A cut, or some flips, half of them where the file is not empty."""
    data = bytearray(content)
    if rng.random() < 0.2:
        return bytes(data[: rng.randrange(len(data))])
    filled = [place for place, byte in enumerate(data) if byte] if rng.random() < 0.5 else None
    for _ in range(rng.choice([1, 1, 2, 8, 40])):
        place = rng.choice(filled) if filled else rng.randrange(len(data))
        data[place] ^= 1 << rng.randrange(8)
    return bytes(data)


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 250), pytest.param(2, 1000, marks=pytest.mark.long)]
)
def test_damaged_files_give_an_error_or_a_network(seed, count, tmp_path):
    (tmp_path / "whole").mkdir()
    whole, rng = whole_files(tmp_path / "whole"), random.Random(seed)
    folder = tmp_path / "damaged"
    folder.mkdir()
    for index in range(count):
        content = rng.choice(whole)
        # Some are whole: what reads nothing must not pass.
        intact = index % 25 == 0
        (folder / f"{index:04}.nir").write_bytes(content if intact else damage(content, rng))
    process = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], env=os.environ, capture_output=True, text=True
    )
    last = process.stdout.splitlines()[-1:]
    assert process.returncode == 0, (last, process.stderr[-2000:])
    _, refused, read = last[0].split()
    assert int(refused) + int(read) == count
    assert int(refused) > count // 4
    assert int(read) > count // 10
