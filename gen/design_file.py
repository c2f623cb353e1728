"""Design file: the shapes of a loadable mesh, or of an engine, by which images are made later."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tickless.errors import InputError
from tickless.hw.fabric.config import MeshConfig
from tickless.hw.passes.config import PassConfig

__all__ = ["DESIGN_FILE", "design_number", "read_design", "write_design"]

DESIGN_FILE = "design.json"
"""Name of the file beside a bitstream."""

VERSION = 1
"""Version of the form, and of the memory map that follows from the shapes."""


@dataclass(frozen=True)
class _Mesh:
    version: int
    mesh: MeshConfig


@dataclass(frozen=True)
class _Engine:
    version: int
    engine: PassConfig


def _encoded(config: MeshConfig | PassConfig) -> bytes:
    made = _Engine if isinstance(config, PassConfig) else _Mesh
    return msgspec.json.encode(made(VERSION, config))  # pyright: ignore[reportArgumentType]


def design_number(config: MeshConfig | PassConfig) -> int:
    """Number of a design, 64 bits: other shapes and other memory maps have other ones."""
    return int.from_bytes(hashlib.sha256(_encoded(config)).digest()[:8], "little")


def write_design(config: MeshConfig | PassConfig, path: Path) -> None:
    """Write a design file."""
    path.write_bytes(_encoded(config))


def read_design(path: Path) -> MeshConfig | PassConfig:
    """Mesh, or engine, of a design file.

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
            "built with --loadable, or with --engine sdram"
        ) from None
    try:
        kind = _Engine if b'"engine"' in content[:40] else _Mesh
        design: Any = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no design file: {error}") from None
    if design.version != VERSION:
        raise InputError(
            f"{path}: version {design.version}: expected {VERSION}: build the bitstream anew"
        )
    return design.engine if isinstance(design, _Engine) else design.mesh
