"""Ports that cannot be opened, and what to do about it."""

import errno
import os

import pytest
import serial

from tickless.command import main
from tickless.host import port as module
from tickless.host.port import BoardError, open_port


def refuse(monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(module.serial, "Serial", fail)


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
