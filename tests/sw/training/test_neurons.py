import itertools
from math import exp, inf
from typing import Any, cast

import pytest
import torch

from tickless.sw.integer.layer import Reset
from tickless.sw.training.neurons import (
    IntegrateAndFire,
    LeakyIntegrateAndFire,
    Rectifier,
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
def test_gradient_is_that_of_the_equations(surrogate):
    torch.manual_seed(0)
    current = torch.randn(6, 1, 5, 1, 1).mul_(2).requires_grad_()
    weight = torch.randn(6, 1, 5, 1, 1)
    (IntegrateAndFire(-1.0, surrogate)(current) * weight).sum().backward()
    mine, current.grad = current.grad, None
    membrane, total = torch.zeros(1, 5, 1, 1), torch.zeros(())
    for step in range(6):
        u = membrane + current[step]
        slope = SURROGATES[surrogate](u.detach())
        spike = u.detach().floor().clamp(min=0) + slope * (u - u.detach())
        membrane = torch.where(u > -1, u - spike, -1.0)
        total = total + (spike * weight[step]).sum()
    total.backward()
    torch.testing.assert_close(mine, current.grad)


@pytest.mark.parametrize(
    ("neuron", "values", "spikes"),
    [
        (IntegrateAndFire(spikes="one"), [2.5, 0.0, 0.0], [1, 1, 0]),
        (IntegrateAndFire(strict=True), [1.0, 0.125, 2.0], [0, 1, 2]),
        (IntegrateAndFire(spikes="one", strict=True), [1.0, 1.0, 1.0], [0, 1, 1]),
        (IntegrateAndFire(reset="zero"), [2.5, 0.75, 0.5], [2, 0, 1]),
        (IntegrateAndFire(-2.0, reset="zero"), [-5.0, 2.5, 0.5], [0, 0, 1]),
        (IntegrateAndFire(-inf, spikes="one"), [-5.0, 5.5, 0.5], [0, 0, 1]),
        (IntegrateAndFire(-inf), [-5.0, 7.5], [0, 2]),
        (LeakyIntegrateAndFire(0.5, spikes="many", reset="subtract"), [2.5, 0.75], [2, 1]),
        # 0.5 * 1.5 - 1 leaves -0.25, not 0.5 * (1.5 - 1) = 0.25.
        (
            LeakyIntegrateAndFire(0.5, reset="subtract", delayed=True),
            [1.5, 1.0, 1.25, 0.5],
            [1, 0, 1, 0],
        ),
        (LeakyIntegrateAndFire(0.5, reset="subtract"), [1.5, 1.0, 1.25], [1, 1, 1]),
        (LeakyIntegrateAndFire(0.5, strict=True), [1.0, 0.5, 0.625], [0, 0, 1]),
    ],
)
def test_ways_to_fire_and_reset(neuron, values, spikes):
    assert neuron(torch.tensor(values)[:, None])[:, 0].tolist() == spikes


# One time step of each framework's neuron, as its code has it: (membrane, spikes before, current)
# gives (membrane, spikes). Threshold 1.


def sinabs(alpha=1.0, low=None, multiple=True, subtract=True):
    """layers/functional/lif.py, activation/spike_generation.py and reset_mechanism.py of 3.1.3."""

    def step(v, spikes, x):
        v = alpha * v + x
        if multiple:
            spikes = (v > 0) * torch.div(v, 1.0, rounding_mode="trunc")
        else:
            spikes = (v - 1.0 >= 0).float()
        v = v - spikes if subtract else v * (spikes == 0).float()
        return v if low is None else torch.relu(v - low) + low, spikes

    return step


def snntorch(beta=1.0, subtract=True):
    """_neurons/leaky.py of 1.0.0, with reset_delay=True."""

    def step(mem, spikes, x):
        reset = (mem - 1.0 > 0).float()
        mem = beta * mem + x - reset if subtract else beta * ((1 - reset) * mem) + x
        return mem, (mem - 1.0 > 0).float()

    return step


def spikingjelly(tau=None, hard=True):
    """activation_based/neuron/lif.py and functional/neuron.py of 2.0.0, without decay_input."""

    def step(v, spikes, x):
        v = v + x if tau is None else v + (0.0 - v) / tau + x
        spikes = (v - 1.0 >= 0).float()
        return (1.0 - spikes) * v if hard else v - spikes, spikes

    return step


def norse(tau_mem_inv=None, dt=0.001):
    """functional/iaf.py and lif_box.py of 1.1.0; the latter's current is divided by its gain."""

    def step(v, spikes, x):
        gain = 1.0 if tau_mem_inv is None else dt * tau_mem_inv
        v = v + x if tau_mem_inv is None else v + gain * (x / gain - v)
        spikes = torch.gt(v - 1.0, 0.0).float()
        return (1 - spikes) * v, spikes

    return step


FRAMEWORKS = {
    "sinabs IAF": (IntegrateAndFire(-inf), sinabs()),
    "sinabs IAF, min_v_mem": (IntegrateAndFire(-1.0), sinabs(low=-1.0)),
    "sinabs IAF, SingleSpike": (IntegrateAndFire(-inf, spikes="one"), sinabs(multiple=False)),
    "sinabs IAF, MembraneReset": (IntegrateAndFire(-inf, reset="zero"), sinabs(subtract=False)),
    "sinabs LIF": (
        LeakyIntegrateAndFire(exp(-0.1), spikes="many", reset="subtract"),
        sinabs(exp(-0.1)),
    ),
    "snnTorch Leaky, beta 1": (IntegrateAndFire(-inf, spikes="one", strict=True), snntorch()),
    "snnTorch Leaky, beta 1, zero": (
        IntegrateAndFire(-inf, spikes="one", reset="zero", strict=True),
        snntorch(subtract=False),
    ),
    "snnTorch Leaky": (
        LeakyIntegrateAndFire(0.9, reset="subtract", strict=True, delayed=True),
        snntorch(0.9),
    ),
    "snnTorch Leaky, zero": (LeakyIntegrateAndFire(0.9, strict=True), snntorch(0.9, False)),
    "spikingjelly IFNode": (IntegrateAndFire(-inf, spikes="one", reset="zero"), spikingjelly()),
    "spikingjelly IFNode, None": (IntegrateAndFire(-inf, spikes="one"), spikingjelly(hard=False)),
    "spikingjelly LIFNode": (LeakyIntegrateAndFire(0.75), spikingjelly(4.0)),
    "Norse IAF": (IntegrateAndFire(-inf, spikes="one", reset="zero", strict=True), norse()),
    "Norse LIFBox": (LeakyIntegrateAndFire(0.875, strict=True), norse(125.0)),
}


@pytest.mark.parametrize("eighths", [False, True], ids=["real", "with ties"])
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_neurons_of_the_frameworks_spike_alike_step_by_step(name, eighths):
    torch.manual_seed(1)
    current = torch.randn(20, 500) * 0.9 + 0.2
    if eighths:
        current = (current * 8).round() / 8
    neuron, step = FRAMEWORKS[name]
    membrane = spikes = torch.zeros(500)
    expected = []
    for arriving in current:
        membrane, spikes = step(membrane, spikes, arriving)
        expected.append(spikes)
    different = (neuron(current) - torch.stack(expected)).abs().sum()
    assert torch.stack(expected).sum() > 1000
    # Membranes that are subtracted from in another order differ by rounding.
    assert different <= 1e-4 * torch.stack(expected).sum()


WAYS = [
    *(IntegrateAndFire(-1.0, "ramp", *way) for way in itertools.product(
        ("one", "many"), ("subtract", "zero"), (False, True)
    )),
    *(LeakyIntegrateAndFire(0.5, "triangle", *way) for way in itertools.product(
        ("one", "many"), ("subtract", "zero"), (False, True), (False, True)
    )),
]  # fmt: skip


@pytest.mark.parametrize("neuron", WAYS, ids=str)
def test_the_gradient_of_every_way_is_that_of_its_equations(neuron):
    torch.manual_seed(0)
    current = torch.randn(6, 1, 9, 1, 1).mul_(2).requires_grad_()
    weight = torch.randn(6, 1, 9, 1, 1)
    (neuron(current) * weight).sum().backward()
    mine, current.grad = current.grad, None
    floor, decay = getattr(neuron, "floor", -inf), getattr(neuron, "decay", 1.0)
    delayed = getattr(neuron, "delayed", False)
    membrane = before = torch.zeros(1, 9, 1, 1)
    total = torch.zeros(())
    for step in range(6):
        u = decay * membrane + current[step] - before
        fixed = u.detach()
        count = torch.ceil(fixed) - 1 if neuron.strict else fixed.floor()
        count = count.clamp(0, 1 if neuron.spikes == "one" else None)
        slope = SURROGATES[neuron.surrogate](fixed)
        spike = count + slope * (u - fixed)
        if neuron.reset == "zero":
            # Behind many spikes, whose slope has no end, the gradient does not pass the reset.
            passes = slope * (u - fixed) if neuron.spikes == "one" else 0.0
            fired = (count > 0).float() + passes
            membrane = torch.where(u > floor, u * (1 - fired), torch.full_like(u, floor))
        elif delayed:
            membrane, before = u, spike
        else:
            membrane = torch.where(u > floor, u - spike, torch.full_like(u, floor))
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
    for neuron in (
        IntegrateAndFire(-3.0, "arctan"),
        LeakyIntegrateAndFire(0.25),
        Rectifier(),
        *WAYS,
    ):
        assert read_neuron(describe_neuron(neuron)) == neuron


def test_rectifiers_send_real_numbers_and_keep_nothing():
    current = torch.tensor([[-1.5, 0.25], [2.5, -0.5]])
    assert Rectifier()(current).tolist() == [[0.0, 0.25], [2.5, 0.0]]
    assert describe_neuron(Rectifier()) == {"kind": "relu"}


def test_descriptions_of_neurons_that_fire_as_ever_stay():
    assert describe_neuron(IntegrateAndFire(-2.0)) == {
        "kind": "if",
        "floor": -2.0,
        "surrogate": "ramp",
    }
    leaky = {"kind": "lif", "decay": 0.5, "surrogate": "triangle"}
    assert describe_neuron(LeakyIntegrateAndFire()) == leaky


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IntegrateAndFire(0.0), "floor = 0.0: expected a negative"),
        (lambda: IntegrateAndFire(surrogate="x"), "surrogate = 'x': expected one of ramp, tri"),
        (
            lambda: IntegrateAndFire(spikes=cast(Any, "two")),
            "expected one of one, many",
        ),
        (
            lambda: IntegrateAndFire(reset=cast(Any, "one")),
            "expected one of subtract, zero",
        ),
        (lambda: LeakyIntegrateAndFire(0.0), "decay = 0.0: expected above 0"),
        (lambda: read_neuron({"kind": "x"}), "neuron = 'x': expected one of if, lif"),
    ],
)
def test_impossible_neurons(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_a_leak_by_channel_is_that_of_each_channel(reset, delayed):
    decays = (0.25, 0.5, 1.0)
    current = torch.randint(-4, 8, (6, 2, 3, 4, 1), generator=torch.Generator().manual_seed(0)) / 8
    together = current.clone().requires_grad_()
    spikes = LeakyIntegrateAndFire(decays, reset=reset, delayed=delayed)(together)
    spikes.square().sum().backward()
    assert spikes.any()
    for channel, decay in enumerate(decays):
        alone = current[:, :, channel : channel + 1].clone().requires_grad_()
        found = LeakyIntegrateAndFire(decay, reset=reset, delayed=delayed)(alone)
        found.square().sum().backward()
        assert torch.equal(found, spikes[:, :, channel : channel + 1])
        assert together.grad is not None
        assert alone.grad is not None
        torch.testing.assert_close(alone.grad, together.grad[:, :, channel : channel + 1])
