import pytest
import torch

from tickless.sw.integer.layer import Reset
from tickless.sw.training.neurons import (
    IntegrateAndFire,
    LeakyIntegrateAndFire,
    describe_neuron,
    read_neuron,
)
from tickless.sw.training.surrogates import SURROGATES


def run(values, floor=-1.0, reset: Reset = "subtract"):
    return IntegrateAndFire(floor, reset=reset)(torch.tensor(values)[:, None])[:, 0].tolist()


def test_spikes_and_reset_by_subtraction():
    assert run([0.6, 0.6, 0.6, 0.6]) == [0, 1, 0, 1]


def test_threshold_itself_spikes():
    assert run([0.5, 0.5]) == [0, 1]


def test_spikes_and_reset_to_zero():
    # The second step leaves 0.2, or nothing; the last three begin at the floor.
    assert run([0.6, 0.6, 0.8, 0.2], reset="subtract") == [0, 1, 1, 0]
    assert run([0.6, 0.6, 0.8, 0.2], reset="zero") == [0, 1, 0, 1]
    assert run([3.9, 0.9], reset="zero") == [3, 0]
    assert run([-5.0, 2.5, 0.5], -1.0, reset="zero") == [0, 1, 0]


def test_several_spikes_a_step():
    assert run([3.5, 0.5]) == [3, 1]


def test_floor():
    assert run([-5.0, 2.0], -1.0) == [0, 1]
    assert run([-5.0, 2.0, 1.0], -2.0) == [0, 0, 1]


def test_samples_are_independent():
    x = torch.rand(7, 3, 2, 4, 4)
    neuron = IntegrateAndFire()
    whole = neuron(x)
    assert torch.equal(whole[:, 1], neuron(x[:, 1].contiguous()))


def test_surrogate_gradient():
    x = torch.tensor([[-0.5], [0.25], [2.5]], requires_grad=True)
    for step, expected in enumerate([0.0, 0.25, 1.0]):
        x.grad = None
        IntegrateAndFire()(x[step : step + 1]).sum().backward()
        assert x.grad is not None
        assert x.grad[step].item() == expected


def test_gradient_through_time():
    # u = 0.5 does not spike; 0.5 + 0.4 does not either: the first input acts on both steps.
    x = torch.tensor([[0.5], [0.4]], requires_grad=True)
    IntegrateAndFire()(x).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad[:, 0], torch.tensor([0.5 + 0.5 * 0.9, 0.9]))


def test_no_gradient_through_the_floor():
    x = torch.tensor([[-3.0], [1.5]], requires_grad=True)
    IntegrateAndFire()(x).sum().backward()
    assert x.grad is not None
    assert x.grad[:, 0].tolist() == [0.0, 0.5]


def test_a_floor_for_each_channel():
    x = torch.tensor([-5.0, 2.0, 1.0])[:, None, None, None, None].expand(3, 1, 2, 1, 1)
    spikes = IntegrateAndFire(-9.0)(x, torch.tensor([-1.0, -2.0])[:, None, None])
    assert spikes[:, 0, :, 0, 0].T.tolist() == [[0, 1, 1], [0, 0, 1]]


def test_leaky_neurons_decay_and_forget():
    neuron = LeakyIntegrateAndFire(0.5)
    x = torch.tensor([0.8, 0.7, 0.9, 2.5, 0.9])[:, None]
    # u = 0.8, 0.4 + 0.7 = 1.1 fires and resets to 0, 0.9, 0.45 + 2.5 fires once, 0.9.
    assert neuron(x)[:, 0].tolist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_leaky_gradient_is_that_of_the_equations(surrogate):
    torch.manual_seed(0)
    current = (torch.randn(6, 5) + 0.5).requires_grad_()
    weight = torch.randn(6, 5)
    (LeakyIntegrateAndFire(0.5, surrogate)(current) * weight).sum().backward()
    mine, current.grad = current.grad, None
    membrane, total = torch.zeros(5), torch.zeros(())
    for step in range(6):
        u = 0.5 * membrane + current[step]
        slope = SURROGATES[surrogate](u.detach())
        spike = (u.detach() >= 1).float() + slope * (u - u.detach())
        membrane = u * (1 - spike)
        total = total + (spike * weight[step]).sum()
    total.backward()
    torch.testing.assert_close(mine, current.grad)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_gradient_is_that_of_the_equations(surrogate, reset):
    torch.manual_seed(0)
    current = torch.randn(6, 1, 5, 1, 1).mul_(2).requires_grad_()
    weight = torch.randn(6, 1, 5, 1, 1)
    (IntegrateAndFire(-1.0, surrogate, reset)(current) * weight).sum().backward()
    mine, current.grad = current.grad, None
    membrane, total = torch.zeros(1, 5, 1, 1), torch.zeros(())
    for step in range(6):
        u = membrane + current[step]
        slope = SURROGATES[surrogate](u.detach())
        spike = u.detach().floor().clamp(min=0) + slope * (u - u.detach())
        left = u - spike if reset == "subtract" else torch.where(u < 1, u, 0.0)
        membrane = torch.where(u > -1, left, -1.0)
        total = total + (spike * weight[step]).sum()
    total.backward()
    torch.testing.assert_close(mine, current.grad)


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_surrogates_are_1_at_the_threshold_and_leave_the_membrane_alone(surrogate):
    membrane = torch.linspace(-3, 5, 33)
    kept = membrane.clone()
    slope = SURROGATES[surrogate](membrane)
    assert torch.equal(membrane, kept)
    assert slope[16].item() == pytest.approx(1)
    assert slope.min() >= 0
    assert slope.max() <= 1


def test_neurons_by_name():
    for neuron in (IntegrateAndFire(-3.0, "arctan", "zero"), LeakyIntegrateAndFire(0.25)):
        assert read_neuron(describe_neuron(neuron)) == neuron


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IntegrateAndFire(0.0), "floor = 0.0: expected a negative"),
        (lambda: IntegrateAndFire(surrogate="x"), "surrogate = 'x': expected one of ramp, tri"),
        (
            lambda: read_neuron({"kind": "if", "reset": "hard"}),
            "reset = 'hard': expected one of subtract, zero",
        ),
        (lambda: LeakyIntegrateAndFire(0.0), "decay = 0.0: expected above 0"),
        (lambda: read_neuron({"kind": "x"}), "neuron = 'x': expected one of if, lif"),
    ],
)
def test_impossible_neurons(make, message):
    with pytest.raises(ValueError, match=message):
        make()
