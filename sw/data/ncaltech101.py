"""N-Caltech101: recordings of Caltech101 images along saccades, as tonic unpacks them."""

from pathlib import Path

import numpy as np

from tickless.sw.data import atis, store
from tickless.sw.data.events import Events, EventsError

__all__ = ["CLASSES", "SENSOR", "files", "read"]

SENSOR = (2, 180, 240)
"""Extent ``(polarities, height, width)`` to which every recording is brought.

Each image was enlarged as far as 240x180 pixels allow (Orchard et al. 2015), so recordings differ
in size. None is scaled, since an event has one address: each lies with the box around its events
in the middle.
"""

TEST_DIGIT = 0
"""Last digit of a test recording's number: each tenth of a class, the set comes without a split."""

NAMES = """
BACKGROUND_Google Faces_easy Leopards Motorbikes accordion airplanes anchor ant barrel bass beaver
binocular bonsai brain brontosaurus buddha butterfly camera cannon car_side ceiling_fan cellphone
chair chandelier cougar_body cougar_face crab crayfish crocodile crocodile_head cup dalmatian
dollar_bill dolphin dragonfly electric_guitar elephant emu euphonium ewer ferry flamingo
flamingo_head garfield gerenuk gramophone grand_piano hawksbill headphone hedgehog helicopter ibis
inline_skate joshua_tree kangaroo ketch lamp laptop llama lobster lotus mandolin mayfly menorah
metronome minaret nautilus octopus okapi pagoda panda pigeon pizza platypus pyramid revolver rhino
rooster saxophone schooner scissors scorpion sea_horse snoopy soccer_ball stapler starfish
stegosaurus stop_sign strawberry sunflower tick trilobite umbrella watch water_lilly wheelchair
wild_cat windsor_chair wrench yin_yang
"""

CLASSES = tuple(NAMES.split())
"""Names of the classes; a label is a place in this list."""

EXPECTED = (
    "recordings of N-Caltech101 into $TICKLESS_DATA/NCALTECH101/Caltech101/<class>/image_<n>.bin, "
    "from https://www.garrickorchard.com/datasets/n-caltech101"
)


def read(path: Path | str) -> Events:
    """Read one recording, an ATIS file, into the middle of `SENSOR`; errors of `sw.data.atis.read`.

    Events outside, of a recording larger than `SENSOR`, stay in the list.
    """
    events = atis.read(path, SENSOR)
    if not len(events):
        return events
    y, x = (
        part + np.int32((extent - int(part.min()) - int(part.max()) - 1) // 2)
        for part, extent in zip((events.y, events.x), SENSOR[1:], strict=True)
    )
    return Events(events.channel, y, x, events.t_us, SENSOR)


def files(split: str) -> list[tuple[Path, int]]:
    """Recordings at hand and their labels, in order of label and number.

    Parameters
    ----------
    split : str
        ``"train"`` or ``"test"``, see `TEST_DIGIT`.

    Raises
    ------
    EventsError
        If there is no recording of the split, see `sw.data.store.fetch`, or if a file's name has
        no number or its folder's is no class.
    """

    def listed(place: Path) -> list[tuple[Path, int]]:
        return [
            (path, _label(path))
            for path in sorted(place.glob("*/*.bin"), key=lambda path: (_label(path), path.name))
            if (_number(path) % 10 == TEST_DIGIT) == (split == "test")
        ]

    return store.fetch(store.root() / "NCALTECH101" / "Caltech101", listed, _download, EXPECTED)


def _download(root: str) -> None:
    # Imported here, since tonic brings PyTorch.
    from tonic.datasets import NCALTECH101

    NCALTECH101(root)


def _label(path: Path) -> int:
    if path.parent.name not in CLASSES:
        raise EventsError(f"{path.parent}: expected the name of one of the {len(CLASSES)} classes")
    return CLASSES.index(path.parent.name)


def _number(path: Path) -> int:
    number = path.stem.rpartition("_")[2]
    if not number.isdecimal():
        raise EventsError(f"{path}: expected a name image_<n>.bin")
    return int(number)
