"""Network of a board, found by its hash, and the names of its classes."""

from pathlib import Path

from tickless.errors import InputError
from tickless.host.protocol import Info
from tickless.hw.host.messages import network_number
from tickless.sw.data.catalog import class_names, known
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["board_network", "names_of"]


def board_network(info: Info, path: Path | None) -> Network | None:
    """Network that a board computes.

    Parameters
    ----------
    path : Path or None
        Its file; where None, the pre-trained networks are looked through.

    Returns
    -------
    Network or None
        None if no file was given and no pre-trained network is the board's.

    Raises
    ------
    NetworkError
        If the file is no network's.
    InputError
        If it is another network's than the board's.
    """
    board = info.network.to_bytes(8, "little").hex()
    if path is None:
        files = sorted(
            set(PRETRAINED.glob("*.safetensors")) - set(PRETRAINED.glob("*.checkpoint.*"))
        )
        networks = map(Network.load, files)
        return next((n for n in networks if network_number(n.hash) == info.network), None)
    network = Network.load(path)
    if network_number(network.hash) != info.network:
        raise InputError(
            f"{path}: its hash begins with {network.hash[:16]}, that of the board's network with "
            f"{board}: give the file that the board's bitstream was made from, or make the "
            "bitstream anew from this one"
        )
    return network


def names_of(network: Network) -> tuple[str, ...]:
    """Names of a network's classes, from its data set; none where that is not known here, or they
    are the classes' numbers."""
    dataset = network.provenance.dataset
    names = class_names(dataset) if known(dataset) else ()
    numbers = tuple(map(str, range(network.classes)))
    return names if len(names) == network.classes and names != numbers else ()
