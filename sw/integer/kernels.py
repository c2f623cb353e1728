"""Compiled inner loops of a spiking layer."""

from functools import partial

import numpy as np
from llvmlite import ir
from numba import types
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

from tickless.sw.compiled import compiled

__all__ = ["REGISTER_BYTES", "integrate", "unpack"]

REGISTER_BYTES = 64
"""Membranes updated at once: 32 of 16 bits or 16 of 32 bits.

One register of AVX-512. The compiler splits it into two of AVX2 or four of SSE or NEON.
"""


@intrinsic
def _update(
    typing, membrane, neuron, weight, synapse, threshold, floor, channel, active, ceil, rest
):
    """Integrate and fire in the first neurons of a register; bit mask of those that fired.

    Written as vectors because LLVM cannot know that the arrays do not overlap, and so would leave
    the plain loop scalar. Membranes, thresholds and floors are int16, int32 or float32, weights
    that or int8.

    The whole register is stored, since a CPU reads back at once what it stored whole, but not what
    it stored under a mask: lanes that are not updated get the weight 0 and do not fire, and their
    membranes are between floor and ceiling as they are.

    Parameters
    ----------
    membrane, weight, threshold, floor : [at least a register behind the index]
        As of `integrate`.
    neuron, synapse, channel : int
        Where the register begins in membranes, in weights, in thresholds and floors.
    active : int
        Lanes that are updated, at most all of them.
    ceil, rest
        As of `integrate`.
    """

    def build(context, builder, signature, args):
        scalar = context.get_value_type(membrane.dtype)
        bits = membrane.dtype.bitwidth
        lanes = REGISTER_BYTES * 8 // bits
        vector, index = ir.VectorType(scalar, lanes), ir.VectorType(ir.IntType(bits), lanes)
        real = isinstance(membrane.dtype, types.Float)
        add, subtract = (builder.fadd, builder.fsub) if real else (builder.add, builder.sub)
        compare = builder.fcmp_ordered if real else builder.icmp_signed

        def place(array, first, kind):
            data = context.make_array(signature.args[array])(context, builder, args[array]).data
            return builder.bitcast(builder.gep(data, [args[first]]), kind.as_pointer())

        def load(array, first):
            width = signature.args[array].dtype.bitwidth
            kind = vector if width == bits else ir.VectorType(ir.IntType(width), lanes)
            loaded = builder.load(place(array, first, kind), align=width // 8)
            return loaded if width == bits else builder.sext(loaded, vector)

        def spread(value, kind):
            first = ir.Constant(ir.IntType(32), 0)
            one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, first)
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
            return builder.shuffle_vector(one, one, zeros)

        bar, low = load(4, 6), load(5, 6)
        high = spread(args[8], vector)
        end = spread(builder.trunc(args[7], ir.IntType(bits)), index)
        updated = builder.icmp_signed("<", ir.Constant(index, list(range(lanes))), end)
        nothing = ir.Constant(vector, [0] * lanes)
        total = add(load(0, 1), builder.select(updated, load(2, 3), nothing))
        fired = builder.and_(compare(">=", total, bar), updated)
        resets = not isinstance(rest, types.NoneType)
        left = nothing if resets else subtract(total, bar)
        total = builder.select(fired, left, total)
        total = builder.select(compare("<", total, low), low, total)
        total = builder.select(compare(">", total, high), high, total)
        builder.store(total, place(0, 1, vector), align=bits // 8)
        mask = builder.bitcast(fired, ir.IntType(lanes))
        return mask if lanes == 32 else builder.zext(mask, ir.IntType(32))

    operands = (
        membrane, neuron, weight, synapse, threshold, floor, channel, active, ceil, rest,
    )  # fmt: skip
    return types.uint32(*operands), build


@intrinsic
def _ones(typing, mask):
    """Number of ones in a bit mask of 32 bits."""

    def build(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.uint32(types.uint32), build


@partial(compiled, nogil=True)
def integrate(
    events, index, reads, inputs, place, steps, weight, threshold, floor, ceil, rest,
    membrane, firings, full, sent, marks,
):  # fmt: skip
    """Run one spiking layer until its events end or so many firings wait.

    Parameters
    ----------
    events : int32 [n, 3]
        ``(channel, y, x)``.
    index : int
        First event to run.
    reads : int64 [reads]
        Events before each READ.
    inputs : int64 [channels, 2]
        Per input channel: first output channel reached, and first weight.
    place : int32 [height, width, 3]
        Per input position ``(y, x)``: first step, the one behind its last, and first membrane.
    steps : int32 [4 * steps]
        Register of neurons that an event updates: its first membrane and its first weight, counted
        from the event's, its place in the run, which begins at a first channel, and its neurons.
    weight : [synapses]
        Weights in the order of the neurons that they lead to.
    threshold, floor : [thresholds]
        Per output channel, repeated over the positions of a run and of the register behind it.
    ceil
        Highest membrane.
    rest : int or None
        0 where a spike sets its membrane to 0; None where it subtracts the threshold. The loop is
        compiled for either.
    membrane : [positions * channels]
        Membranes; changed. All arrays but the first five have a register's elements more at
        their end.
    firings : uint64 [room]
        Of each register with a neuron that fired, in order: its first neuron in the upper half,
        bit mask of those that fired in the lower one; changed.
    full : int
        Firings with which it ends; ``firings`` has room for those of one more event.
    sent : int
        Spikes so far.
    marks : int64 [reads]
        Spikes before each READ; changed where a READ passes.

    Returns
    -------
    tuple of int
        First event not run, firings of this call, spikes so far, synaptic operations of this call.

    Raises
    ------
    ValueError
        If an event lies outside the layer's input.
    """
    height, width, _ = place.shape
    count, operations = types.uintp(0), 0
    mark = np.searchsorted(reads, index)
    while index < len(events):
        while mark < len(reads) and reads[mark] == index:
            marks[mark] = sent
            mark += 1
        if count >= full:
            break
        channel, y, x = events[index, 0], events[index, 1], events[index, 2]
        if not (0 <= channel < len(inputs) and 0 <= y < height and 0 <= x < width):
            raise ValueError("event outside the layer's input")
        first_output, first_synapse = inputs[channel, 0], inputs[channel, 1]
        first_neuron = first_output + place[y, x, 2]
        for step in range(place[y, x, 0], place[y, x, 1]):
            register = 4 * types.uintp(step)
            neuron, active = first_neuron + steps[register], steps[register + 3]
            fired = _update(  # pyright: ignore[reportCallIssue] (the typing context)
                membrane, neuron, weight, first_synapse + steps[register + 1], threshold, floor,
                first_output + steps[register + 2], active, ceil, rest,
            )  # fmt: skip
            # Always written, and kept where a neuron fired: which ones do cannot be foretold.
            firings[count] = (types.uint64(neuron) << types.uint64(32)) | types.uint64(fired)
            count += types.uintp(fired != 0)
            sent += _ones(fired)  # pyright: ignore[reportCallIssue]
            operations += active
        index += 1
    return index, count, sent, operations


@partial(compiled, nogil=True)
def unpack(firings, channels, width, spikes):
    """Spikes ``(channel, y, x)`` of the firings of `integrate`.

    Parameters
    ----------
    firings : uint64 [firings]
        See `integrate`.
    channels, width : uint32
        Channels and columns of the layer.
    spikes : int32 [spikes, 3]
        Changed.
    """
    sent = 0
    for firing in range(len(firings)):
        first, fired = firings[firing] >> 32, types.uint32(firings[firing])
        while fired:
            neuron = first + trailing_zeros(fired)  # pyright: ignore[reportCallIssue]
            position = neuron // channels
            row = position // width
            spikes[sent, 0] = neuron - position * channels
            spikes[sent, 1] = row
            spikes[sent, 2] = position - row * width
            sent += 1
            fired &= fired - types.uint32(1)
