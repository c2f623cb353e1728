"""Table of a result, as text for a terminal."""

from tickless.sim.result import Result
from tickless.sim.traffic import MeshResult

__all__ = ["table"]


def table(result: Result) -> str:
    """Result as text for a terminal."""

    def share(value: float | None) -> str:
        return "      -" if value is None else f"{100 * value:6.2f}%"

    accuracy, agreement = result.accuracy, result.agreement
    width = max(10, *(len(core.name) + 2 for core in result.cores))
    lines = [
        f"{result.dataset}: {result.samples} samples ({result.test_samples} of the test set), "
        f"{result.events_in:,.0f} events each, stalls {'on' if result.stalls else 'off'}",
        "",
        "agreement with the golden model   "
        + "   ".join(f"{name} {share(value)}" for name, value in agreement.items()),
        "accuracy   " + "   ".join(f"{name} {share(value)}" for name, value in accuracy.items()),
        "",
        f"{'core':{width}}{'lanes x taps':>14}{'events':>10}{'packets':>10}{'busy':>10}"
        f"{'stalled':>10}{'SOPs':>12}{'SOPs/cycle':>12}",
    ]
    lines += [
        f"{core.name:{width}}{f'{core.lanes} x {core.taps}':>14}{core.events:10,.0f}"
        f"{core.packets:10,.0f}{core.cycles_busy:10,.0f}{core.cycles_stalled:10,.0f}"
        f"{core.sops:12,.0f}{core.sops_per_cycle:12.1f}"
        for core in result.cores
    ]
    if result.mesh is not None:
        lines += ["", *_plan(result.mesh)]
    if result.early_exit is not None:
        early = result.early_exit
        lines.append(
            f"early exit at a lead of {early.margin:,}: {100 * early.decided:.1f}% of the samples "
            f"decided; SOPs {early.sops_needed:,.0f} needed, {early.sops_executed:,.0f} executed, "
            f"{early.sops_whole:,.0f} whole; {early.events_taken:,.0f} events taken"
        )
    if any(result.loads.values()):
        counted = ", ".join(f"{count:,} {name}" for name, count in result.loads.items())
        lines.append(f"chunks of 32 bits loaded over the mesh: {counted}")
    if result.method == "random":
        lines.append("the network is not trained: its weights are random, its classes mean nothing")
    difference = result.spike_difference
    last = "the last event" if result.early_exit is None else "END"
    lines += [
        "",
        f"{result.cycles_per_sample:,.0f} cycles a sample, "
        f"{result.cycles_over_limit:.3f} times the limit of the links "
        f"({result.limit_cycles_per_sample:,.0f})",
        f"{result.latency_cycles:,.0f} cycles from {last} to the class "
        f"(at most {result.latency_cycles_max:,})",
        f"simulated at {result.simulated_cycles_per_second:,.0f} cycles/s, "
        f"{result.samples_per_second:.1f} samples/s",
    ]
    lines.append(
        f"{result.events_dropped:,.1f} events a sample lie outside the sensor and are dropped"
    )
    if difference is not None:
        lines.append(f"spike difference to the float network {100 * difference:.2f}%")
    return "\n".join(lines)


def _plan(mesh: MeshResult) -> list[str]:
    """Cores on their tiles, a line a row."""
    cores = {(tile.row, tile.column): tile.core for tile in mesh.tiles}
    rows = [
        [cores.get((row, column), "-") for column in range(mesh.columns)]
        for row in range(1, mesh.rows + 1)
    ]
    width = max(len(name) for names in rows for name in names) + 2
    lines = ["".join(f"{name:{width}}" for name in names).rstrip() for names in rows]
    return [
        f"mesh {mesh.rows}x{mesh.columns}, the host above the first tile; "
        f"{mesh.busiest_port_tokens:,.0f} packets over the busiest port",
        *(f"  {line}" for line in lines),
    ]
