// Data of one sample, as sim/report.py encodes it.

const ARRAYS = {
  u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i1: Int8Array, i2: Int16Array, i4: Int32Array,
};

function decoded({type, data}) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return new ARRAYS[type](bytes.buffer);
}

// Running sums of differences; several columns side by side have one sum each.
function sums(differences, columns = 1) {
  const result = Int32Array.from(differences);
  for (let i = columns; i < result.length; i++) result[i] += result[i - columns];
  return result;
}

// Number of the sorted values that are below a limit.
function below(values, limit) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < limit) low = middle + 1; else high = middle;
  }
  return low;
}

class Sample {
  constructor(encoded, places, classes, initialLogits) {
    const {name, label, end, decision} = encoded;
    Object.assign(this, {name, label, answer: encoded.class, end: Math.max(1, end), decision});
    this.rasters = encoded.rasters.map(({neurons, cycles}, index) => ({
      ...places[index], neurons: decoded(neurons), cycles: sums(decoded(cycles)),
    }));
    this.logits = sums(decoded(encoded.logits), classes.length);
    this.logitCycles = sums(decoded(encoded.logit_cycles));
    this.classes = classes;
    this.initialLogits = initialLogits;
    this.best = this.logitCycles.map((_, event) => this.logitsAfter(event).reduce((a, b) => Math.max(a, b)));
  }

  // Before the first event, of number -1, those with which a sample begins.
  logitsAfter(event) {
    const count = this.classes.length;
    return event < 0 ? this.initialLogits : this.logits.subarray(event * count, (event + 1) * count);
  }

  // Classes by their logit after an event, largest first.
  ranking(event) {
    const order = [...this.classes.keys()], logits = this.logitsAfter(event);
    return order.sort((a, b) => logits[b] - logits[a] || a - b);
  }

  decisionCycle() {
    return this.decision === null ? null : this.logitCycles[this.decision];
  }
}
