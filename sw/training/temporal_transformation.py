"""Temporal transformation between stages that run at different numbers of time steps."""

import torch

__all__ = ["boundaries", "transform"]


def boundaries(few: int, many: int) -> tuple[int, ...]:
    """Ends of the ``few`` groups into which ``many`` time steps are cut.

    ``b_i = round((i + 1) * many / few - 1e-5)``: exact halves round down
    (Du et al., "Temporal Flexibility in Spiking Neural Networks", ICLR 2025).

    Raises
    ------
    ValueError
        Unless ``1 <= few <= many``.
    """
    if not 1 <= few <= many:
        raise ValueError(f"few = {few}, many = {many}: expected 1 <= few <= many")
    # In integers: a rounded fraction errs where -1e-5 is not small beside its resolution.
    return tuple(-((few - 2 * (i + 1) * many) // (2 * few)) for i in range(few))


def transform(frames: torch.Tensor, steps: int) -> torch.Tensor:
    """Frames brought to another number of time steps, without parameters.

    Fewer steps: the frames of each group are summed, so that spike counts above 1 occur and no
    spike is lost. More steps: each frame is repeated over its group.

    Parameters
    ----------
    frames : torch.Tensor
        ``[time, ...]``.
    steps : int
        Time steps of the result, at least 1.
    """
    present = len(frames)
    if steps == present:
        return frames
    ends = torch.tensor(boundaries(min(steps, present), max(steps, present)))
    sizes = torch.diff(ends, prepend=ends.new_zeros(1)).to(frames.device)
    if steps > present:
        return torch.repeat_interleave(frames, sizes, dim=0)
    groups = torch.repeat_interleave(torch.arange(steps, device=frames.device), sizes)
    return frames.new_zeros((steps, *frames.shape[1:])).index_add(0, groups, frames)
