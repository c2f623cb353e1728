"""Compiled inner loops of `sw.training.fused`.

A time step at a time, as arrays are read fastest in their order. Each kernel runs blocks of neurons
``begin`` to ``end``, so that threads can share the work. Common parameters: ``arriving``, float32
``[time, neurons]``, and tables, float32 ``[block]``, of what belongs to each neuron of a block.
"""

from functools import partial

import numpy as np

from tickless.sw.compiled import compiled

__all__ = ["fire", "fire_backward", "moments", "scale"]

ZERO, ONE = np.float32(0), np.float32(1)


@partial(compiled, nogil=True)
def fire(begin, end, arriving, gain, shift, low, charges, spikes):
    """Set charges and spikes ``[time, neurons]`` of currents ``gain * arriving + shift``.

    Where ``charges`` is None they take the place of what arrives. Returns the number of spikes.
    """
    steps, neurons = arriving.shape
    length = len(gain)
    membranes = np.zeros((end - begin) * length, np.float32)
    counts = np.empty(length, np.float32)
    total = np.zeros(1)
    for step in range(steps):
        counts[:] = ZERO
        for block in range(begin, end):
            place = slice(block * length, min((block + 1) * length, neurons))
            current, sent = arriving[step, place], spikes[step, place]
            kept = current if charges is None else charges[step, place]
            membrane = membranes[(block - begin) * length :]
            for i in range(len(current)):
                charge = membrane[i] + (gain[i] * current[i] + shift[i])
                kept[i] = charge
                fired = max(np.floor(charge), ZERO)
                sent[i] = fired
                counts[i] += fired
                membrane[i] = max(charge - fired, low[i])
        for i in range(length):
            total[0] += counts[i]
    return total


@partial(compiled, nogil=True)
def fire_backward(begin, end, charges, low, arriving, gradient, every, result):
    """Set ``result``, the gradient of the currents, of that of the spikes, ``gradient + every``.

    Returns its sums, and those of its products with what arrives, unless that is None:
    float64 ``[2, block]``.
    """
    steps, neurons = charges.shape
    length = len(low)
    sums = np.zeros((2, length))
    total, product = np.empty(length, np.float32), np.empty(length, np.float32)
    for step in range(steps - 1, -1, -1):
        total[:], product[:] = ZERO, ZERO
        for block in range(begin, end):
            place = slice(block * length, min((block + 1) * length, neurons))
            charge, sent, found = charges[step, place], gradient[step, place], result[step, place]
            if step == steps - 1:
                for i in range(len(charge)):
                    found[i] = min(max(charge[i], ZERO), ONE) * (sent[i] + every)
            else:
                behind = result[step + 1, place]
                for i in range(len(charge)):
                    # Through the membrane of the step behind: v = max(u - s, floor).
                    passed, value = behind[i], charge[i]
                    passed = passed if value > low[i] else ZERO
                    slope = min(max(value, ZERO), ONE)
                    found[i] = passed + slope * (sent[i] + every - passed)
            if arriving is not None:
                current = arriving[step, place]
                for i in range(len(found)):
                    total[i] += found[i]
                    product[i] += found[i] * current[i]
        for i in range(length):
            sums[0, i] += total[i]
            sums[1, i] += product[i]
    return sums


@partial(compiled, nogil=True)
def moments(begin, end, arriving, table):
    """Sums of what arrives and of its squares: float64 ``[2, block]``."""
    steps, neurons = arriving.shape
    length = len(table)
    sums = np.zeros((2, length))
    total, square = np.empty(length, np.float32), np.empty(length, np.float32)
    for step in range(steps):
        total[:], square[:] = ZERO, ZERO
        for block in range(begin, end):
            current = arriving[step, block * length : min((block + 1) * length, neurons)]
            for i in range(len(current)):
                total[i] += current[i]
                square[i] += current[i] * current[i]
        for i in range(length):
            sums[0, i] += total[i]
            sums[1, i] += square[i]
    return sums


@partial(compiled, nogil=True)
def scale(begin, end, arriving, gain, slope, rest, result):
    """Set ``result`` to ``gain * result + slope * arriving + rest``."""
    steps, neurons = arriving.shape
    length = len(gain)
    for step in range(steps):
        for block in range(begin, end):
            place = slice(block * length, min((block + 1) * length, neurons))
            current, found = arriving[step, place], result[step, place]
            for i in range(len(current)):
                found[i] = gain[i] * found[i] + (slope[i] * current[i] + rest[i])
    return np.zeros(1)
