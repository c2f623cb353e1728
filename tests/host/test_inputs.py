"""Recordings of a data set by name."""

from tickless.host.inputs import dataset_recordings

SMALL = (2, 34, 34)


def test_the_usual_number_of_samples():
    recordings = dataset_recordings("saccades", None, 1, SMALL, 10)
    assert len({recording.name for recording in recordings}) == 20
    assert {recording.label for recording in recordings} <= set(range(10))
