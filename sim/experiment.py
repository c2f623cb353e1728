"""Experiment: one network on one set of samples, through float model, golden model and RTL."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tickless.gen.configure import design_factory
from tickless.gen.image import load_image
from tickless.hw.config import DesignConfig
from tickless.sim.compare import Comparison, compare
from tickless.sim.loads import Load
from tickless.sim.packets import pack_sample, unpack_answers
from tickless.sim.records import RunRecord, SampleRecord
from tickless.sim.report import write_report
from tickless.sim.report_sample import report_sample
from tickless.sim.result import (
    Result,
    core_results,
    early_exit_result,
    layer_results,
    limit_cycles,
    versions,
)
from tickless.sim.run import simulate
from tickless.sim.samples import LabelledSample
from tickless.sim.traffic import mesh_result, port_tokens
from tickless.sw.checkpoint import Checkpoint
from tickless.sw.data.catalog import UNLABELLED
from tickless.sw.data.frames import FrameSource
from tickless.sw.integer import engine, golden
from tickless.sw.integer.network import Network
from tickless.sw.integer.trace import SampleTrace
from tickless.sw.judge.evaluate import FloatEngine, score_steps, spike_difference

__all__ = ["Experiment"]

GOLDEN_SAMPLES, GOLDEN_EVENTS = 2, 200_000
"""Samples, and at most how many input events in all, that the golden model itself runs; the rest is
the fast engine's, which the tests prove equal and which is a thousand times as fast. The bound is
half a minute."""

REPORTED_SAMPLES = 12


class Experiment:
    """One network as one design, on one list of samples.

    Parameters
    ----------
    network, path : Network, Path
        The network and its file; the checkpoint `beside <sw.checkpoint.Checkpoint.beside>` it may
        be missing.
    config : DesignConfig
        Parameters of the design.
    dataset : str
        Name of the data set.
    samples : sequence of LabelledSample
        What is streamed, in order.
    seed : int
        Seed of the stalls.
    built : Network, optional
        Network that the design is built with, if another one: the network is then loaded into it
        first.

    Raises
    ------
    ValueError
        If the network does not suit a design built with another one.
    """

    def __init__(
        self,
        network: Network,
        path: Path,
        config: DesignConfig,
        dataset: str,
        samples: Sequence[LabelledSample],
        seed: int,
        built: Network | None = None,
    ):
        self.loads = [] if built is None else [Load(load_image(config, network))]
        self.design = design_factory(config, network if built is None else built)
        self.network, self.path, self.dataset = network, path, dataset
        self.config = config
        self.samples, self.seed = samples, seed
        self.checkpoint = Checkpoint.beside(path)

    def run(self, output: Path, stalls: bool, waves: bool) -> tuple[Result, str | None]:
        """Everything, with the report; returns the result and the first difference, if any."""
        output.mkdir(parents=True, exist_ok=True)
        link = self.config.cores[0].input_link
        [recording] = simulate(
            [self.design],
            [[pack_sample(link, sample.addresses) for sample in self.samples]],
            loads=[self.loads],
            folder=output / "run",
            stalls=stalls,
            seed=self.seed,
            waves=waves,
            progress=True,
        )
        whole = self._traces(None)
        margin = self.config.cores[-1].margin
        exits = None if margin is None else self._traces(margin)
        comparison = compare(whole, recording.samples, exits)
        traces = whole if exits is None else exits
        result = self._result(whole, traces, recording, comparison, stalls)
        names = [f"{self.dataset} {index}" for index in range(len(self.samples))]
        parts = list(zip(names, self.samples, traces, recording.samples, strict=True))
        rows = [_row(self.network, margin is not None, *part) for part in parts]
        shown = [
            report_sample(self.network, name, sample.addresses, sample.label, trace, recorded)
            for name, sample, trace, recorded in parts[:REPORTED_SAMPLES]
        ]
        write_report(output / "report.html", result, self.network, rows, shown)
        return result, comparison.difference

    def _traces(self, margin: int | None) -> list[SampleTrace]:
        """What the network does with each sample, with or without early exit."""
        samples = tqdm(self.samples, "golden model", unit="sample", leave=False)
        traces = [engine.run(self.network, sample.addresses, (), margin) for sample in samples]
        left = GOLDEN_EVENTS
        for index, sample in enumerate(self.samples[:GOLDEN_SAMPLES]):
            left -= len(sample.events)
            if left < 0:
                break
            traces[index] = golden.run(self.network, sample.addresses, (), margin)
        return traces

    def _result(
        self,
        whole: Sequence[SampleTrace],
        traces: Sequence[SampleTrace],
        recording: RunRecord,
        comparison: Comparison,
        stalls: bool,
    ) -> Result:
        count = len(self.samples)
        labels = np.array([sample.label for sample in self.samples])
        integer = np.array([trace.class_index for trace in traces])
        rtl = np.array(
            [
                unpack_answers(self.network.classes, sample.links[-1].packets).classes[-1]
                for sample in recording.samples
            ]
        )
        steps, float_events, difference = self._float_network(labels, traces)
        limits = [limit_cycles(t, s) for t, s in zip(traces, recording.samples, strict=True)]
        mesh = None
        if self.config.mesh is not None:
            mesh = mesh_result(self.config.mesh, recording.samples)
            tokens = [port_tokens(self.config.mesh, sample) for sample in recording.samples]
            limits = np.maximum(limits, tokens)
        limit = float(np.mean(limits))
        # What early exit drops comes in front of END.
        last = slice(-2, None) if self.config.cores[-1].margin is None else slice(-1, None)
        latency = [
            int(sample.links[-1].cycles[-1] - sample.links[0].cycles[last][0])
            for sample in recording.samples
        ]
        cycles = recording.cycles / count
        return Result(
            dataset=self.dataset,
            network=str(self.path),
            network_hash=self.network.hash,
            method=self.network.provenance.method,
            samples=count,
            test_samples=sum(sample.of_test_set for sample in self.samples),
            seed=self.seed,
            stalls=stalls,
            accuracy={
                "time_stepped": steps,
                "float_events": float_events,
                "integer": _accuracy(integer, labels),
                "rtl": _accuracy(rtl, labels),
            },
            agreement={
                name: getattr(comparison, name)
                for name in ("classes", "logits", "spikes", "membranes")
            },
            spike_difference=difference,
            events_in=float(np.mean([len(sample.events) for sample in self.samples])),
            events_dropped=float(np.mean([trace.dropped for trace in traces])),
            layers=layer_results([layer.name for layer in self.network.layers], traces),
            cores=core_results(self.config.cores, recording.counters, count, recording.cycles),
            cycles_per_sample=cycles,
            mesh=mesh,
            loads=recording.load_counters,
            early_exit=early_exit_result(self.config.cores, whole, traces, recording),
            limit_cycles_per_sample=limit,
            cycles_over_limit=cycles / limit,
            latency_cycles=float(np.mean(latency)),
            latency_cycles_max=max(latency),
            simulated_cycles_per_second=recording.cycles / recording.seconds,
            samples_per_second=count / recording.seconds,
            versions=versions(),
        )

    def _float_network(
        self, labels: np.ndarray, traces: Sequence[SampleTrace]
    ) -> tuple[float | None, float | None, float | None]:
        """Accuracies in time steps and event by event, and the spike difference."""
        if not self.checkpoint.exists():
            print(f"{self.checkpoint}: not there, so no figures of the float network")
            return None, None, None
        checkpoint = Checkpoint.load(self.checkpoint)
        pairs = [(sample.events, sample.label) for sample in self.samples]
        recordings = FrameSource(pairs, self.network.input_shape)
        labelled = bool((labels != UNLABELLED).all())
        steps = score_steps(checkpoint.model, recordings, checkpoint.steps) if labelled else None
        float_engine = FloatEngine(checkpoint.model)
        outcomes = [
            float_engine.run(sample.addresses)
            for sample in tqdm(self.samples, "float network", unit="sample", leave=False)
        ]
        classes = np.array([int(np.argmax(logits)) for logits, _, _ in outcomes])
        if any(trace.decision is not None for trace in traces):
            return steps, _accuracy(classes, labels), None
        difference = spike_difference(
            self.network.layers[-2].output_shape,
            [spikes[-1] for _, spikes, _ in outcomes],
            [trace.layers[-1].spikes for trace in traces],
        )
        return steps, _accuracy(classes, labels), difference


def _accuracy(classes: np.ndarray, labels: np.ndarray) -> float | None:
    """Share of labelled samples whose class is right; None without any."""
    labelled = labels != UNLABELLED
    return float(np.mean(classes[labelled] == labels[labelled])) if labelled.any() else None


def _row(
    network: Network,
    early_exit: bool,
    name: str,
    sample: LabelledSample,
    trace: SampleTrace,
    recorded: SampleRecord,
) -> dict[str, Any]:
    """What the report's table says of a sample."""
    source, answers = recorded.links[0], recorded.links[-1]
    answer = unpack_answers(network.classes, answers.packets)
    logits = answer.logits[-1]
    best, *others = sorted(logits.tolist(), reverse=True)
    return {
        "name": name,
        "label": sample.label,
        "class": int(answer.classes[-1]),
        "logits": logits.tolist(),
        "margin": best - (others[0] if others else best),
        "cycles": int(answers.cycles[-1] - source.cycles[0]),
        "latency_cycles": int(answers.cycles[-1] - source.cycles[-1 if early_exit else -2 :][0]),
        "events": len(sample.events),
        "dropped": trace.dropped,
        "agrees": bool((logits == trace.logits).all()),
    }
