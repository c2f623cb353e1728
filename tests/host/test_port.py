"""Ports that cannot be opened, and what to do about it."""

import errno
import os
import termios
import time
import tty
from concurrent.futures import ThreadPoolExecutor

import pytest
import serial

from tickless.command import main
from tickless.host import port as module
from tickless.host.clock import SimulatedClock, clock_path, start_clock
from tickless.host.port import BoardError, SerialPort, open_port


def refuse(monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(module, "SerialPort", fail)


def test_no_such_port(monkeypatch, capsys):
    class Found:
        device = "/dev/ttyFAKE3"

    monkeypatch.setattr(module.list_ports, "comports", lambda: [Found])
    assert main(["run", "--port", "/dev/ttyNONE", "x.bin"]) == 2
    message = capsys.readouterr().err
    assert "error: /dev/ttyNONE: no such port; the ports here are /dev/ttyFAKE3." in message
    assert "tickless simulate-board" in message
    monkeypatch.setattr(module.list_ports, "comports", list)
    with pytest.raises(BoardError, match="there is no port here"):
        open_port("/dev/ttyNONE")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "/dev/x: permission denied. .* usermod -a -G dialout"),
        (errno.EBUSY, "/dev/x: another program uses it"),
        (errno.EIO, "/dev/x: cannot be opened: .*words"),
    ],
)
def test_advice(monkeypatch, number, words):
    refuse(monkeypatch, serial.SerialException(number, "words"))
    with pytest.raises(BoardError, match=words):
        open_port("/dev/x")


def test_a_file_is_no_port(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(BoardError, match="file: cannot be opened"):
        open_port(str(path))


def test_one_program_at_a_time():
    far, near = os.openpty()
    try:
        path = os.ttyname(near)
        with open_port(path), pytest.raises(BoardError, match=f"{path}: another program uses it"):
            open_port(path)
    finally:
        os.close(near)
        os.close(far)


@pytest.fixture
def pty_ends():
    far, near = os.openpty()
    tty.setraw(near)
    yield far, near
    os.close(near)
    os.close(far)


def test_the_highest_rate_of_a_board_is_taken(pty_ends):
    """No terminal has a constant for it."""
    with open_port(os.ttyname(pty_ends[1]), 12_000_000) as port:
        assert isinstance(port, SerialPort)
        assert port.baudrate == 12_000_000
        assert termios.tcgetattr(pty_ends[1])[4] not in (0, termios.B9600, termios.B38400)


def test_all_is_written_piece_by_piece(pty_ends):
    far, near = pty_ends
    content = os.urandom(50_000)
    received = bytearray()

    def listen():
        while len(received) < len(content):
            received.extend(os.read(far, 1000))

    with open_port(os.ttyname(near)) as port, ThreadPoolExecutor(1) as pool:
        listener = pool.submit(listen)
        assert port.write(content) == len(content)
        listener.result()
    assert received == content


def test_a_port_that_takes_nothing(pty_ends, monkeypatch):
    monkeypatch.setattr(module, "WRITE_LIMIT_S", 0.2)
    with open_port(os.ttyname(pty_ends[1])) as port:
        with pytest.raises(OSError, match="Write timeout"):
            port.write(bytes(100_000))
        assert isinstance(port, SerialPort)
        port.reset_output_buffer()


def test_the_clock_beside_the_port(pty_ends, tmp_path):
    path = str(tmp_path / "port")
    os.symlink(os.ttyname(pty_ends[1]), path)
    with open_port(path) as port:
        assert port.now_s() == pytest.approx(time.monotonic(), abs=60)
    start_clock(clock_path(path))
    with open_port(path) as port:
        assert port.now_s() == 0
        SimulatedClock(clock_path(path)).set(2.5)
        assert port.now_s() == 2.5
