"""Places that a command writes to, tried before its work begins."""

from pathlib import Path
from tempfile import TemporaryFile

from tickless.errors import InputError

__all__ = ["check_apart", "output_file", "output_folder"]


def output_folder(path: Path) -> Path:
    """A folder to write files into, made if it is missing.

    Raises
    ------
    InputError
        If that cannot be; the message names the folder and says why.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except FileExistsError:
        raise InputError(f"{path}: a file: expected a folder, or a name that is free") from None
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}: expected a folder that can be written"
        ) from None
    return path


def output_file(path: Path, *inputs: Path) -> Path:
    """A file to write in a folder as of `output_folder`; one that is there will be replaced.

    Parameters
    ----------
    inputs : Path
        Files that the command reads, which are never replaced.

    Raises
    ------
    InputError
        If the folder cannot be, or there is a folder of the name, or it is an input.
    """
    check_apart(path, *inputs)
    output_folder(path.parent)
    if path.is_dir():
        raise InputError(f"{path}: a folder: expected the name of a file")
    return path


def check_apart(path: Path, *inputs: Path) -> None:
    """Raise an `InputError` if a file to write is one that is read."""
    if path.resolve() in [each.resolve() for each in inputs]:
        raise InputError(f"{path}: is read, too: expected another name, so that it stays")
