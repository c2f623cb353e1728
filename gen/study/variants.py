"""Variants of training that a study compares."""

from dataclasses import dataclass, replace

from sw.training.settings import Settings

__all__ = ["Variant", "variants"]


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


def variants(settings: Settings, quick: bool) -> list[Variant]:
    """SDT, NMT and MTT, its first stage drawn and fixed, and MTT with weights rounded to 4 bits.

    SDT and MTT also without the refit of the readout, which is not part of either.

    All see the same samples in pre-training, and as many in forward and backward passes after it:
    SDT, which makes one pass of an iteration, has as many more epochs; rounding takes one epoch
    more. Further ones show what the range of time steps, the spike budget and small weights bring.

    Parameters
    ----------
    quick : bool
        Whether to train on a fraction of the samples, and to leave the further ones out.
    """
    base = settings
    if quick:
        base = replace(
            base,
            pretrain_epochs=2,
            pretrain_samples=12000,
            epochs=2,
            samples=8000,
            simulated=12000,
            refit_samples=3000,
        )
    passes = base.epochs * base.configurations
    compared = [
        Variant("SDT", replace(base, method="sdt", epochs=passes)),
        Variant("NMT", replace(base, method="nmt")),
        Variant("MTT", replace(base, method="mtt")),
        Variant("SDT, no refit", replace(base, method="sdt", epochs=passes, refit_samples=0)),
        Variant("MTT, no refit", replace(base, method="mtt", refit_samples=0)),
        Variant("MTT, first stage fixed", replace(base, method="mtt", first_stage="fixed")),
        Variant(
            "MTT, trained at 4 bits",
            replace(base, method="mtt", weight_bits=4, quantize_epochs=1),
        ),
    ]
    if quick:
        return compared
    return [
        *compared,
        Variant("MTT, T = 1 to 20", replace(base, method="mtt", steps_range=(1, 20))),
        Variant("MTT, half the spikes", replace(base, method="mtt", rate_budget=3000.0)),
        Variant("MTT, small weights", replace(base, method="mtt", weight_limit=1.0)),
    ]
