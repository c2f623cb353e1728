"""Client on a line that loses, damages, repeats and delays, and on boards that do worse."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.host.fake import DESIGN, INFO, SILENT_READ_S, FakeBoard, logits
from tickless.host import client as module
from tickless.host.client import Client
from tickless.host.line import Losses
from tickless.host.port import BoardError
from tickless.host.protocol import encode_chunks, encode_events
from tickless.host.transmission import Piece, Transmission
from tickless.hw.host.messages import LINK_INDEX, Command, Error, Reply

PATIENCE_S = 0.2


def connect(board):
    return Client(board, "/dev/fake", PATIENCE_S)


def random_samples(rng, count, most=400):
    sizes = [int(rng.integers(0, most)) for _ in range(count)]
    return [rng.integers(0, INFO.sensor, (size, 3)) for size in sizes]


def expected(samples):
    return [logits(encode_events(INFO, events).tobytes()) for events in samples]


class Noise:
    """Line that spoils a share of the frames in every way that there is."""

    def __init__(self, seed, share):
        self.rng, self.share, self.held, self.hits = random.Random(seed), share, [], 0

    def __call__(self, content):
        # Nothing is delayed past a SYNC, which begins with 00: a line keeps its order.
        late, self.held = self.held if content[0] else [], []
        if self.rng.random() >= self.share:
            return [content, *late]
        self.hits += 1
        damaged = bytearray(content)
        damaged[self.rng.randrange(len(damaged))] ^= 1 << self.rng.randrange(8)
        match self.rng.randrange(6):
            case 0:
                return late
            case 1:
                return [bytes(damaged), *late]
            case 2:
                return [content[: self.rng.randrange(len(content))], *late]
            case 3:
                return [content, content, *late]
            case 4:
                return [self.rng.randbytes(300), content, *late]
        self.held = [content]
        return late


def test_answers_come_in_order_and_nothing_is_sent_twice():
    board = FakeBoard()
    client = connect(board)
    samples = random_samples(np.random.default_rng(1), 30, 2000)
    answers = list(client.answers(map(Transmission, samples)))
    assert [answer.logits for answer in answers] == expected(samples)
    assert [answer.sample for answer in answers] == list(range(30))
    assert client.losses == Losses()
    assert board.errors == 0
    # The window was used: 1 kB of room takes several commands, and numbers wrap.
    assert len(board.frames) > 256


def test_commands_wait_for_room():
    board = FakeBoard(info=replace(INFO, buffer_bytes=254))
    client = connect(board)
    events = random_samples(np.random.default_rng(2), 1, 5000)[0]
    assert client.classify(events).logits == expected([events])[0]
    assert board.errors == 0


@pytest.mark.parametrize("seed", range(12))
def test_a_bad_line_costs_time_and_no_answer(seed):
    to_board, to_host = Noise(seed, 0.1), Noise(100 + seed, 0.05)
    client = connect(FakeBoard(to_board, to_host))
    samples = random_samples(np.random.default_rng(seed), 25)
    answers = list(client.answers(map(Transmission, samples)))
    assert [answer.logits for answer in answers] == expected(samples)
    assert to_board.hits + to_host.hits > 3


def test_reads_are_answered_between_events():
    client = connect(FakeBoard())
    [events] = random_samples(np.random.default_rng(3), 1)
    answers = list(client.answers([Transmission(events, reads=range(100, len(events) + 1, 100))]))
    parts = [events[: 100 * count] for count in range(1, len(events) // 100 + 1)]
    assert [answer.logits for answer in answers] == expected([*parts, events])
    assert [answer.ends for answer in answers] == [False] * len(parts) + [True]


def test_an_answer_is_told_while_no_further_sample_is_there():
    client = connect(FakeBoard())
    first, second = random_samples(np.random.default_rng(9), 2)
    answers = []

    def samples():
        yield None
        for events in (first, second):
            count = len(answers)
            yield Transmission(events)
            for _ in range(10_000):
                if len(answers) > count:
                    break
                yield None

    for answer in client.answers(samples()):
        answers.append(answer.logits)
    assert answers == expected([first, second])
    assert client.losses == Losses()


def test_events_leave_at_their_time():
    board = FakeBoard()
    client = connect(board)
    [events] = random_samples(np.random.default_rng(4), 1)
    t_us = np.linspace(0, 200_000, len(events)).astype(np.int64)
    started = time.monotonic()
    [answer] = client.answers([Transmission(events, t_us)])
    assert time.monotonic() - started > 0.19
    assert answer.logits == expected([events])[0]
    assert sum(frame.kind == Command.EVENTS.value for frame in board.frames) > 50


@pytest.mark.parametrize("silent", [1, 2], ids=["answer", "answer-and-acknowledgement"])
def test_a_lost_answer_is_noticed_at_once(silent):
    """By the acknowledgement behind it, or by the number of the next answer."""
    lost = []

    def to_host(content):
        is_next = content[2] == Reply.ANSWER.value or lost
        if is_next and len(lost) < silent:
            lost.append(content)
            return []
        return [content]

    board = FakeBoard(to_host=to_host)
    client = Client(board, "/dev/fake")
    samples = random_samples(np.random.default_rng(5), 4)
    in_time = limited(board, 1.0)
    answers = list(client.answers(map(Transmission, samples)))
    assert in_time()
    assert len(lost) == silent
    assert [answer.logits for answer in answers] == expected(samples)
    assert client.losses.restarts == 1


@pytest.mark.parametrize("silent", [1, 2], ids=["answer", "answer-and-acknowledgement"])
def test_no_answer_to_read_takes_the_place_of_a_lost_one(silent):
    lost = []

    def to_host(content):
        if (content[2] == Reply.ANSWER.value or lost) and len(lost) < silent:
            lost.append(content)
            return []
        return [content]

    client = Client(FakeBoard(to_host=to_host), "/dev/fake")
    [events] = random_samples(np.random.default_rng(3), 1)
    places = range(100, len(events) + 1, 100)
    answers = list(client.answers([Transmission(events, reads=places)]))
    assert [answer.logits for answer in answers] == expected(
        [*(events[:place] for place in places), events]
    )
    assert client.losses.restarts == 1


def test_pieces_of_a_sample_are_answered_so_far():
    client = connect(FakeBoard())
    [events] = random_samples(np.random.default_rng(3), 1)
    pieces = [Piece(part) for part in np.split(events, [100, 350])]
    end = Transmission(events[:0])
    answers = list(client.answers([*pieces, end, *pieces[:1], end]))
    wholes = [events[:100], events[:350], events, events, events[:100], events[:100]]
    assert [answer.logits for answer in answers] == expected(wholes)
    assert [answer.ends for answer in answers] == [False, False, False, True, False, True]


def test_a_question_is_asked_again():
    lost = []

    def to_board(content):
        if content[2] == Command.COUNTERS.value and not lost:
            lost.append(content)
            return []
        return [content]

    client = connect(FakeBoard(to_board))
    names = ["events", "dropped", "packets", "sops", "busy_cycles", "stall_cycles"]
    assert client.counters(0) == {name: index for index, name in enumerate(names)}
    assert lost
    assert client.counters(1)["saturations"] == 6


def test_replay():
    client = connect(FakeBoard())
    [events] = random_samples(np.random.default_rng(6), 1)
    answer, played = client.replay(events, 40)
    content = encode_events(INFO, events).tobytes()
    assert answer.logits == logits(content)
    assert (played.repeats, played.clocks) == (40, 40 * len(content))
    with pytest.raises(BoardError, match=r"/dev/fake: 501 events: the board stores at most 500"):
        client.replay(np.zeros((501, 3), np.int32), 1)
    client = connect(FakeBoard(info=replace(INFO, stored_events=0)))
    with pytest.raises(BoardError, match=r"/dev/fake: the board has no stored sample to replay"):
        client.replay(np.zeros((0, 3), np.int32), 1)


def limited(board, seconds=5.0):
    """Wrong boards must not keep anybody waiting."""
    started = board.now_s()
    return lambda: board.now_s() - started < seconds


def test_nothing_answers():
    board = FakeBoard(to_board=lambda content: [])
    in_time = limited(board)
    with pytest.raises(BoardError, match=r"/dev/fake: nothing answers. Is it the board's port"):
        connect(board)
    assert in_time()


def test_noise_answers():
    noise = random.Random(1)
    board = FakeBoard(to_host=lambda content: [noise.randbytes(50)])
    in_time = limited(board)
    with pytest.raises(BoardError, match=r"/dev/fake: nothing answers"):
        connect(board)
    assert in_time()


def test_the_board_falls_silent():
    board = FakeBoard()
    client = connect(board)
    in_time = limited(board)
    board.is_dead = True
    with pytest.raises(BoardError, match=r"/dev/fake: nothing answers"):
        client.classify(np.zeros((10, 3), np.int32))
    assert in_time()


def test_a_sample_that_always_fails():
    def to_board(content):
        return [] if content[2] == Command.END.value else [content]

    board = FakeBoard(to_board)
    client = connect(board)
    in_time = limited(board)
    with pytest.raises(
        BoardError, match=r"/dev/fake: given up after 4 attempts, .* nothing went on"
    ):
        client.classify(np.zeros((10, 3), np.int32))
    assert in_time()
    assert client.losses.restarts == module.ATTEMPTS - 1


def test_a_board_that_refuses_forever():
    board = FakeBoard()
    client = connect(board)
    board.take = lambda frame, take=board.take: (
        take(frame) if frame.kind == Command.SYNC.value else board.refuse(Error.ROOM, 0)
    )
    in_time = limited(board)
    with pytest.raises(BoardError, match=r"given up after 4 attempts"):
        client.classify(np.zeros((10, 3), np.int32))
    assert in_time()


def test_a_board_that_starts_anew():
    board = FakeBoard()
    client = connect(board)
    samples = random_samples(np.random.default_rng(7), 6)
    answers = []
    for answer in client.answers(map(Transmission, samples)):
        answers.append(answer.logits)
        if len(answers) == 3:
            board.commands.clear()
            board.expected, board.sample, board.samples = 200, b"", 0
    assert answers == expected(samples)


def test_another_version():
    with pytest.raises(BoardError, match=r"/dev/fake: the board speaks version 9 .* version 1: "):
        connect(FakeBoard(info=replace(INFO, protocol=9)))


@pytest.mark.parametrize("error", [Error.COMMAND, Error.DATA, Error.STORE])
def test_a_refusal_is_final(error):
    board = FakeBoard()
    client = connect(board)
    board.carry_out = lambda: (
        board.refuse(error, board.commands.popleft().sequence) if board.commands else None
    )
    with pytest.raises(BoardError, match=f"/dev/fake: the board refuses COUNTERS: {error.name}"):
        client._ask(Command.COUNTERS, module.CounterValues, bytes([LINK_INDEX]))


@pytest.mark.parametrize("method", ["read", "write"])
def test_the_port_disappears(method):
    board = FakeBoard()
    client = connect(board)

    def gone(*arguments):
        raise OSError(5, "Input/output error")

    setattr(board, method, gone)
    with pytest.raises(BoardError, match=r"/dev/fake: the port .*: \[Errno 5\] Input/output error"):
        client.classify(np.zeros((10, 3), np.int32))


def test_patience_is_by_the_clock_of_the_port():
    """A second of silence, of which the port's clock sees little: nothing counts as lost."""
    board = FakeBoard()
    client = connect(board)
    answer, silent = board.carry_out, iter(range(20))

    def carry_out():
        if next(silent, None) is None:
            answer()
        else:
            time.sleep(0.05)
            board.seconds -= 0.9 * SILENT_READ_S

    board.carry_out = carry_out
    [events] = random_samples(np.random.default_rng(8), 1)
    assert client.classify(events).logits == expected([events])[0]
    assert client.losses == Losses()


IMAGE = np.array(
    [(core, address, core * address + 7) for core in range(3) for address in range(500)],
    [("core", "<u4"), ("address", "<u4"), ("data", "<u4")],
)


@pytest.mark.parametrize("seed", range(8))
def test_a_bad_line_costs_time_and_no_part_of_an_image(seed):
    board = FakeBoard(Noise(seed, 0.1 * (seed > 0)), Noise(100 + seed, 0.05 * (seed > 0)))
    client = connect(board)
    client.load(IMAGE, DESIGN, 77)
    assert board.image == encode_chunks(IMAGE)
    assert client.info.network == board.info.network == 77
    assert (client.losses == Losses()) == (seed == 0)
    [events] = random_samples(np.random.default_rng(1), 1)
    assert client.classify(events).logits == expected([events])[0]


def test_an_image_for_another_design_leaves_the_network():
    board = FakeBoard()
    client = connect(board)
    with pytest.raises(BoardError, match="refuses LOAD: DESIGN: the image is for another design"):
        client.load(IMAGE, DESIGN + 1, 77)
    assert board.info.network == INFO.network


def test_an_image_that_the_check_refutes_is_no_network():
    board = FakeBoard()
    client = connect(board)
    take = board.take

    def lose(frame):
        """A fault behind the line: what is carried out is not what was taken."""
        if frame.kind == Command.CHUNKS.value:
            frame = replace(frame, data=frame.data[:-8])
        take(frame)

    board.take = lose
    with pytest.raises(BoardError, match="refuses LOADED: IMAGE: the image is cut or damaged"):
        client.load(IMAGE, DESIGN, 77)
    assert board.info.network == 0


class WatchedBoard(FakeBoard):
    """Board that notes how often its replies were looked for, at each frame."""

    def __init__(self, info):
        super().__init__(info=info)
        self.looks, self.looks_by_frame = 0, []

    @property
    def in_waiting(self):
        self.looks += 1
        return super().in_waiting

    def take(self, frame):
        super().take(frame)
        self.looks_by_frame.append(self.looks)


def test_replies_are_looked_for_once_half_of_the_room_is_taken():
    board = WatchedBoard(replace(INFO, buffer_bytes=16_382))
    client = connect(board)
    events = np.random.default_rng(1).integers(0, INFO.sensor, (6_000, 3))
    board.looks_by_frame.clear()
    assert client.classify(events).logits == expected([events])[0]
    _, first, *others = board.looks_by_frame  # SYNC, events and END
    assert others[29] == first
    assert others[-1] > first
