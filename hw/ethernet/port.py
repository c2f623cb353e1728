"""Ethernet port: bytes of the line in datagrams, over GMII."""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tickless.hw.ethernet.config import EthernetConfig
from tickless.hw.ethernet.conversation import Conversation
from tickless.hw.ethernet.inbox import Inbox
from tickless.hw.ethernet.mac import MacReceiver, MacTransmitter
from tickless.hw.ethernet.outbox import Outbox
from tickless.hw.ethernet.receiver import SENDER_LAYOUT, PacketReceiver
from tickless.hw.ethernet.transmitter import PacketTransmitter
from tickless.hw.streams import Buffer

__all__ = ["GMII", "EthernetPort"]

GMII = wiring.Signature(
    {
        "rx_data": In(8),
        "rx_valid": In(1),
        "rx_error": In(1),
        "tx_data": Out(8),
        "tx_valid": Out(1),
    }
)
"""Signals between a board and a link of a gigabit: a byte a clock each way."""


class EthernetPort(wiring.Component):
    """Port of a board: all bytes of one host arrive once and in order, and so do those to it.

    receive -> inbox -> o; i -> outbox -> transmit; in one clock domain

    Parameters
    ----------
    config : EthernetConfig
        Addresses and memory.

    Members
    -------
    gmii : Out(GMII)
        The link.
    i : In(stream)
        Bytes for the host: frames of the line, each with its end.
    o : Out(stream)
        Bytes from the host.
    """

    gmii: Any
    i: stream.Interface
    o: stream.Interface

    def __init__(self, config: EthernetConfig):
        self.config = config
        super().__init__(
            {
                "gmii": Out(GMII),
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, gmii = self.config, self.gmii
        m.submodules.mac_receiver = mac_receiver = MacReceiver()
        m.submodules.receiver = receiver = PacketReceiver(config)
        m.submodules.inbox = inbox = Inbox(config.inbox_bytes)
        m.submodules.conversation = conversation = Conversation()
        m.submodules.outbox = outbox = Outbox(config.outbox_bytes)
        m.submodules.transmitter = transmitter = PacketTransmitter(config)
        m.submodules.mac_transmitter = mac_transmitter = MacTransmitter()
        m.submodules.leaving = leaving = Buffer(8)
        m.submodules.coming = coming = Buffer(8)
        connect(m, inbox.o, leaving.i)
        connect(m, leaving.o, flipped(self.o))
        connect(m, flipped(self.i), coming.i)
        connect(m, coming.o, outbox.i)
        connect(m, transmitter.o, mac_transmitter.i)

        asks = Signal()
        asking: Any = Signal(SENDER_LAYOUT, reset_less=True)
        with m.If(transmitter.start_arp):
            m.d.sync += asks.eq(0)
        with m.If(receiver.over & receiver.is_request):
            m.d.sync += [asks.eq(1), asking.eq(receiver.sender)]
        m.d.comb += [
            mac_receiver.data.eq(gmii.rx_data),
            mac_receiver.valid.eq(gmii.rx_valid),
            mac_receiver.error.eq(gmii.rx_error),
            receiver.i.eq(mac_receiver.o),
            receiver.i_valid.eq(mac_receiver.o_valid),
            receiver.end.eq(mac_receiver.end),
            receiver.good.eq(mac_receiver.good),
            inbox.i.eq(receiver.o),
            inbox.i_valid.eq(receiver.o_valid),
            conversation.overflow.eq(inbox.overflow),
            conversation.over.eq(receiver.over),
            conversation.is_datagram.eq(receiver.is_datagram),
            conversation.sender.eq(receiver.sender),
            conversation.header.eq(receiver.header),
            conversation.count.eq(receiver.count),
            conversation.answered.eq(transmitter.start),
            outbox.received.eq(receiver.header.received),
            outbox.start.eq(transmitter.start),
            outbox.take.eq(transmitter.take),
            transmitter.arp_valid.eq(asks),
            transmitter.arp.eq(asking),
            transmitter.host.eq(conversation.peer),
            transmitter.datagram_valid.eq(outbox.settled & (conversation.owes | outbox.waiting)),
            transmitter.header.session.eq(conversation.session),
            transmitter.header.position.eq(outbox.position),
            transmitter.header.received.eq(conversation.expected),
            transmitter.count.eq(outbox.count),
            transmitter.byte.eq(outbox.o),
            gmii.tx_data.eq(mac_transmitter.data),
            gmii.tx_valid.eq(mac_transmitter.valid),
        ]
        # What a packet is judged to be takes a clock to the memories.
        m.d.sync += [
            inbox.keep.eq(conversation.keep),
            inbox.undo.eq(conversation.undo),
            outbox.acknowledge.eq(conversation.acknowledge),
            outbox.again.eq(conversation.again),
            outbox.clear.eq(conversation.clear),
        ]
        return m
