"""Shape of a core: all that its circuit depends on but what its memories hold."""

from dataclasses import dataclass, field
from functools import cached_property

from amaranth.lib import data
from amaranth.utils import ceil_log2

from tickless.errors import InputError
from tickless.hw.core.edge import (
    FREE,
    EdgeShape,
    foldings,
    gaps,
    group_blocks,
    position_steps,
    tap_grid,
    window,
)
from tickless.hw.packet import LOGIT_BITS, LinkConfig, answer_layout

__all__ = ["COUNTER_BITS", "FORK_LEVEL", "CoreShape"]

FORK_LEVEL = 1
"""Level of an end of event that ends a fork's event; 0 ends the sending layer's own alone."""

COUNTER_BITS = 48
"""Width of a counter unless stated: wraps after 32 days at 100 million a second."""


@dataclass(frozen=True)
class CoreShape:
    """Geometry, folding, widths and parts of a core: one layer, or a slice of its channels.

    What the core computes with is its `hw.core.contents.CoreContents`. What a network that is
    loaded must match are the fields without the mark `hw.core.edge.FREE`.

    Parameters
    ----------
    name : str
        Name of the layer.
    edges : tuple of EdgeShape
        The edge from the layer before, and that of a shortcut where the layer is a join.
    output_shape : tuple of int
        Output extent ``(channels, height, width)``.
    first_channel, layer_channels : int
        Place of the core's channels among those of the layer, which are ``layer_channels``.
    lanes : int
        Output channels updated at once, 1 to ``layer_channels``.
    taps : int
        Output positions updated at once: one of ``foldings(window)``.
    weight_bits : int
        Width of a signed weight of all edges, at least 2.
    membrane_bits : int
        Width of a signed membrane, at least 2; of a logit for a readout.
    reset : str
        ``"subtract"`` or ``"zero"``: what a spike does to its membrane.
    end_level : int or None
        Level of the ends that the core sends of its own events: 0 from a slice of a cut layer,
        `FORK_LEVEL` from the layer whose events are a fork's, None for no ends.
    readout : bool
        Whether the core accumulates logits and answers markers instead of spiking.
    queue_depth : int
        Groups of fired masks that wait for the output link; more than the pipeline holds.
    epoch_bits : int
        Width of the epoch tag beside each membrane word, at least 2. Membranes are cleared by a
        new epoch at END, and by a sweep once in ``2**epoch_bits - 1`` samples.
    single_port : bool
        Whether the membranes lie in single-port memory: a step takes two clocks.
    fast_clock : bool
        Whether unpacked events and the memories' words have a clock of their own: higher clocks, at
        the price of registers.
    counter_bits : int
        Width of the performance counters, which wrap.
    profile : bool
        Whether more is counted than events and drops.
    margin : int or None
        Margin of early exit, of a readout of two classes or more, in logit units; None for no early
        exit.
    ceil_bits : int or None
        The highest membrane is ``2**ceil_bits - 1``, with ``membrane_bits - 1`` by default.
    loadable : bool
        Whether weights, thresholds, floors, the highest membrane and the edges' tables lie in
        memories that can be written at run time, see `hw.core.memory_map`; else they are built in.
    initial_logits : bool
        Whether the logits of a readout begin at those of its contents, not at 0.
    """

    name: str = field(metadata=FREE)
    edges: tuple[EdgeShape, ...]
    output_shape: tuple[int, int, int]
    first_channel: int
    layer_channels: int
    lanes: int
    taps: int
    weight_bits: int
    membrane_bits: int
    reset: str = "subtract"
    end_level: int | None = None
    readout: bool = False
    queue_depth: int = field(default=32, metadata=FREE)
    epoch_bits: int = field(default=4, metadata=FREE)
    single_port: bool = False
    fast_clock: bool = field(default=True, metadata=FREE)
    counter_bits: int = field(default=COUNTER_BITS, metadata=FREE)
    profile: bool = field(default=True, metadata=FREE)
    margin: int | None = field(default=None, metadata=FREE)
    ceil_bits: int | None = field(default=None, metadata=FREE)
    loadable: bool = False
    initial_logits: bool = False

    def __post_init__(self):
        def check(condition: bool, name: str, expected: str):
            if not condition:
                raise InputError(
                    f"core {self.name!r}: {name} = {getattr(self, name)!r}: expected {expected}"
                )

        channels = self.output_shape[0]
        check(min(self.output_shape) >= 1, "output_shape", "positive extents")
        check(
            0 <= self.first_channel <= self.layer_channels - channels,
            "first_channel",
            f"0..{self.layer_channels - channels}",
        )
        check(len(self.edges) in (1, 2), "edges", "one or two")
        for edge in self.edges:
            self._check_edge(edge)
        check(
            1 <= self.lanes <= self.layer_channels,
            "lanes",
            f"1 to {self.layer_channels}, the layer's output channels",
        )
        check(self.taps in foldings(self.window), "taps", f"one of {foldings(self.window)}")
        check(self.weight_bits >= 2, "weight_bits", "at least 2")
        check(self.membrane_bits >= 2, "membrane_bits", "at least 2")
        check(self.reset in ("subtract", "zero"), "reset", "'subtract' or 'zero'")
        check(self.queue_depth >= 16, "queue_depth", "at least 16")
        check(self.epoch_bits >= 2, "epoch_bits", "at least 2")
        check(self.counter_bits >= 1, "counter_bits", "at least 1")
        check(self.end_level in (None, 0, FORK_LEVEL), "end_level", f"None, 0 or {FORK_LEVEL}")
        if self.readout:
            check(not self.single_port, "single_port", "False for a readout")
            check(
                self.window == (1, 1) and self.output_shape[1:] == (1, 1),
                "output_shape",
                "one position",
            )
            check(channels == self.layer_channels, "output_shape", "all channels of a readout")
            check(self.end_level is None, "end_level", "None for a readout")
            check(
                self.margin is None or (channels > 1 and 0 <= self.margin < 1 << LOGIT_BITS),
                "margin",
                f"None, or 0..{(1 << LOGIT_BITS) - 1} for two classes or more",
            )
            check(len(self.edges) == 1, "edges", "one for a readout")
            check(self.reset == "subtract", "reset", "'subtract' for a readout")
            return
        check(
            self.ceil_bits is None or 0 <= self.ceil_bits < self.membrane_bits,
            "ceil_bits",
            f"None or 0..{self.membrane_bits - 1}",
        )
        check(self.margin is None, "margin", "None for a spiking layer")
        check(not self.initial_logits, "initial_logits", "False for a spiking layer")

    def _check_edge(self, edge: EdgeShape) -> None:
        inputs, outputs = edge.input_link.channels, self.layer_channels
        lows = {"kernel": 1, "stride": 1, "padding": 0, "dilation": 1, "pool": 1, "groups": 1}
        for name, low in lows.items():
            value = getattr(edge, name)
            if (min(value) if isinstance(value, tuple) else value) < low:
                raise ValueError(f"core {self.name!r}: {name} = {value}: expected at least {low}")
        if inputs % edge.groups or outputs % edge.groups:
            raise ValueError(
                f"core {self.name!r}: groups = {edge.groups}: expected a divisor of {inputs} input "
                f"and {outputs} output channels"
            )

    @property
    def ceil(self) -> int:
        """Highest membrane."""
        bits = self.membrane_bits - 1 if self.ceil_bits is None else self.ceil_bits
        return (1 << bits) - 1

    @property
    def input_link(self) -> LinkConfig:
        """Packets from the layer before."""
        return self.edges[0].input_link

    def edge_window(self, edge: EdgeShape) -> tuple[int, int]:
        """Most output rows and columns from the first to the last that one event of an edge
        reaches."""
        return window(edge.kernel, edge.stride, edge.dilation, self.output_shape[1:])

    @cached_property
    def window(self) -> tuple[int, int]:
        """Largest window of any edge."""
        windows = [self.edge_window(edge) for edge in self.edges]
        return max(rows for rows, _ in windows), max(columns for _, columns in windows)

    @property
    def passes_ends(self) -> bool:
        """Whether ends of a fork's events arrive and leave, as between a fork and its join."""
        return self.input_link.level_bits > 0 and len(self.edges) == 1

    @property
    def tap_grid(self) -> tuple[int, int]:
        """Rows and columns of output positions updated at once: ``taps`` in all."""
        return tap_grid(self.window, self.taps)

    @property
    def output_link(self) -> LinkConfig:
        """Packets that the core sends."""
        channels, height, width = self.output_shape
        level_bits = int(self.end_level is not None or self.passes_ends)
        return LinkConfig(channels, height, width, self.lanes, level_bits=level_bits)

    @property
    def answers(self) -> data.StructLayout:
        """Layout of the answers of a readout."""
        return answer_layout(self.output_shape[0], self.margin is not None)

    @property
    def blocks(self) -> int:
        """Channel blocks of the core; block ``b`` starts at channel ``b * lanes``."""
        return -(-self.output_shape[0] // self.lanes)

    def group_blocks(self, edge: EdgeShape, group: int) -> range:
        """Channel blocks in which the output channels of an edge's convolution group lie."""
        size = self.layer_channels // edge.groups
        return group_blocks(
            range(group * size, (group + 1) * size),
            range(self.first_channel, self.first_channel + self.output_shape[0]),
            self.lanes,
        )

    def lane_mask(self, edge: EdgeShape, group: int, block: int) -> int:
        """Lanes of a channel block that belong to an edge's convolution group, one bit a lane."""
        size = self.layer_channels // edge.groups
        first = self.first_channel + block * self.lanes
        end = min(first + self.lanes, self.first_channel + self.output_shape[0])
        return sum(
            1 << channel - first for channel in range(first, end) if channel // size == group
        )

    @property
    def whole_blocks(self) -> bool:
        """Whether every step concerns all lanes."""
        return all(
            self.lane_mask(edge, group, block) == (1 << self.lanes) - 1
            for edge in self.edges
            for group in range(edge.groups)
            for block in self.group_blocks(edge, group)
        )

    def blocks_per_event(self, edge: EdgeShape) -> int:
        """Most channel blocks that one event of an edge reaches; at least 1."""
        return max(1, *(len(self.group_blocks(edge, group)) for group in range(edge.groups)))

    @property
    def clocks_per_event(self) -> int:
        """Clocks that an event from the layer before takes which reaches a whole window."""
        edge = self.edges[0]
        positions = position_steps(
            self.edge_window(edge), gaps(edge.stride, edge.dilation), self.tap_grid
        )
        return positions * self.blocks_per_event(edge) * self.clocks_per_step

    @property
    def operand_stage(self) -> int:
        """Clocks from the address of a neuron's word to its operands."""
        return 2 if self.fast_clock else 1

    @property
    def write_stage(self) -> int:
        """Clocks from the address to the write, odd with single-port memory, read in even ones."""
        written = self.operand_stage + 2
        return written | 1 if self.single_port else written

    @property
    def clocks_per_step(self) -> int:
        """Clocks of a step: two with single-port membranes."""
        return 2 if self.single_port else 1

    @property
    def bank_shape(self) -> tuple[int, int]:
        """Rows and columns of output positions in one membrane bank.

        Position ``(y, x)`` lies in bank ``(y % tap rows, x % tap columns)``.
        """
        rows, columns = (
            -(-size // taps)
            for size, taps in zip(self.output_shape[1:], self.tap_grid, strict=True)
        )
        return rows, columns

    @property
    def bank_depth(self) -> int:
        """Words of one membrane bank.

        Position ``(y, x)``, block ``b`` lies at
        ``(y // tap rows * bank columns + x // tap columns) * blocks + b``.
        """
        rows, columns = self.bank_shape
        return rows * columns * self.blocks

    def edge_depth(self, index: int) -> int:
        """Words of the weight memory that belong to an edge."""
        edge = self.edges[index]
        kernel = edge.kernel[0] * edge.kernel[1]
        return edge.input_link.channels * kernel * self.blocks_per_event(edge)

    @property
    def weight_depth(self) -> int:
        """Words of the weight memory."""
        return sum(self.edge_depth(index) for index in range(len(self.edges)))

    @property
    def membrane_word_bits(self) -> int:
        """Width of a membrane word: a membrane a lane, and the epoch tag."""
        return self.membrane_bits * self.lanes + self.epoch_bits

    @property
    def weight_word_bits(self) -> int:
        """Width of a weight word: a weight a lane."""
        return self.weight_bits * self.lanes

    @property
    def address_bits(self) -> int:
        """Width of a membrane address."""
        return ceil_log2(self.bank_depth)

    @property
    def weight_address_bits(self) -> int:
        """Width of a weight address."""
        return ceil_log2(self.weight_depth)
