from tests.hw.cores import make_core
from tickless.hw.core.axis import AxisTable, axis_steps


def test_steps_of_a_coordinate():
    # Kernel 3, stride 2, padding 1 over 6 rows: 3 output rows, two banks.
    config = make_core()
    steps = [axis_steps(config, config.edges[0], 0, y) for y in range(8)]
    assert steps == [[[0]], [[0, 1]], [[1]], [[1, 2]], [[2]], [[2]], [[]], [[]]]
    folded = make_core(taps=1)
    assert axis_steps(folded, folded.edges[0], 0, 1) == [[0], [1]]


def test_entries_name_bank_and_kernel_line():
    config = make_core()
    table = AxisTable(config, config.edges[0], 0)
    assert (table.taps, table.step_bits) == (2, 0)
    entry = table.entries[3]
    assert (entry["first"], entry["rotate"], entry["count"], entry["last"]) == (1, 1, 2, 1)
    kernel_lines = [bank["weight_offset"] // 3 for bank in entry["banks"]]
    assert kernel_lines == [0, 2]
