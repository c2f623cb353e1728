"""Parameters of a core: geometry, folding, widths and memory contents."""

from dataclasses import dataclass
from functools import cached_property

from amaranth.utils import ceil_log2

from hw.packet import LinkConfig

__all__ = ["CoreConfig", "DesignConfig", "foldings", "group_blocks", "position_steps", "window"]


def foldings(window: tuple[int, int]) -> list[int]:
    """Values of ``taps`` that keep the order of spikes for a window of output positions.

    Either some positions of one window row, or some whole rows, are updated at once.
    """
    rows, columns = window
    return [*range(1, columns + 1), *(row * columns for row in range(2, rows + 1))]


def window(kernel: tuple[int, int], stride: int, size: tuple[int, int]) -> tuple[int, int]:
    """Largest number of output rows and columns that one event reaches, of ``size`` in all."""
    rows, columns = (min(-(-k // stride), s) for k, s in zip(kernel, size, strict=True))
    return rows, columns


def group_blocks(group: range, core: range, lanes: int) -> range:
    """Channel blocks of a core in which the output channels of a convolution group lie.

    Parameters
    ----------
    group, core : range
        Output channels of the layer that belong to the group, and to the core.
    lanes : int
        Channels of a block.
    """
    first, end = max(group.start, core.start), min(group.stop, core.stop)
    if first >= end:
        return range(0)
    return range((first - core.start) // lanes, -(-(end - core.start) // lanes))


def position_steps(window: tuple[int, int], taps: int) -> int:
    """Steps in which ``taps`` output positions at once cover a window."""
    rows, columns = window
    if taps <= columns:
        return rows * -(-columns // taps)
    return -(-rows * columns // taps)


@dataclass(frozen=True)
class CoreConfig:
    """One layer, or a slice of its output channels, as one core.

    Parameters
    ----------
    name : str
        Name of the layer.
    input_link : LinkConfig
        Packets that the core receives; their extent is the layer's input shape.
    shape : tuple of int
        Output extent ``(channels, height, width)``.
    first_channel, layer_channels : int
        Place of the core's channels among those of the layer, which are ``layer_channels``.
    kernel : tuple of int
        Kernel height and width.
    stride, padding, pool, groups : int
        Stride, zero padding, pooling factor in front, convolution groups.
    lanes : int
        Output channels updated at once, 1 to ``layer_channels``.
    taps : int
        Output positions updated at once: one of ``foldings(window)``.
    weight_bits : int
        Width of a signed weight, at least 2.
    membrane_bits : int
        Width of a signed membrane, at least 2; of a logit for a readout.
    weights : tuple of int
        Weight memory: `weight_depth` words at
        ``((channel * kernel height + ky) * kernel width + kx) * blocks_per_event + block``, where
        ``block`` counts from the first channel block of the event's convolution group; lane ``i``
        of a word lies at bits ``[i * weight_bits, (i + 1) * weight_bits)`` in two's complement.
    thresholds, floors : tuple of int
        One an output channel, ``1 <= threshold <= 2**(membrane_bits - 1)`` and
        ``-2**(membrane_bits - 1) <= floor < 0``; empty for a readout.
    event_ends : bool
        Whether the core sends the end of each of its events, as the slices of a cut layer must.
    readout : bool
        Whether the core accumulates logits and answers markers instead of spiking.
    queue_depth : int
        Groups of fired masks that wait for the output link; more than the pipeline holds.
    epoch_bits : int
        Width of the epoch tag beside each membrane word, at least 4. Membranes are cleared by a
        new epoch at END, and by a sweep once in ``2**epoch_bits - 1`` samples.
    """

    name: str
    input_link: LinkConfig
    shape: tuple[int, int, int]
    first_channel: int
    layer_channels: int
    kernel: tuple[int, int]
    stride: int
    padding: int
    pool: int
    groups: int
    lanes: int
    taps: int
    weight_bits: int
    membrane_bits: int
    weights: tuple[int, ...]
    thresholds: tuple[int, ...] = ()
    floors: tuple[int, ...] = ()
    event_ends: bool = False
    readout: bool = False
    queue_depth: int = 32
    epoch_bits: int = 4

    def __post_init__(self):
        def check(condition: bool, name: str, expected: str):
            if not condition:
                raise ValueError(
                    f"core {self.name!r}: {name} = {getattr(self, name)!r}: expected {expected}"
                )

        channels = self.shape[0]
        for name in ("stride", "pool", "groups"):
            check(getattr(self, name) >= 1, name, "at least 1")
        check(self.padding >= 0, "padding", "at least 0")
        check(min(self.shape) >= 1, "shape", "positive extents")
        check(min(self.kernel) >= 1, "kernel", "positive extents")
        check(
            self.layer_channels % self.groups == 0 and self.input_link.channels % self.groups == 0,
            "groups",
            f"a divisor of {self.input_link.channels} input and {self.layer_channels} output "
            "channels",
        )
        check(
            0 <= self.first_channel <= self.layer_channels - channels,
            "first_channel",
            f"0..{self.layer_channels - channels}",
        )
        check(
            1 <= self.lanes <= self.layer_channels,
            "lanes",
            f"1 to {self.layer_channels}, the layer's output channels",
        )
        check(self.taps in foldings(self.window), "taps", f"one of {foldings(self.window)}")
        check(self.weight_bits >= 2, "weight_bits", "at least 2")
        check(self.membrane_bits >= 2, "membrane_bits", "at least 2")
        check(self.queue_depth >= 16, "queue_depth", "at least 16")
        check(self.epoch_bits >= 4, "epoch_bits", "at least 4")
        if len(self.weights) != self.weight_depth:
            raise ValueError(
                f"core {self.name!r}: {len(self.weights)} weight words: "
                f"expected {self.weight_depth}"
            )
        if self.readout:
            check(self.window == (1, 1) and self.shape[1:] == (1, 1), "shape", "one position")
            check(self.thresholds == () and self.floors == (), "thresholds", "none for a readout")
            check(channels == self.layer_channels, "shape", "all channels of a readout")
            check(not self.event_ends, "event_ends", "none of a readout")
            return
        half = 1 << (self.membrane_bits - 1)
        for name, values, low, high in (
            ("thresholds", self.thresholds, 1, half),
            ("floors", self.floors, -half, -1),
        ):
            in_range = all(low <= value <= high for value in values)
            check(len(values) == channels and in_range, name, f"{channels} in {low}..{high}")

    @cached_property
    def window(self) -> tuple[int, int]:
        """Largest number of output rows and columns that one event reaches."""
        return window(self.kernel, self.stride, self.shape[1:])

    @property
    def tap_grid(self) -> tuple[int, int]:
        """Rows and columns of output positions updated at once: ``taps`` in all."""
        columns = self.window[1]
        return (1, self.taps) if self.taps <= columns else (self.taps // columns, columns)

    @property
    def output_link(self) -> LinkConfig:
        """Packets that the core sends."""
        channels, height, width = self.shape
        return LinkConfig(channels, height, width, self.lanes, level_bits=int(self.event_ends))

    @property
    def blocks(self) -> int:
        """Channel blocks of the core; block ``b`` starts at channel ``b * lanes``."""
        return -(-self.shape[0] // self.lanes)

    def group_blocks(self, group: int) -> range:
        """Channel blocks in which the output channels of a convolution group lie."""
        size = self.layer_channels // self.groups
        return group_blocks(
            range(group * size, (group + 1) * size),
            range(self.first_channel, self.first_channel + self.shape[0]),
            self.lanes,
        )

    def lane_mask(self, group: int, block: int) -> int:
        """Lanes of a channel block that belong to a convolution group, one bit a lane."""
        size = self.layer_channels // self.groups
        first = self.first_channel + block * self.lanes
        end = min(first + self.lanes, self.first_channel + self.shape[0])
        return sum(
            1 << channel - first for channel in range(first, end) if channel // size == group
        )

    @cached_property
    def blocks_per_event(self) -> int:
        """Most channel blocks that one event reaches."""
        return max(1, *(len(self.group_blocks(group)) for group in range(self.groups)))

    @property
    def clocks_per_event(self) -> int:
        """Clocks that an event takes which reaches a whole window."""
        return position_steps(self.window, self.taps) * self.blocks_per_event

    @property
    def bank_shape(self) -> tuple[int, int]:
        """Rows and columns of output positions in one membrane bank.

        Position ``(y, x)`` lies in bank ``(y % tap rows, x % tap columns)``.
        """
        rows, columns = (
            -(-size // taps) for size, taps in zip(self.shape[1:], self.tap_grid, strict=True)
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

    @property
    def weight_depth(self) -> int:
        """Words of the weight memory."""
        return self.input_link.channels * self.kernel[0] * self.kernel[1] * self.blocks_per_event

    @property
    def address_bits(self) -> int:
        """Width of a membrane address."""
        return ceil_log2(self.bank_depth)

    @property
    def weight_address_bits(self) -> int:
        """Width of a weight address."""
        return ceil_log2(self.weight_depth)


@dataclass(frozen=True)
class DesignConfig:
    """Chain of cores: each sends to the next, the last one is the readout."""

    cores: tuple[CoreConfig, ...]

    @property
    def layers(self) -> tuple[tuple[CoreConfig, ...], ...]:
        """Cores of each layer: one."""
        return tuple((core,) for core in self.cores)

    def __post_init__(self):
        readouts = [core.readout for core in self.cores]
        if not readouts or readouts != [False] * (len(readouts) - 1) + [True]:
            raise ValueError(f"cores: readouts {readouts}: expected one, as the last core")
        for before, after in zip(self.cores, self.cores[1:], strict=False):
            if after.input_link != before.output_link:
                raise ValueError(
                    f"core {after.name!r}: input link {after.input_link!r}: expected the output "
                    f"link of {before.name!r}, {before.output_link!r}"
                )
