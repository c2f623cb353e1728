"""Network of a board, found by its hash."""

from pathlib import Path

from tickless.errors import InputError
from tickless.host.protocol import Info
from tickless.hw.host.messages import network_number
from tickless.sw.integer.network import PRETRAINED, Network

__all__ = ["board_network"]


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
        If it is another network's than the board's, or the board has none.
    """
    if info.network == 0:
        raise InputError(
            "the board has no network, since none was loaded, or not whole: expected "
            "`tickless load NETWORK` first"
        )
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
