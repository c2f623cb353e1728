import pytest
import torch

from tickless.sw.training.temporal_transformation import boundaries, transform


def frames(*values):
    return torch.tensor(values, dtype=torch.float32)[:, None]


def test_shrinking_sums_groups():
    assert transform(frames(1, 2, 3, 4, 5), 3)[:, 0].tolist() == [3, 3, 9]


def test_growing_repeats():
    assert transform(frames(1, 2, 3), 5)[:, 0].tolist() == [1, 1, 2, 3, 3]


def test_equal_is_identity():
    x = torch.rand(4, 2, 3)
    assert transform(x, 4) is x


@pytest.mark.parametrize("few", range(1, 42))
def test_boundaries_follow_the_formula(few):
    for many in range(few, 90):
        ends = boundaries(few, many)
        assert ends == tuple(round((i + 1) * many / few - 1e-5) for i in range(few))
        assert ends[-1] == many


@pytest.mark.parametrize(("few", "many"), [(0, 3), (4, 3), (-1, 2)])
def test_impossible_boundaries(few, many):
    with pytest.raises(ValueError, match="expected 1 <= few <= many"):
        boundaries(few, many)


def test_shrinking_loses_no_spike_and_passes_gradients():
    x = torch.randint(0, 3, (17, 2, 3)).float().requires_grad_()
    y = transform(x, 5)
    assert torch.equal(y.sum(0), x.sum(0))
    (y * torch.arange(5)[:, None, None]).sum().backward()
    assert x.grad is not None
    ends = boundaries(5, 17)
    groups = [sum(t >= end for end in ends) for t in range(17)]
    assert x.grad[:, 0, 0].tolist() == groups
