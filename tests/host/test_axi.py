"""Client of an AXI core, on a core that answers from a table; the real one is in tests/sim/axi."""

import sys
from collections import deque
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.hw.axi.shapes import small
from tickless.errors import InputError, MissingToolError
from tickless.host.axi import AxiClient
from tickless.host.port import BoardError
from tickless.host.pynq import PynqPort, open_pynq
from tickless.host.transmission import Transmission
from tickless.hw.axi.registers import MAGIC, VERSION, registers
from tickless.hw.packet import Kind


class FakeCore:
    """Port of a core whose logits are the beats' number, twice that and 0."""

    def __init__(self, shape=None, **held):
        self.shape = shape or small()
        self.addresses = {register.name: register.address for register in registers(self.shape)}
        channels, height, width = 2, 5, 6
        identity = {
            "magic": MAGIC,
            "version": VERSION,
            "channels": channels,
            "height": height,
            "width": width,
            "classes": 3,
            "cores": 2,
            "features": self.shape.features,
            "network_low": 0x89AB_CDEF,
            "network_high": 0x0123_4567,
            "first_clock": 2**32 - 50,
            "marker_clock": 10,
        }
        self.words = {self.addresses[name]: value for name, value in (identity | held).items()}
        self.packets, self.answers, self.written = [], deque(), []

    def read(self, address):
        return self.words.get(address, 0)

    def write(self, address, value):
        self.words[address] = value
        self.written.append((address, value))
        if address == self.addresses.get("load_data"):
            known = self.words[self.addresses["load_address"]] < 100
            self.words[self.addresses["load_written" if known else "load_unknown"]] = (
                self.read(self.addresses["load_written" if known else "load_unknown"]) + 1
            )

    def send(self, beats):
        self.packets.append(beats)
        event = self.shape.event
        count = 0
        for row in beats:
            beat = event.from_bits(int.from_bytes(row.tobytes(), "little"))
            if beat.kind == Kind.READ:
                self.answers.append((Kind.READ, count))
            count += beat.kind == Kind.EVENT
        self.answers.append((Kind.END, count))

    def receive(self, words):
        kind, count = self.answers.popleft()
        self.words[self.addresses["status"]] = len(self.answers) << 16
        answer: Any = {
            "class_index": 1,
            "kind": kind,
            "decided": int(count == 7),
            "clock": 60,
            "logits": [count, 2 * count, 0],
            **({"event": 5} if self.shape.early_exit else {}),
        }
        bits = self.shape.words.const(answer).as_bits()
        assert words == self.shape.words.size // 32
        return np.frombuffer(bits.to_bytes(4 * words, "little"), "<u4")


def events(count):
    return np.ones((count, 3), np.int32)


def test_answers_are_read_with_their_clocks():
    client = AxiClient(FakeCore(), clock_hz=1000)
    assert client.info.sensor == (2, 5, 6)
    assert (client.info.network, client.info.clock_hz) == (0x0123_4567_89AB_CDEF, 1000)
    first, last = client.answers([Transmission(events(5), reads=[3])])
    assert (first.ends, first.logits, first.latency) == (False, (3, 6, 0), 0)
    assert (last.ends, last.logits, last.latency) == (True, (5, 10, 0), 50)
    assert first.clocks == last.clocks == 110  # around the end of the count
    assert client.classify(events(0)).clocks == 0
    assert (client.classify(events(7)).decision, client.classify(events(1)).sample) == (5, 3)


def test_an_event_outside_the_sensor_is_one_that_the_core_drops():
    core = FakeCore()
    AxiClient(core, 1000).classify(np.array([[0, -1, 2], [1, 4, 5], [2, 0, 0]], np.int32))
    [beats] = core.packets
    seen = [core.shape.event.from_bits(int.from_bytes(row.tobytes(), "little")) for row in beats]
    assert [(beat.channel, beat.y, beat.x) for beat in seen] == [(0, 7, 0), (1, 4, 5), (0, 7, 0)]


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"magic": 5}, "register magic = 0x00000005: expected 0x534c4b54"),
        ({"version": 9}, "registers are of version 9, this program's of version 1"),
    ],
)
def test_what_is_no_such_core_is_refused(held, words):
    with pytest.raises(BoardError, match=words):
        AxiClient(FakeCore(**held), 1000)


def test_a_sample_that_an_earlier_program_left_is_ended():
    core = FakeCore(status=1)
    client = AxiClient(core, 1000)
    [beats] = core.packets
    assert beats.shape == (1, core.shape.event.size // 8)
    assert not core.answers
    assert client.classify(events(2)).logits == (2, 4, 0)


def test_what_the_core_cannot_do_is_an_error():
    client = AxiClient(FakeCore(small(early_exit=False, loadable=False)), 1000)
    with pytest.raises(InputError, match="margin = 5: this core has no such register"):
        client.margin = 5
    with pytest.raises(InputError, match="t_us: expected None"):
        list(client.answers([Transmission(events(2), np.zeros(2, np.int64))]))


def test_an_image_is_written_chunk_by_chunk_and_counted():
    core = FakeCore()
    client = AxiClient(core, 1000)
    image = np.array([(0, 1, 2), (1, 2, 3)], [("core", "u4"), ("address", "u4"), ("data", "u4")])
    client.load(image)
    names = ("load_core", "load_address", "load_data")
    wanted = [(core.addresses[name], int(row[name[5:]])) for row in image for name in names]
    assert core.written == wanted
    image["address"][1] = 200
    with pytest.raises(BoardError, match="1 of 2 chunks were written, 1 are for memories that do"):
        client.load(image)


class Buffer(np.ndarray):
    """Buffer as `pynq.allocate` gives one."""

    def freebuffer(self):
        self.fill(0)


def allocate(shape, dtype):
    return np.zeros(shape, dtype).view(Buffer)


class FakeDma:
    """DMA that passes what it is given on to a fake core."""

    def __init__(self, core):
        self.core: Any = core
        self.buffer: Any = None
        self.sendchannel = SimpleNamespace(transfer=self.send, wait=lambda: None)
        self.recvchannel = SimpleNamespace(transfer=self.receive, wait=self.wait)

    def send(self, buffer):
        self.core.send(np.array(buffer).reshape(-1, self.core.shape.event.size // 8))

    def receive(self, buffer):
        self.buffer = buffer

    def wait(self):
        self.buffer[:] = self.core.receive(len(self.buffer))


def test_a_pynq_board_is_reached_through_its_dma():
    core = FakeCore()
    client = AxiClient(PynqPort(core, FakeDma(core), allocate), 1000)
    for count in (3, 0, 9):
        assert client.classify(events(count)).logits == (count, 2 * count, 0)


def test_an_overlay_is_opened(monkeypatch, tmp_path):
    core = FakeCore()
    with pytest.raises(MissingToolError, match="no module pynq"):
        open_pynq(tmp_path / "a.bit", 1000)
    pynq = ModuleType("pynq")
    pynq.Overlay = lambda path: SimpleNamespace(core=core, dma=FakeDma(core))  # pyright: ignore[reportAttributeAccessIssue]
    pynq.allocate = allocate  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    assert open_pynq(tmp_path / "a.bit", 1000).classify(events(4)).logits == (4, 8, 0)
