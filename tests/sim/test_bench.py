"""Sources, taps, watchdog and recordings, on small designs that keep or break the rules."""

from functools import partial

import numpy as np
import pytest

from tests.sim.stubs import LINK, Stub
from tickless.sim.build import SimulatorBuildError
from tickless.sim.packets import pack_sample, unpack_answers
from tickless.sim.run import Simulation, SimulationError
from tickless.sim.waves import Waves

FAULTS = ("none", "drops valid", "changes payload", "waits for ready", "stops")


def random_samples(count):
    rng = np.random.default_rng(count)
    sizes = [0, *rng.integers(1, 30, count - 1)]
    return [pack_sample(LINK, rng.integers(0, (70, 4, 5), (size, 3))) for size in sizes]


@pytest.fixture(scope="module")
def simulation():
    return Simulation([partial(Stub, fault) for fault in FAULTS], optimize=False)


def run(simulation, fault, samples, **options):
    """Run one of the designs; the others have nothing to do."""
    stimuli = [samples if name == fault else [] for name in FAULTS]
    return simulation.run(stimuli, watchdog_cycles=5000, **options)[FAULTS.index(fault)]


@pytest.mark.parametrize("stalls", [False, True])
def test_records_every_transfer(simulation, stalls):
    samples = random_samples(12)
    recording = run(simulation, "none", samples, stalls=stalls, seed=5)
    assert len(recording.samples) == len(samples)
    for sample, recorded in zip(samples, recording.samples, strict=True):
        for link in recorded.links[:2]:
            assert np.array_equal(link.packets, sample)
            assert (np.diff(link.cycles) > 0).all()
        received = unpack_answers(2, recorded.links[2].packets)
        assert received.logits.tolist() == [[0, -5]]
        assert received.ends.all()
    packets = sum(len(sample) for sample in samples)
    assert [core.values for core in recording.counters] == [
        {"packets": packets},
        {"packets": packets, "ends": 12},
    ]
    assert recording.cycles >= 4 * packets
    assert recording.seconds > 0


def test_stalls_change_the_time_and_nothing_else(simulation):
    samples = random_samples(12)
    runs = [run(simulation, "none", samples, stalls=True, seed=seed) for seed in (1, 1, 2)]
    cycles = [np.concatenate([s.links[1].cycles for s in r.samples]).tolist() for r in runs]
    assert cycles[0] == cycles[1] != cycles[2]


def test_no_samples(simulation):
    recording = run(simulation, "none", [])
    assert recording.samples == ()
    assert recording.cycles == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("drops valid", r"'drops valid' to 'answerer'\), cycle \d+: valid fell before"),
        ("changes payload", r"'changes payload' to 'answerer'\), cycle \d+: payload changed to E"),
    ],
)
@pytest.mark.parametrize("stalls", [False, True])
def test_reports_a_broken_rule(simulation, fault, message, stalls):
    with pytest.raises(SimulationError, match=message) as caught:
        run(simulation, fault, random_samples(3), stalls=stalls)
    assert f"design {FAULTS.index(fault)}, link 1" in str(caught.value)


def test_reports_a_producer_that_waits_for_ready(simulation):
    with pytest.raises(SimulationError, match="design 3 hangs at cycle") as caught:
        run(simulation, "waits for ready", random_samples(3))
    assert "link 1 ('waits for ready' to 'answerer'): 0 packets; valid 0, ready 0" in str(
        caught.value
    )


def test_reports_who_waits_for_whom(simulation):
    with pytest.raises(SimulationError, match=r"with 1 of 4 answers") as caught:
        run(simulation, "stops", random_samples(4))
    text = str(caught.value)
    assert "link 0 ('input' to 'stops'): 3 packets" in text
    assert "valid 1, ready 0: the sender waits" in text
    assert "link 2 ('answerer' to 'answers'): 1 packets, the last at cycle" in text


def test_refuses_a_combinational_loop():
    with pytest.raises(SimulatorBuildError, match="UNOPTFLAT"):
        Simulation([partial(Stub, "needs ready")])


def test_refuses_a_sample_without_end(simulation):
    with pytest.raises(ValueError, match="sample 1 of design 0: expected one END"):
        run(simulation, "none", [random_samples(1)[0], random_samples(2)[1][:-1]])


def test_waveforms_are_written(tmp_path):
    watched = Simulation([partial(Stub, "none")], waves=True, optimize=False)
    watched.run([random_samples(3)], waves=Waves(tmp_path / "all"))
    watched.run([random_samples(3)], waves=Waves(tmp_path / "some", (), 10, 20))
    whole, part = ((tmp_path / name).stat().st_size for name in ("all", "some"))
    assert whole > part > 1000
