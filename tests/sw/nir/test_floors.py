import pytest

from tickless.sw.data.catalog import load
from tickless.sw.integer.network import PRETRAINED, Network
from tickless.sw.judge.evaluate import score_events
from tickless.sw.judge.score import EventScore
from tickless.sw.nir.export import to_nir
from tickless.sw.nir.floors import FLOOR, FLOORS, FloorTrial, best_floor
from tickless.sw.nir.importing import from_nir


def test_the_best_floor_is_that_of_accuracy_then_of_few_events():
    trials = [
        FloorTrial(floor, EventScore(accuracy, 10, events, 0.0))
        for floor, accuracy, events in (
            (-1.0, 0.8, (5.0, 10.0)),
            (-2.0, 0.9, (5.0, 90.0)),
            (-4.0, 0.9, (60.0, 50.0)),
            (-8.0, 0.9, (5.0, 70.0)),
        )
    ]
    assert best_floor(trials) == -4.0


@pytest.fixture
def graph():
    """An export that has forgotten its floor."""
    made = to_nir(Network.load(PRETRAINED / "saccades.safetensors"))
    made.metadata = {}
    return made


def floor_of(imported) -> float:
    return imported.checkpoint.model.neuron.floor


def test_floors_are_tried_on_recordings(graph):
    samples = load("saccades", "train")[:30]
    imported = from_nir(graph, semantics="sinabs", recordings=samples)
    assert [trial.floor for trial in imported.trials] == list(FLOORS)
    floor = best_floor(imported.trials)
    assert floor_of(imported) == floor
    assert any(f"floor of {floor:g} thresholds" in note for note in imported.notes)
    chosen = next(trial for trial in imported.trials if trial.floor == floor)
    assert score_events(imported.network, samples) == chosen.score


def test_a_floor_that_is_given_is_taken_as_it_is(graph):
    imported = from_nir(graph, semantics="sinabs", floor=-3.0)
    assert imported.trials == ()
    assert floor_of(imported) == -3.0
    layer = imported.network.layers[0]
    assert (layer.floor == (-3 * layer.threshold)).all()
    assert floor_of(from_nir(graph, semantics="sinabs")) == FLOOR
