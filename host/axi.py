"""Host's end of an AXI core: samples to it by DMA, answers back, registers."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from amaranth.lib import data

from tickless.errors import InputError
from tickless.host.port import BoardError
from tickless.host.protocol import Answer, Info, pack_events, unpack
from tickless.host.transmission import Transmission
from tickless.hw.axi.registers import MAGIC, VERSION, registers
from tickless.hw.axi.shape import CLOCK_BITS, WORD_BITS, AxiShape
from tickless.hw.core.counters import counter_names
from tickless.hw.core.shape import COUNTER_BITS
from tickless.hw.fabric.loading import load_layout
from tickless.hw.packet import Kind, LinkConfig

__all__ = ["AxiClient", "AxiPort"]

WORD_BYTES = WORD_BITS // 8

CLOCK_MASK = (1 << CLOCK_BITS) - 1

UNKNOWN = AxiShape(LinkConfig(1, 1, 1, 1), classes=1, counters=(), network=0)
"""Shape of a core of which nothing is known but that it is one."""


class AxiPort(Protocol):
    """What reaches an AXI core: registers and DMA; `host.pynq.PynqPort` on a board."""

    def read(self, address: int) -> int:
        """A register."""
        ...

    def write(self, address: int, value: int) -> None:
        """Write a register."""
        ...

    def send(self, beats: np.ndarray) -> None:
        """Begin to send a packet of beats: uint8 ``[beats, bytes]``."""
        ...

    def receive(self, words: int) -> np.ndarray:
        """Wait for a packet of so many words: uint32 ``[words]``."""
        ...


class AxiClient:
    """AXI core at the other end of a port; what it offers is that of `host.client.Client`.

    A sample is a packet. One goes after the other, so that its clocks can be told.

    Parameters
    ----------
    port : AxiPort
        The port.
    clock_hz : int
        The core's clock, which only who built the design knows.

    Members
    -------
    info : Info
        What the core is; ``protocol`` is the version of its registers, there is no buffer and no
        stored sample.

    Raises
    ------
    BoardError
        From the constructor, if the core is none or of another version.
    """

    def __init__(self, port: AxiPort, clock_hz: int):
        self._port = port
        self._registers = {register.name: register for register in registers(UNKNOWN)}
        if (magic := self._read("magic")) != MAGIC:
            raise BoardError(f"register magic = {magic:#010x}: expected {MAGIC:#010x}: no AXI core")
        if (version := self._read("version")) != VERSION:
            raise BoardError(
                f"the core's registers are of version {version}, this program's of version "
                f"{VERSION}: build the core anew, or install the other version"
            )
        features = self._read("features")
        early_exit, loadable, every_counter = (bool(features >> bit & 1) for bit in range(3))
        self.info = Info(
            protocol=VERSION,
            early_exit=early_exit,
            cores=self._read("cores"),
            channels=self._read("channels"),
            height=self._read("height"),
            width=self._read("width"),
            classes=self._read("classes"),
            buffer_bytes=0,
            stored_events=0,
            counter_bits=COUNTER_BITS,
            clock_hz=clock_hz,
            network=self._read("network_low") | self._read("network_high") << WORD_BITS,
        )
        self._shape = _shape(self.info, loadable, every_counter)
        self._registers = {register.name: register for register in registers(self._shape)}
        self._samples = 0
        self._start()

    def classify(self, addresses: np.ndarray) -> Answer:
        """Answer to one sample of events ``[n, 3]``: ``(channel, y, x)``."""
        *_, answer = self.answers([Transmission(addresses)])
        return answer

    def answers(self, samples: Iterable[Transmission]) -> Iterator[Answer]:
        """Answers to each sample's READs and its END, in order; ``latency`` is END's alone.

        Raises
        ------
        InputError
            If a sample is to leave at its own pace: DMA knows none.
        """
        for sample in samples:
            if sample.t_us is not None:
                raise InputError("t_us: expected None: DMA sends events as fast as they are taken")
            self._port.send(self._beats(sample))
            while not (answer := self._receive(len(sample.addresses) > 0)).ends:
                yield answer
            self._samples += 1
            yield answer

    def counters(self, index: int) -> dict[str, int]:
        """Counters of a core."""
        prefix = f"core_{index}."
        names = [name for name in self._registers if name.startswith(prefix)]
        return {name.removeprefix(prefix): self._read(name) for name in names}

    @property
    def margin(self) -> int:
        """Margin of early exit, in logit units; to be set between samples."""
        return self._read("margin")

    @margin.setter
    def margin(self, value: int) -> None:
        self._write("margin", value)

    def load(self, image: np.ndarray) -> None:
        """Load a network: chunks of ``image.bin``, a structured array ``core, address, data``.

        Raises
        ------
        BoardError
            If not every chunk has been written.
        """
        names = ("load_written", "load_unknown", "load_refused")
        before = [self._read(name) for name in names]
        for chunk in image:
            for name in ("core", "address", "data"):
                self._write(f"load_{name}", int(chunk[name]))
        # The last of them may still be on their way.
        while True:
            counts = [self._read(name) - old for name, old in zip(names, before, strict=True)]
            if sum(counts) == len(image):
                break
        if counts[0] != len(image):
            raise BoardError(
                f"{counts[0]:,} of {len(image):,} chunks were written, {counts[1]:,} are for "
                f"memories that do not exist, {counts[2]:,} came within a sample: expected the "
                "image of a network for this core"
            )

    def _start(self) -> None:
        """End the sample that an earlier program left, and drop its answers."""
        status = self._read("status")
        if status & 1:
            self._port.send(self._markers(Kind.END))
        # END may still be on its way: only behind its answer is the status 0.
        while status:
            self._receive(events=False)
            status = self._read("status")

    def _receive(self, events: bool) -> Answer:
        layout = self._shape.words
        words = self._port.receive(layout.size // WORD_BITS)
        values = unpack(layout, words.astype("<u4").tobytes())
        ends = values["kind"] == Kind.END.value
        clocks = latency = 0
        if events:
            clocks = values["clock"] - self._read("first_clock") & CLOCK_MASK
        if ends:
            latency = values["clock"] - self._read("marker_clock") & CLOCK_MASK
        return Answer(
            sample=self._samples & 0xFFFF,
            clocks=clocks,
            latency=latency,
            ends=ends,
            class_index=values["class_index"],
            logits=tuple(values["logits"]),
            decision=values["event"] if values["decided"] else None,
        )

    def _beats(self, sample: Transmission) -> np.ndarray:
        """A sample's packet, behind which END comes by itself."""
        count = len(sample.addresses)
        if count == 0:
            return self._markers(Kind.END)
        beats = pack_events(self._shape.event, self.info.sensor, sample.addresses)
        if len(sample.reads):
            beats = np.insert(beats, list(sample.reads), self._markers(Kind.READ), axis=0)
        return np.ascontiguousarray(beats)

    def _markers(self, kind: Kind) -> np.ndarray:
        """A beat of a marker."""
        layout = self._shape.event
        value = kind.value << layout["kind"].offset
        return np.frombuffer(value.to_bytes(layout.size // 8, "little"), np.uint8)[None]

    def _read(self, name: str) -> int:
        register = self._registers[name]
        words = [self._port.read(register.address + WORD_BYTES * n) for n in range(register.words)]
        return sum(word << WORD_BITS * index for index, word in enumerate(words))

    def _write(self, name: str, value: int) -> None:
        register = self._registers.get(name)
        if register is None:
            raise InputError(f"{name} = {value}: this core has no such register")
        self._port.write(register.address, value)


def _shape(info: Info, loadable: bool, every_counter: bool) -> AxiShape:
    """Shape of a core, from what its registers say."""
    counters = (
        data.StructLayout(
            dict.fromkeys(counter_names(every_counter, core == info.cores - 1), info.counter_bits)
        )
        for core in range(info.cores)
    )
    return AxiShape(
        link=LinkConfig(*info.sensor, lanes=info.channels, guarded=True),
        classes=info.classes,
        counters=tuple(counters),
        network=info.network,
        margin=0 if info.early_exit else None,
        load=load_layout(info.cores) if loadable else None,
    )
