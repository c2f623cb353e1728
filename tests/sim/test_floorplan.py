"""The floor plan shows every core and every link that was used, busier ones wider."""

import pytest

from tests.sim.reports import MESH
from tickless.sim.floorplan import THICK, floor_plan
from tickless.sim.traffic import LinkTraffic, MeshResult


def test_every_tile_is_a_box_with_what_enters_it():
    host, first, second = floor_plan(MESH).boxes
    assert (host.name, host.kind) == ("host", "host")
    assert (first.name, first.kind, first.entering) == ("first", "core", 60.0)
    assert (second.name, second.entering) == ("second", 40.0)
    assert host.x == first.x < second.x
    assert host.y < first.y == second.y


def test_tiles_without_a_core_only_route():
    plan = floor_plan(MeshResult(1, 1, [], [], 0.0, 0.0))
    assert [box.kind for box in plan.boxes] == ["host", "router"]


def test_the_busiest_link_is_the_widest():
    arrows = {arrow.packets: arrow for arrow in floor_plan(MESH).arrows}
    assert sorted(arrows) == [10.0, 40.0, 60.0]
    assert arrows[60.0].width == THICK
    assert arrows[10.0].width < arrows[40.0].width < THICK


def test_both_directions_of_a_link_lie_side_by_side():
    plan = floor_plan(MESH)
    east = next(arrow for arrow in plan.arrows if arrow.x2 > arrow.x1)
    west = next(arrow for arrow in plan.arrows if arrow.x2 < arrow.x1)
    assert (east.x1, east.x2) == (west.x2, west.x1)
    assert east.y1 == east.y2 != west.y1


@pytest.mark.parametrize("port", ["north", "south", "east", "west"])
def test_arrows_join_the_edges_of_boxes(port):
    mesh = MeshResult(3, 3, [], [LinkTraffic(2, 1, port, 1.0)], 1.0, 1.0)
    plan = floor_plan(mesh)
    arrow = plan.arrows[-1]
    corners = {(box.x, box.y) for box in plan.boxes}

    def touches(x, y):
        return any(
            left <= x <= left + plan.box_width and top <= y <= top + plan.box_height
            for left, top in corners
        )

    assert touches(arrow.x1, arrow.y1)
    assert touches(arrow.x2, arrow.y2)
    assert not touches((arrow.x1 + arrow.x2) / 2, (arrow.y1 + arrow.y2) / 2)
    assert 0 <= arrow.text_x <= plan.width
    assert 0 <= arrow.text_y <= plan.height
