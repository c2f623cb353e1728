import gc

import pytest

from tickless.hw.host.uart import UartReceiver, UartTransmitter


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("part", [UartReceiver, UartTransmitter])
@pytest.mark.parametrize("divisor", [3, 4.0, True])
def test_refuses(part, divisor):
    with pytest.raises(ValueError, match=f"divisor = {divisor}: expected an integer of at least 4"):
        part(divisor)
    gc.collect()
