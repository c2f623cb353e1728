import gc

import pytest

from tickless.gen.verilog import generating


@pytest.fixture(params=[True, False])
def collecting(request):
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_garbage_is_left_alone_for_a_while(collecting):
    with generating("nothing"):
        assert not gc.isenabled()
    assert gc.isenabled() == collecting
    with pytest.raises(KeyError), generating("nothing"):
        raise KeyError
    assert gc.isenabled() == collecting
