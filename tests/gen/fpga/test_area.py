import pytest

from tickless.gen.fpga import area


def test_router_keeps_to_its_share_of_the_fpga(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    router = area.measure(area.parts()["router, five ports"](), "router")
    assert router.comb <= 1500
    assert router.block_rams == 0
    assert router.clock_mhz >= 100


def test_interface_keeps_to_its_share_of_the_fpga(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    interface = area.measure(area.parts()["interface, 4 sources, 4 destinations"](), "interface")
    assert interface.comb <= 800
    assert interface.block_rams == 8


@pytest.mark.parametrize("part", ["AXI bridge, no counters", "AXI bridge with early exit"])
def test_axi_bridge_keeps_to_its_share_of_the_fpga(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bridge = area.measure(area.parts()[part](), "bridge")
    assert bridge.lut4 <= 500
    if part == "AXI bridge, no counters":
        assert bridge.comb <= 500
    assert bridge.block_rams == 0
    assert bridge.clock_mhz >= 100
