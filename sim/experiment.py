"""Experiment: one network as one design, and what it is compared with."""

from dataclasses import dataclass

from tickless.gen.configure import design_factory
from tickless.gen.image import load_image
from tickless.hw.config import DesignConfig
from tickless.sim.bench import DesignFactory
from tickless.sim.loads import Load
from tickless.sim.run import Simulation
from tickless.sw.checkpoint_file import CheckpointFile
from tickless.sw.integer.network import Network

__all__ = ["Experiment"]


@dataclass(frozen=True, eq=False)
class Experiment:
    """One network as one design; another process can be sent it.

    Parameters
    ----------
    network : Network
        The network.
    config : DesignConfig
        Parameters of the design.
    seed : int
        Seed of the stalls.
    stalls : bool
        Stall every link at random.
    checkpoint : CheckpointFile, optional
        The float network that the network was made of.
    built : Network, optional
        Network that the design is built with, if another one: the network is then loaded into it
        first.
    optimize, waves : bool
        Build a fast simulator, which takes longer; one that can write waveforms.

    Raises
    ------
    ValueError
        If the network does not suit a design built with another one.
    """

    network: Network
    config: DesignConfig
    seed: int
    stalls: bool = False
    checkpoint: CheckpointFile | None = None
    built: Network | None = None
    optimize: bool = True
    waves: bool = False

    def __post_init__(self):
        # Refused here, where it is asked for.
        _ = self.loads

    @property
    def design(self) -> DesignFactory:
        """Maker of the design."""
        return design_factory(self.config, self.network if self.built is None else self.built)

    @property
    def loads(self) -> list[Load]:
        """What is loaded before the first sample."""
        return [] if self.built is None else [Load(load_image(self.config, self.network))]

    @property
    def margin(self) -> int | None:
        """Margin of early exit, if the design has it."""
        return self.config.cores[-1].margin

    def simulation(self, verilog: str | None = None) -> Simulation:
        """The design in a simulator; built if there is none yet.

        Parameters
        ----------
        verilog : str, optional
            Verilog of the bench, where it is known.
        """
        return Simulation([self.design], waves=self.waves, optimize=self.optimize, verilog=verilog)
