"""Datagrams from a socket of this machine."""

import select
import socket
import sys

import pytest

from tests.host.stream.test_wire import rows, some
from tickless.errors import InputError
from tickless.host.stream.udp import UdpSource, bound_socket
from tickless.host.stream.wire import WIRES


@pytest.fixture
def bound():
    with bound_socket("127.0.0.1", 0) as bound:
        yield bound


@pytest.fixture
def line(bound):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(bound.getsockname())
        yield line


def test_all_that_has_come_is_taken_at_once(bound, line):
    source = UdpSource(bound, "t64_x16_y16_on8")
    assert source.read() == []
    events = some(500)
    records = WIRES["t64_x16_y16_on8"].encode(events)
    for at in range(0, 500, 50):
        line.send(records[at : at + 50].tobytes())
    line.send(b"none")
    line.send(b"")
    select.select([bound], [], [])
    [arrival] = source.read()
    assert rows(arrival.events) == rows(events)
    assert (source.datagrams, source.malformed, source.time_bits) == (12, 2, 64)
    assert source.read() == []
    assert not source.ended


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts them")
def test_datagrams_that_find_no_room_are_counted(bound, line):
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the system's least
    source = UdpSource(bound, "aestream")
    for _ in range(200):
        line.send(WIRES["aestream"].encode(some(100)).tobytes())
    source.read()
    assert source.lost == 200 - source.datagrams > 0


def test_a_port_that_another_has(bound):
    host, port = bound.getsockname()
    with pytest.raises(InputError, match=f"UDP {host}:{port}: cannot be listened to: .* in use"):
        bound_socket(host, port)


def test_an_address_that_is_not_here():
    with pytest.raises(InputError, match=r"UDP 192\.0\.2\.1:3333: cannot be listened to"):
        bound_socket("192.0.2.1", 3333)
    with pytest.raises(InputError, match=r"UDP no\.such\.invalid:3333: cannot be listened to"):
        bound_socket("no.such.invalid", 3333)
