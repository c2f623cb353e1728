"""Variants of training that a study compares."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from tickless.errors import InputError
from tickless.sw.training.settings import Settings

__all__ = ["Variant", "add_only", "ann", "by_variant", "chosen", "quick_changes", "variants"]

FOUR_BITS_STRENGTH = 0.001
"""`refit_strength` of the variant with rounded weights, as in ``nmnist-4bit.toml``."""


@dataclass(frozen=True)
class Variant:
    """One way of training.

    Parameters
    ----------
    name : str
        For tables and plots.
    settings : Settings
        Its settings; the seed is the run's.
    """

    name: str
    settings: Settings


def add_only(parser: ArgumentParser, example: str) -> None:
    """Add the option whose names `chosen` takes."""
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="VARIANT",
        help=f"these alone, as the table names them: --only {example}",
    )


def chosen(compared: list[Variant], names: list[str] | None) -> list[Variant]:
    """Those that are named, in their order; all without names.

    Raises
    ------
    InputError
        If there is none of a name.
    """
    known = [item.name for item in compared]
    for name in names or []:
        if name not in known:
            raise InputError(
                f"--only {name!r}: no such variant: expected some of {'; '.join(known)}"
            )
    return [item for item in compared if names is None or item.name in names]


def quick_changes(settings: Settings) -> list[str]:
    """Changes of settings, as ``--set`` takes them, to train on a fraction of the samples."""
    fewer = {
        "recordings": 800,
        "pretrain_epochs": min(2, settings.pretrain_epochs),
        "pretrain_samples": max(1, settings.pretrain_samples // 5),
        "epochs": 2,
        "samples": max(1, settings.samples // 5),
        "simulated": min(12_000, settings.simulated),
        "refit_samples": min(3_000, settings.refit_samples // 5),
    }
    return [f"{name}={value}" for name, value in fewer.items()]


def variants(settings: Settings, quick: bool) -> list[Variant]:
    """SDT, NMT and MTT, and what else there is to compare.

    All see the same samples in pre-training, and as many in forward and backward passes after it:
    SDT, which makes one pass of an iteration, has as many more epochs; rounding takes three epochs
    more, one if quick.

    - For events: SDT and MTT without the refit of the readout, which is not part of either; MTT
      with its first stage fixed; with weights rounded to 4 bits; with time steps drawn the other
      way, and many of them alone, with and without the refit; half the spike budget; small
      weights.
    - For time steps: MTT with time steps drawn the other way.

    One that is the training of another one with these settings is left out.

    Parameters
    ----------
    quick : bool
        Whether to leave out what needs a pre-training of its own, or says little after a training
        as of `quick_changes`.
    """
    sdt = replace(settings, method="sdt", epochs=settings.epochs * settings.configurations)
    mtt = replace(settings, method="mtt")
    compared = [
        Variant("SDT", sdt),
        Variant("NMT", replace(settings, method="nmt")),
        Variant("MTT", mtt),
    ]
    other = "uniform" if settings.steps_drawn == "log-uniform" else "log-uniform"
    drawn_otherwise = Variant(f"MTT, T {other}", replace(mtt, steps_drawn=other))
    if settings.target == "steps":
        return [*compared, drawn_otherwise]
    four_bits = replace(
        mtt, weight_bits=4, quantize_epochs=1 if quick else 3, refit_strength=FOUR_BITS_STRENGTH
    )
    compared += [
        Variant("SDT, no refit", replace(sdt, refit_samples=0)),
        Variant("MTT, no refit", replace(mtt, refit_samples=0)),
        Variant("MTT, first stage fixed", replace(mtt, first_stage="fixed")),
        Variant("MTT, trained at 4 bits", four_bits),
    ]
    if quick:
        return compared
    many = replace(mtt, steps_range=(8, 40), steps_drawn="uniform")
    compared += [
        drawn_otherwise,
        Variant("MTT, T = 8 to 40", many),
        Variant("MTT, T = 8 to 40, no refit", replace(many, refit_samples=0)),
        Variant("MTT, half the spikes", replace(mtt, rate_budget=settings.rate_budget / 2)),
        Variant("MTT, small weights", replace(mtt, weight_limit=1.0)),
    ]
    return _distinct(compared)


def _distinct(compared: list[Variant]) -> list[Variant]:
    """The first one of each training."""
    found: dict[Settings, Variant] = {}
    for item in compared:
        free = item.settings.rate_penalty == 0
        same = replace(item.settings, rate_budget=1.0) if free else item.settings
        found.setdefault(same, item)
    return [*found.values()]


def ann(settings: Settings) -> Variant:
    """The same network without spikes, for what it could reach: rectifiers in one time step, which
    see each sample's events counted in one frame. It sees as many samples as the others, and a
    spike costs it nothing."""
    seen = settings.pretrain_epochs * settings.pretrain_samples + settings.epochs * settings.samples
    changed = replace(
        settings,
        target="steps",
        method="sdt",
        neuron="relu",
        norm="batch",
        steps=1,
        learning_rate=2 * settings.learning_rate,  # half of it behind pre-training
        pretrain_epochs=0,
        epochs=max(1, round(seen / settings.pretrain_samples)),
        samples=settings.pretrain_samples,
        quantize_epochs=0,
        weight_limit=0.0,
        rate_penalty=0.0,
        refit_samples=0,
    )
    return Variant("ANN on event counts", changed)


class _Run(Protocol):
    @property
    def variant(self) -> str: ...


R = TypeVar("R", bound=_Run)


def by_variant(runs: Sequence[R]) -> dict[str, list[R]]:
    """What was found of each variant's runs, in the order in which the variants come."""
    names = dict.fromkeys(run.variant for run in runs)
    return {name: [run for run in runs if run.variant == name] for name in names}
