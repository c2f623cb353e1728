"""Compiled inner loops of the fast engine."""

from functools import partial

import numpy as np
from llvmlite import ir
from numba import types
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

from tickless.sw.compiled import compiled

__all__ = ["LANES", "accumulate", "first_lead", "integrate"]

LANES = 8
"""Neurons updated at once: one 256-bit register of 32-bit membranes."""


@intrinsic
def _update(typing, membrane, neuron, weight, synapse, threshold, floor, channel, ceil, rest):
    """Integrate and fire in `LANES` neighbouring neurons; bit mask of those that fired.

    ``rest`` is that of `integrate`.

    Written as vectors because LLVM cannot know that the arrays do not overlap, and so would leave
    the plain loop scalar. Works on int32 and float32.
    """

    def build(context, builder, signature, args):
        scalar = context.get_value_type(membrane.dtype)
        vector = ir.VectorType(scalar, LANES)
        real, subtracts = isinstance(membrane.dtype, types.Float), isinstance(rest, types.NoneType)
        add, subtract = (builder.fadd, builder.fsub) if real else (builder.add, builder.sub)
        compare = builder.fcmp_ordered if real else builder.icmp_signed

        def place(array, index):
            data = context.make_array(signature.args[array])(context, builder, args[array]).data
            return builder.bitcast(builder.gep(data, [args[index]]), vector.as_pointer())

        def load(array, index):
            return builder.load(place(array, index), align=scalar_bytes)

        scalar_bytes = membrane.dtype.bitwidth // 8
        bar, low = load(4, 6), load(5, 6)
        first = ir.Constant(ir.IntType(32), 0)
        high = builder.insert_element(ir.Constant(vector, ir.Undefined), args[7], first)
        high = builder.shuffle_vector(
            high, high, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        )
        total = add(load(0, 1), load(2, 3))
        fired = compare(">=", total, bar)
        left = subtract(total, bar) if subtracts else ir.Constant(vector, [0] * LANES)
        total = builder.select(fired, left, total)
        total = builder.select(compare("<", total, low), low, total)
        total = builder.select(compare(">", total, high), high, total)
        builder.store(total, place(0, 1), align=scalar_bytes)
        mask = builder.bitcast(fired, ir.IntType(LANES))
        return builder.zext(mask, ir.IntType(32))

    operands = (membrane, neuron, weight, synapse, threshold, floor, channel, ceil, rest)
    return types.uint32(*operands), build


@partial(compiled, nogil=True)
def integrate(
    events, index, reads, inputs, place, visits, weight, threshold, floor, ceil, rest, most,
    membrane, spikes, sent, marks,
):  # fmt: skip
    """Run one spiking layer until its events end or ``spikes`` may not hold the next one's.

    Parameters
    ----------
    events : int32 [n, 3]
        ``(channel, y, x)``.
    index : int
        First event to run.
    reads : int64 [reads]
        Events before each READ.
    inputs : int64 [channels, 4]
        Per input channel: first output channel reached and their number, first threshold and
        first weight.
    place : int32 [height, width + 1]
        ``visits`` of input position ``(y, x)`` start here and end where the next ones start.
    visits : int32 [visits, 4]
        Output position reached: its first membrane, its first weight, y and x.
    weight : [synapses]
        Weights of the output channels that an input channel reaches, per kernel position.
    threshold, floor : [thresholds]
        Per output channel reached, and of the neighbours in their last register: a threshold
        above all membranes, and their floor.
    ceil
        Highest membrane.
    rest : int or None
        0 where a spike sets its membrane to 0; None where it subtracts the threshold. The loop is
        compiled for either.
    most : int
        Most neurons that one event reaches.
    membrane : [positions * lanes]
        Membranes; changed.
    spikes : int32 [room, 3]
        Spikes ``(channel, y, x)``; changed.
    sent : int
        Spikes so far.
    marks : int64 [reads]
        Spikes before each READ; changed where a READ passes.

    Returns
    -------
    tuple of int
        First event not run, spikes so far, synaptic operations of this call.

    Raises
    ------
    ValueError
        If an event lies outside the layer's input.
    """
    height, width = place.shape[0], place.shape[1] - 1
    operations = 0
    mark = np.searchsorted(reads, index)
    while index < len(events):
        while mark < len(reads) and reads[mark] == index:
            marks[mark] = sent
            mark += 1
        if sent + most > len(spikes):
            break
        channel, y, x = events[index, 0], events[index, 1], events[index, 2]
        if not (0 <= channel < len(inputs) and 0 <= y < height and 0 <= x < width):
            raise ValueError("event outside the layer's input")
        first_output, size = inputs[channel, 0], inputs[channel, 1]
        first_threshold, first_synapse = inputs[channel, 2], inputs[channel, 3]
        first, end = place[y, x], place[y, x + 1]
        for visit in range(first, end):
            neuron = visits[visit, 0] + first_output
            synapse = visits[visit, 1] + first_synapse
            for block in range(0, size, LANES):
                fired = _update(  # pyright: ignore[reportCallIssue] (the typing context)
                    membrane, neuron + block, weight, synapse + block,
                    threshold, floor, first_threshold + block, ceil, rest,
                )  # fmt: skip
                while fired:
                    spikes[sent, 0] = first_output + block + trailing_zeros(fired)
                    spikes[sent, 1] = visits[visit, 2]
                    spikes[sent, 2] = visits[visit, 3]
                    sent += 1
                    fired &= fired - types.uint32(1)
        operations += (end - first) * size
        index += 1
    return index, sent, operations


@partial(compiled, nogil=True)
def accumulate(events, reads, place, weight, low, high, logits, answers):
    """Run a readout over all its events.

    Parameters
    ----------
    events, reads
        As for `integrate`.
    place : int32 [height, width]
        Kernel position of each input position; -1 for one that pooling drops.
    weight : [channels, kernel positions, classes]
        Weights.
    low, high
        Range in which logits saturate; infinite for real ones.
    logits : [classes]
        Logits; changed.
    answers : [reads, classes]
        Logits at each READ; changed.

    Returns
    -------
    tuple of int
        Events that reach the logits, updates that saturated.

    Raises
    ------
    ValueError
        If an event lies outside the layer's input.
    """
    height, width = place.shape
    visits = saturations = mark = 0
    for index in range(len(events) + 1):
        while mark < len(reads) and reads[mark] == index:
            answers[mark] = logits
            mark += 1
        if index == len(events):
            break
        channel, y, x = events[index, 0], events[index, 1], events[index, 2]
        if not (0 <= channel < len(weight) and 0 <= y < height and 0 <= x < width):
            raise ValueError("event outside the layer's input")
        if place[y, x] < 0:
            continue
        visits += 1
        synapses = weight[channel, place[y, x]]
        for k in range(len(logits)):
            total = logits[k] + synapses[k]
            logit = min(max(total, low), high)
            saturations += total != logit
            logits[k] = logit
    return visits, saturations


@partial(compiled, nogil=True)
def first_lead(events, place, weight, low, high, margin):
    """First event after which a readout's largest logit leads the second largest by a margin.

    Parameters are those of `accumulate`; -1 if there is none.
    """
    logits = np.zeros(weight.shape[2], np.int64)
    for index in range(len(events)):
        channel, y, x = events[index, 0], events[index, 1], events[index, 2]
        best = second = low
        for k in range(len(logits)):
            if place[y, x] >= 0:
                logits[k] = min(max(logits[k] + weight[channel, place[y, x], k], low), high)
            if logits[k] > best:
                best, second = logits[k], best
            elif logits[k] > second:
                second = logits[k]
        if best - second >= margin:
            return index
    return -1
