"""Frames of the simulated network, as scapy reads and writes them."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from tests.hw.ethernet.wire import BOARD, PREAMBLE, framed, unframed
from tickless.sim.board.frames import HOST, datagram_of, frame_of


@pytest.mark.parametrize("size", [0, 1, 18, 19, 1472])
def test_every_checksum_of_a_frame_is_right(size):
    payload = bytes(range(256)) * 6
    frame = frame_of(payload[:size], BOARD)
    assert frame[:8] == PREAMBLE
    packet = unframed(frame[8:])
    assert bytes(packet[UDP].payload)[:size] == payload[:size]
    sums = packet[IP].chksum, packet[UDP].chksum
    packet[UDP].remove_payload()
    packet = packet / payload[:size]
    del packet[IP].chksum, packet[UDP].chksum
    again = Ether(bytes(packet))
    assert (again[IP].chksum, again[UDP].chksum) == sums
    assert (again[IP].src, again[UDP].dport) == (HOST.address, BOARD.port)


def test_the_payload_of_a_good_frame_alone_is_passed_on():
    mac = ":".join(f"{byte:02x}" for byte in HOST.mac)
    frame = PREAMBLE + framed(Ether(dst=mac) / IP() / UDP() / b"datagram")
    assert datagram_of(frame) == b"datagram"
    for place in range(len(PREAMBLE), len(frame)):
        damaged = bytearray(frame)
        damaged[place] ^= 16
        assert datagram_of(bytes(damaged)) is None
    assert datagram_of(frame[:30]) is None
    assert datagram_of(PREAMBLE + framed(Ether(dst=mac, type=0x806))) is None
