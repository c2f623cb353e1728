from tests.hw.cores import make_core
from tickless.hw.core.axis import AxisTable, axis_steps


def test_steps_of_a_coordinate():
    # Kernel 3, stride 2, padding 1 over 6 rows: 3 output rows, two banks.
    config = make_core()
    steps = [axis_steps(config, config.edges[0], 0, y) for y in range(8)]
    assert steps == [[[0]], [[0, 1]], [[1]], [[1, 2]], [[2]], [[2]], [[]], [[]]]
    folded = make_core(taps=1)
    assert axis_steps(folded, folded.edges[0], 0, 1) == [[0], [1]]


def test_steps_of_a_dilated_axis_end_where_the_banks_do():
    # Kernel 3, dilation 2, padding 2 over 6 rows: output rows y - 2, y and y + 2.
    wide = make_core(dilation=2, stride=1, padding=2, output_shape=(4, 6, 5), taps=25)
    steps = [axis_steps(wide, wide.edges[0], 0, y) for y in range(7)]
    assert steps == [[[0, 2]], [[1, 3]], [[0, 2, 4]], [[1, 3, 5]], [[2, 4]], [[3, 5]], [[]]]
    for taps, expected in ((5, [[0], [2], [4]]), (10, [[0], [2], [4]]), (15, [[0, 2], [4]])):
        folded = make_core(dilation=2, stride=1, padding=2, output_shape=(4, 6, 5), taps=taps)
        assert axis_steps(folded, folded.edges[0], 0, 2) == expected
    entry = AxisTable(wide, wide.edges[0], 0).entries[3]
    assert (entry["first"], entry["rotate"], entry["count"], entry["last"]) == (1, 1, 3, 1)
    # Rows 5, 1 and 3 lie in banks 0, 1 and 3; a line of the kernel has three weights.
    banks = [(bank["valid"], bank["weight_offset"] // 3) for bank in entry["banks"]]
    assert banks == [(1, 0), (1, 2), (0, 0), (1, 1), (0, 0)]


def test_axes_have_their_own_geometry():
    core = make_core(kernel=(3, 1), stride=(1, 2), padding=(1, 0), output_shape=(4, 6, 3), taps=3)
    assert core.window == (3, 1)
    rows, columns = ([axis_steps(core, core.edges[0], axis, 2)] for axis in (0, 1))
    assert (rows, columns) == ([[[1, 2, 3]]], [[[1]]])
    assert axis_steps(core, core.edges[0], 1, 3) == [[]]


def test_entries_name_bank_and_kernel_line():
    config = make_core()
    table = AxisTable(config, config.edges[0], 0)
    assert (table.taps, table.step_bits) == (2, 0)
    entry = table.entries[3]
    assert (entry["first"], entry["rotate"], entry["count"], entry["last"]) == (1, 1, 2, 1)
    kernel_lines = [bank["weight_offset"] // 3 for bank in entry["banks"]]
    assert kernel_lines == [0, 2]
