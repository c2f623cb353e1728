"""Receiver of packets: which frames are for this board, and what is in them."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tickless.hw.ethernet.checksum import Checksum
from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.datagram import DATAGRAM_LAYOUT, HEADER_BYTES, MOST_BYTES, VERSION
from tickless.hw.ethernet.look_up import look_up

__all__ = ["COUNT_BITS", "HEADERS", "SENDER_LAYOUT", "PacketReceiver"]

ETHERNET_BYTES, IP_BYTES, UDP_BYTES = 14, 20, 8

IP, UDP = ETHERNET_BYTES, ETHERNET_BYTES + IP_BYTES
"""Places of the headers in a frame."""

DATAGRAM = UDP + UDP_BYTES

HEADERS = DATAGRAM + HEADER_BYTES
"""Bytes in front of those of the line."""

COUNT_BITS = 11
"""Width of a number of bytes in a datagram."""

LENGTH_BITS = 16

SUMMING_CLOCKS = 6
"""Clocks behind a frame's end in which the sums of its last bytes become a verdict."""

SENDER_LAYOUT = data.StructLayout({"mac": 48, "ip": 32, "port": 16})
"""Addresses of a sender, each as it is on the line, its first byte lowest."""

# The length of the pseudo header is that of the IP packet less its header, in ones' complement.
PSEUDO_HEADER = 0xFFFF - IP_BYTES + 17


def expected_of_udp(config: EthernetConfig) -> dict[int, tuple[int, int]]:
    """Bytes of a frame with a datagram for the board that are known: value and mask by place."""
    whole = {
        0: config.mac,
        12: b"\x08\x00",  # IPv4
        IP: b"\x45",  # version 4, no options
        IP + 7: b"\x00",  # no fragment
        IP + 9: b"\x11",  # UDP
        IP + 16: config.ip,
        UDP + 2: config.port.to_bytes(2, "big"),
        DATAGRAM: bytes([VERSION]),
    }
    return _places(whole) | {IP + 6: (0x00, 0xBF)}  # of its flags, "don't fragment" may be set


def expected_of_arp(config: EthernetConfig) -> dict[int, tuple[int, int]]:
    """Bytes of a frame that asks for the board's MAC address: value and mask by place."""
    # Of Ethernet and IPv4, 6 and 4 bytes of address; a request.
    return _places({12: bytes.fromhex("0806 0001 0800 06 04 0001"), 38: config.ip})


def _places(values: dict[int, bytes]) -> dict[int, tuple[int, int]]:
    return {
        first + offset: (byte, 0xFF)
        for first, content in values.items()
        for offset, byte in enumerate(content)
    }


class PacketReceiver(wiring.Component):
    """Receiver of datagrams to the board, and of ARP requests for it.

    Parameters
    ----------
    config : EthernetConfig
        Addresses.

    Members
    -------
    i, i_valid, end, good : In
        Frames: see `hw.ethernet.mac.MacReceiver`.
    o : Out(8)
        Byte of the line in what may become a datagram.
    o_valid : Out(1)
        Whether there is one.
    over : Out(1)
        High for one clock behind each frame; all below is valid then, and stays until another
        frame's headers come.
    is_datagram, is_request : Out(1)
        Whether it was a datagram for the board, or an ARP request.
    sender : Out(SENDER_LAYOUT)
        Where it came from.
    header : Out(DATAGRAM_LAYOUT)
        Header of the datagram.
    count : Out(COUNT_BITS)
        Bytes of the line in it.
    """

    i: Signal
    i_valid: Signal
    end: Signal
    good: Signal
    o: Signal
    o_valid: Signal
    over: Signal
    is_datagram: Signal
    is_request: Signal
    sender: Any
    header: Any
    count: Signal

    def __init__(self, config: EthernetConfig):
        self.config = config
        super().__init__(
            {
                "i": In(8),
                **dict.fromkeys(("i_valid", "end", "good"), In(1)),
                "o": Out(8),
                **dict.fromkeys(("o_valid", "over", "is_datagram", "is_request"), Out(1)),
                "sender": Out(SENDER_LAYOUT),
                "header": Out(DATAGRAM_LAYOUT),
                "count": Out(COUNT_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Two clocks are spent on what is known of a byte's place before anything is done with it.
        place = Signal(range(HEADERS + 1))
        with m.If(self.end):
            m.d.sync += place.eq(0)
        with m.Elif(self.i_valid & (place != HEADERS)):
            m.d.sync += place.eq(place + 1)
        early, byte = Signal(8, reset_less=True), Signal(8, reset_less=True)
        early_valid, valid, good = Signal(), Signal(), Signal()
        ending = Signal(SUMMING_CLOCKS)
        end = ending[-1]
        m.d.sync += [
            early.eq(self.i),
            early_valid.eq(self.i_valid),
            byte.eq(early),
            valid.eq(early_valid),
            ending.eq(Cat(self.end, ending)),
        ]
        with m.If(self.end):
            m.d.sync += good.eq(self.good)

        def at(*places: int) -> Signal:
            """Whether the byte is at one of these places."""
            signal = Signal()
            m.d.sync += signal.eq(look_up(m, place, dict.fromkeys(places, 1), 1) & early_valid)
            return signal

        def matches(expected: dict[int, tuple[int, int]]) -> Signal:
            """Whether all bytes of a frame so far are as expected."""
            values = {at: value for at, (value, _) in expected.items()}
            masks = {at: mask for at, (_, mask) in expected.items()}
            value, mask = Signal(8, reset_less=True), Signal(8, reset_less=True)
            differs, matching = Signal(), Signal(init=1)
            m.d.sync += [
                value.eq(look_up(m, place, values, 8)),
                mask.eq(look_up(m, place, masks, 8)),
                differs.eq(valid & (((byte ^ value) & mask) != 0)),
            ]
            with m.If(end):
                m.d.sync += matching.eq(1)
            with m.Elif(differs):
                m.d.sync += matching.eq(0)
            return matching

        may_be_udp = matches(expected_of_udp(self.config))
        may_be_arp = matches(expected_of_arp(self.config))
        sender: Any = Signal(SENDER_LAYOUT, reset_less=True)
        header = Signal(DATAGRAM_LAYOUT.size, reset_less=True)
        m.d.comb += [self.sender.eq(sender), self.header.eq(header)]
        length = Signal(LENGTH_BITS, reset_less=True)
        udp_length = Signal(LENGTH_BITS, reset_less=True)
        for field, where in (
            (Cat(length[8:], length[:8]), at(IP + 2, IP + 3)),
            (Cat(udp_length[8:], udp_length[:8]), at(UDP + 4, UDP + 5)),
            (sender.mac, at(*range(6, 12))),
            (sender.port, at(UDP, UDP + 1)),
            (header, at(*range(DATAGRAM, HEADERS))),
        ):
            with m.If(where):
                m.d.sync += field.eq(Cat(field[8:], byte))
        with m.If(at(*range(IP + 12, IP + 16)) | (at(IP + 16, IP + 17) & may_be_arp)):
            m.d.sync += sender.ip.eq(Cat(sender.ip[8:], byte))

        rest = Signal(COUNT_BITS, reset_less=True)
        has_rest, is_long_enough, is_short_enough, agrees = (Signal() for _ in range(4))
        counts = Signal()
        ip_content = Signal(LENGTH_BITS, reset_less=True)
        m.d.comb += counts.eq(at(HEADERS) & has_rest)
        with m.If(at(IP + 4)):
            m.d.sync += [
                rest.eq(length - (HEADERS - IP)),
                self.count.eq(length - (HEADERS - IP)),
                is_long_enough.eq(length >= HEADERS - IP),
                is_short_enough.eq(length <= HEADERS - IP + MOST_BYTES),
            ]
        with m.If(at(IP + 5)):
            m.d.sync += has_rest.eq(rest != 0)
        with m.If(counts):
            m.d.sync += [rest.eq(rest - 1), has_rest.eq(rest != 1)]
        m.d.sync += [
            ip_content.eq(length - IP_BYTES),
            agrees.eq(udp_length == ip_content),
            self.o.eq(byte),
            self.o_valid.eq(counts),
        ]

        is_high = Signal()
        m.d.sync += is_high.eq(~is_high)
        with m.If(~early_valid):
            m.d.sync += is_high.eq(0)
        m.submodules.ip = ip = Checksum()
        m.submodules.udp = udp = Checksum(PSEUDO_HEADER)
        of_pseudo_header = (IP + 2, IP + 3, *range(IP + 12, UDP))
        m.d.comb += [
            ip.i_valid.eq(at(*range(IP, UDP))),
            udp.i_valid.eq(at(*of_pseudo_header, *range(UDP, HEADERS)) | counts),
        ]
        for checksum in (ip, udp):
            m.d.comb += [checksum.i.eq(byte), checksum.high.eq(is_high), checksum.clear.eq(end)]
        is_checked = Signal()
        with m.If(at(UDP + 6, UDP + 7) & (byte != 0)):
            m.d.sync += is_checked.eq(1)
        with m.If(end):
            m.d.sync += is_checked.eq(0)

        right, sums = Signal(), Signal(2)
        m.d.sync += [
            sums.eq(Cat(ip.sum == 0xFFFF, udp.sum == 0xFFFF)),
            right.eq(
                (sums[0] & (sums[1] | ~is_checked))
                & (is_long_enough & is_short_enough & agrees & ~has_rest)
            ),
            self.over.eq(end),
            self.is_datagram.eq(good & may_be_udp & right),
            self.is_request.eq(good & may_be_arp),
        ]
        return m
