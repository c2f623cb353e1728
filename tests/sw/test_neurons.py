import torch

from sw.neurons import integrate_and_fire


def run(values, floor=-1.0):
    return integrate_and_fire(torch.tensor(values)[:, None], floor)[:, 0].tolist()


def test_spikes_and_reset_by_subtraction():
    assert run([0.6, 0.6, 0.6, 0.6]) == [0, 1, 0, 1]


def test_threshold_itself_spikes():
    assert run([0.5, 0.5]) == [0, 1]


def test_several_spikes_a_step():
    assert run([3.5, 0.5]) == [3, 1]


def test_floor():
    assert run([-5.0, 2.0], -1.0) == [0, 1]
    assert run([-5.0, 2.0, 1.0], -2.0) == [0, 0, 1]


def test_samples_are_independent():
    x = torch.rand(7, 3, 2, 4, 4)
    whole = integrate_and_fire(x, -1.0)
    assert torch.equal(whole[:, 1], integrate_and_fire(x[:, 1].contiguous(), -1.0))


def test_surrogate_gradient():
    x = torch.tensor([[-0.5], [0.25], [2.5]], requires_grad=True)
    for step, expected in enumerate([0.0, 0.25, 1.0]):
        x.grad = None
        integrate_and_fire(x[step : step + 1], -1.0).sum().backward()
        assert x.grad is not None
        assert x.grad[step].item() == expected


def test_gradient_through_time():
    # u = 0.5 does not spike; 0.5 + 0.4 does not either: the first input acts on both steps.
    x = torch.tensor([[0.5], [0.4]], requires_grad=True)
    integrate_and_fire(x, -1.0).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad[:, 0], torch.tensor([0.5 + 0.5 * 0.9, 0.9]))


def test_no_gradient_through_the_floor():
    x = torch.tensor([[-3.0], [1.5]], requires_grad=True)
    integrate_and_fire(x, -1.0).sum().backward()
    assert x.grad is not None
    assert x.grad[:, 0].tolist() == [0.0, 0.5]
