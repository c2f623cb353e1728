"""Dividers of phase-locked loops: which clocks a board's oscillator gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from tickless.errors import InputError

__all__ = [
    "Ecp5PllConfig",
    "GateMatePllConfig",
    "GowinPllConfig",
    "Ice40PllConfig",
    "PllConfig",
]


@dataclass(frozen=True)
class PllConfig:
    """Dividers of a PLL: the oscillator runs at ``input / reference * feedback``, the clock at
    ``input / reference * feedback / output``.

    Parameters
    ----------
    input_hz : int
        Frequency of the pin.
    reference, feedback, output : int
        Dividers in front of the phase detector, in its feedback, and behind the oscillator.

    Raises
    ------
    ValueError
        If a divider or a frequency is outside the device's limits.
    """

    input_hz: int
    reference: int
    feedback: int
    output: int

    REFERENCES: ClassVar[range]
    FEEDBACKS: ClassVar[range]
    OUTPUTS: ClassVar[tuple[int, ...]]
    INPUT_HZ: ClassVar[tuple[float, float]]
    DETECTOR_HZ: ClassVar[tuple[float, float]]
    OSCILLATOR_HZ: ClassVar[tuple[float, float]]
    CLOCK_HZ: ClassVar[tuple[float, float]]

    def __post_init__(self):
        for name, possible in (
            ("reference", self.REFERENCES),
            ("feedback", self.FEEDBACKS),
            ("output", self.OUTPUTS),
        ):
            if getattr(self, name) not in possible:
                raise ValueError(f"{name} = {getattr(self, name)!r}: expected one of {possible}")
        for name, value, (low, high) in (
            ("input", self.input_hz, self.INPUT_HZ),
            ("phase detector", self.detector_hz, self.DETECTOR_HZ),
            ("oscillator", self.oscillator_hz, self.OSCILLATOR_HZ),
            ("clock", self.oscillator_hz / self.output, self.CLOCK_HZ),
        ):
            if not low <= value <= high:
                raise ValueError(
                    f"{name} of {float(value) / 1e6:g} MHz: expected {low / 1e6:g} to "
                    f"{high / 1e6:g} MHz"
                )

    @property
    def detector_hz(self) -> Fraction:
        """Frequency that the phase detector compares."""
        return Fraction(self.input_hz, self.reference)

    @property
    def oscillator_hz(self) -> Fraction:
        """Frequency of the voltage-controlled oscillator."""
        return self.detector_hz * self.feedback

    @property
    def clock_hz(self) -> int:
        """Frequency of the clock, to the next Hz."""
        return round(self.oscillator_hz / self.output)

    @classmethod
    def choose(cls, input_hz: int, clock_hz: int) -> Self:
        """Dividers for the highest clock not above the wanted one.

        Raises
        ------
        InputError
            If no dividers come within a tenth of it.
        """
        best = max(
            cls._possible(input_hz, clock_hz) if clock_hz > 0 else (),
            key=lambda config: (config.clock_hz, -config.reference, -config.feedback),
            default=None,
        )
        if best is None or best.clock_hz < 0.9 * clock_hz:
            low, high = cls.CLOCK_HZ
            raise InputError(
                f"no clock of {clock_hz / 1e6:g} MHz from {input_hz / 1e6:g} MHz: expected "
                f"{low / 1e6:g} to {high / 1e6:g} MHz"
            )
        return best

    @classmethod
    def _possible(cls, input_hz: int, clock_hz: int) -> Iterator[Self]:
        """Dividers that keep to the limits and to a clock of at most ``clock_hz``."""
        for reference in cls.REFERENCES:
            detector_hz = Fraction(input_hz, reference)
            if not _inside(detector_hz, cls.DETECTOR_HZ):
                continue
            for feedback in cls.FEEDBACKS:
                oscillator_hz = detector_hz * feedback
                if not _inside(oscillator_hz, cls.OSCILLATOR_HZ):
                    continue
                least = oscillator_hz / clock_hz
                output = next((output for output in cls.OUTPUTS if output >= least), None)
                if output is not None and _inside(oscillator_hz / output, cls.CLOCK_HZ):
                    yield cls(input_hz, reference, feedback, output)


def _inside(value: Fraction, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


@dataclass(frozen=True)
class Ecp5PllConfig(PllConfig):
    """Dividers of an ECP5's EHXPLLL.

    Frequencies as in the ECP5 family's data sheet, FPGA-DS-02012, "sysCLOCK PLL timing"; dividers
    as in the FPGA libraries reference guide.
    """

    REFERENCES = range(1, 129)
    FEEDBACKS = range(1, 81)
    OUTPUTS = tuple(range(1, 129))
    INPUT_HZ = (8e6, 400e6)
    DETECTOR_HZ = (10e6, 400e6)
    OSCILLATOR_HZ = (400e6, 800e6)
    CLOCK_HZ = (3.125e6, 400e6)


@dataclass(frozen=True)
class Ice40PllConfig(PllConfig):
    """Dividers of an iCE40's SB_PLL40_PAD with simple feedback.

    Frequencies as in the iCE40 UltraPlus family's data sheet, FPGA-DS-02008, "sysCLOCK PLL timing".
    """

    REFERENCES = range(1, 17)
    FEEDBACKS = range(1, 129)
    OUTPUTS = (2, 4, 8, 16, 32, 64)
    INPUT_HZ = (10e6, 133e6)
    DETECTOR_HZ = (10e6, 133e6)
    OSCILLATOR_HZ = (533e6, 1066e6)
    CLOCK_HZ = (16e6, 275e6)

    @property
    def filter_range(self) -> int:
        """Setting of the loop filter for the phase detector's frequency, as icepll chooses it."""
        limits = (17e6, 26e6, 44e6, 66e6, 101e6)
        return 1 + sum(self.detector_hz >= limit for limit in limits)


@dataclass(frozen=True)
class GowinPllConfig(PllConfig):
    """Dividers of a Gowin rPLL: its output divider is within the loop, so that the clock runs at
    ``input / reference * feedback``, the oscillator ``output`` times as fast.

    Frequencies that both a GW1NR-9 (DS117E) of grade C6/I5 and a GW2AR-18 (DS226E) of grade C8/I7
    allow; dividers as in Gowin's UG286E.
    """

    REFERENCES = range(1, 65)
    FEEDBACKS = range(1, 65)
    OUTPUTS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
    INPUT_HZ = (3e6, 400e6)
    DETECTOR_HZ = (3e6, 400e6)
    OSCILLATOR_HZ = (500e6, 1200e6)
    CLOCK_HZ = (3.90625e6, 600e6)

    @property
    def oscillator_hz(self) -> Fraction:
        """Frequency of the voltage-controlled oscillator."""
        return self.detector_hz * self.feedback * self.output

    @classmethod
    def _possible(cls, input_hz: int, clock_hz: int) -> Iterator[Self]:
        for reference in cls.REFERENCES:
            detector_hz = Fraction(input_hz, reference)
            if not _inside(detector_hz, cls.DETECTOR_HZ):
                continue
            for feedback in cls.FEEDBACKS:
                found_hz = detector_hz * feedback
                if found_hz > clock_hz:
                    break
                if not _inside(found_hz, cls.CLOCK_HZ):
                    continue
                for output in cls.OUTPUTS:
                    if _inside(found_hz * output, cls.OSCILLATOR_HZ):
                        yield cls(input_hz, reference, feedback, output)


@dataclass(frozen=True)
class GateMatePllConfig(PllConfig):
    """Dividers of a GateMate's CC_PLL in economy mode, with its jitter low.

    nextpnr is told the clock alone and chooses the dividers, by Cologne Chip's DS1001: those here
    show that there are some. The oscillator runs twice as fast as said, and what divides it is 2 or
    a multiple of 4. The feedback has two dividers in a row, of which the first is taken as 2.
    """

    REFERENCES = range(1, 2)
    FEEDBACKS = range(2, 1025, 2)
    OUTPUTS = (2, *range(4, 1025, 4))
    INPUT_HZ = (5e6, 50e6)
    DETECTOR_HZ = (5e6, 50e6)
    OSCILLATOR_HZ = (505e6, 1000e6)
    CLOCK_HZ = (1e6, 312.5e6)
