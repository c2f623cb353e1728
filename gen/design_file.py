"""Design file: the shapes of a loadable mesh, by which images for it are made later."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tickless.errors import InputError
from tickless.hw.fabric.config import MeshConfig

__all__ = ["DESIGN_FILE", "design_number", "read_design", "write_design"]

DESIGN_FILE = "design.json"
"""Name of the file beside a bitstream."""

VERSION = 1
"""Version of the form, and of the memory map that follows from the shapes."""


@dataclass(frozen=True)
class _Design:
    version: int
    mesh: MeshConfig


def _encoded(config: MeshConfig) -> bytes:
    return msgspec.json.encode(_Design(VERSION, config))


def design_number(config: MeshConfig) -> int:
    """Number of a design, 64 bits: other shapes and other memory maps have other ones."""
    return int.from_bytes(hashlib.sha256(_encoded(config)).digest()[:8], "little")


def write_design(config: MeshConfig, path: Path) -> None:
    """Write a design file."""
    path.write_bytes(_encoded(config))


def read_design(path: Path) -> MeshConfig:
    """Mesh of a design file.

    Raises
    ------
    InputError
        If there is none, or it is of another version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}: expected the {DESIGN_FILE} beside a bitstream that was "
            "built with --loadable"
        ) from None
    try:
        design = msgspec.json.decode(content, type=_Design)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no design file: {error}") from None
    if design.version != VERSION:
        raise InputError(
            f"{path}: version {design.version}: expected {VERSION}: build the bitstream anew"
        )
    return design.mesh
