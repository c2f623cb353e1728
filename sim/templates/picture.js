// Picture of one sample on a canvas: rasters and logits over one axis of clock cycles.

const GAP = 24, AXIS = 34, RIGHT = 12;
const DASHES = [[], [6, 3], [2, 3]];

// Round numbers of an interval, about so many.
function ticks(from, to, count) {
  const rough = Math.max((to - from) / count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const result = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) result.push(tick);
  return result;
}

const number = (value) => value.toLocaleString("en");

class Picture {
  constructor(canvas, sample, margin) {
    this.canvas = canvas;
    this.sample = sample;
    this.margin = margin;
    let top = GAP;
    const place = (height, rest) => {
      const panel = {top, height, bottom: top + height, ...rest};
      top += height + GAP;
      return panel;
    };
    this.rasters = sample.rasters.map((raster, index) => place(index ? 92 : 110, {raster, isInput: !index}));
    this.logits = place(150, {});
    this.panels = [...this.rasters, this.logits];
    this.height = this.logits.bottom + AXIS;
  }

  // Draw an interval of clock cycles; hit is what `at` returned, to be marked.
  draw(width, [from, to], hit = null) {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const {canvas} = this;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(this.height * ratio);
    canvas.style.height = `${this.height}px`;
    const style = getComputedStyle(canvas);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.narrow = width < 600;
    this.left = this.narrow ? 46 : 62;
    this.right = width - RIGHT;
    this.from = from;
    this.to = to;
    this.ratio = ratio;
    const pen = this.pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    this.drawGrid(width);
    for (const panel of this.rasters) this.drawRaster(panel);
    this.drawLogits();
    this.drawMoments();
    if (hit) this.drawHit(hit);
  }

  x(cycle) {
    return this.left + (cycle - this.from) / (this.to - this.from) * (this.right - this.left);
  }

  cycleAt(x) {
    return this.from + (x - this.left) / (this.right - this.left) * (this.to - this.from);
  }

  // Height of a neuron in its panel: rows of the sensor for the input, else one after the other.
  rows({raster: {shape: [channels, height, width]}, isInput}) {
    return isInput ? height : channels * height * width;
  }

  y(panel, neuron) {
    const {raster: {shape: [, height, width]}, isInput} = panel;
    const row = isInput ? Math.floor(neuron / width) % height : neuron;
    return panel.top + (row + 0.5) / this.rows(panel) * panel.height;
  }

  text(text, x, y, {align = "left", colour = "ink", bold = false} = {}) {
    const {pen} = this;
    pen.textAlign = align;
    pen.fillStyle = this.colour(colour);
    if (bold) pen.font = `bold ${pen.font}`;
    pen.fillText(text, x, y);
    const {width} = pen.measureText(text);
    if (bold) pen.font = pen.font.replace(/^bold /, "");
    return x + width;
  }

  line(x1, y1, x2, y2, colour, dash = []) {
    const {pen} = this;
    pen.beginPath();
    pen.setLineDash(dash);
    pen.strokeStyle = this.colour(colour);
    pen.lineWidth = 1;
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
    pen.setLineDash([]);
  }

  drawGrid(width) {
    const {pen} = this;
    const floor = this.logits.bottom;
    for (const panel of this.panels) {
      pen.fillStyle = this.colour("panel");
      pen.fillRect(this.left, panel.top, this.right - this.left, panel.height);
    }
    for (const cycle of ticks(this.from, this.to, width / 110)) {
      for (const {top, bottom} of this.panels) this.line(this.x(cycle), top, this.x(cycle), bottom, "grid");
      this.text(number(cycle), this.x(cycle), floor + 10, {align: "center", colour: "soft"});
    }
    this.text("clock cycle since the sample's first event", (this.left + this.right) / 2, floor + 25,
      {align: "center", colour: "soft"});
  }

  drawRaster(panel) {
    const {pen, ratio} = this;
    const {raster: {name, shape, neurons, cycles}, isInput} = panel;
    const [channels, height, width] = shape;
    const start = this.left;
    if (isInput) {
      let end = this.text("input", start, panel.top - 11, {bold: true});
      end = this.text(`  ${number(cycles.length)} events${this.narrow ? "" : " by row"} `, end, panel.top - 11, {colour: "soft"});
      if (channels === 2) {
        end = this.text(" ● ON", end, panel.top - 11, {colour: "on"});
        this.text("  ● OFF", end, panel.top - 11, {colour: "off"});
      }
      this.scale(panel, ticks(0, height - 1, 4), (row) => panel.top + (row + 0.5) / height * panel.height);
    } else {
      const end = this.text(name, start, panel.top - 11, {bold: true});
      this.text(`  ${number(cycles.length)} spikes by channel`, end, panel.top - 11, {colour: "soft"});
      this.scale(panel, ticks(0, channels - 1, 4), (channel) => this.y(panel, (channel + 0.5) * height * width - 0.5));
    }
    const first = below(cycles, this.from), last = below(cycles, Math.floor(this.to) + 1);
    const density = (last - first) / (this.right - start) / panel.height;
    const size = Math.round((density > 0.05 ? 1 : density > 0.005 ? 1.5 : 3) * ratio);
    // A pixel is filled once, however many spikes fall on it.
    const columns = this.canvas.width;
    const filled = new Uint8Array(columns * (Math.ceil(panel.height * ratio) + 1));
    const colours = isInput && channels === 2 ? [this.colour("off"), this.colour("on")] : [this.colour("ink")];
    colours.forEach((colour, channel) => {
      pen.fillStyle = colour;
      for (let i = first; i < last; i++) {
        const neuron = neurons[i];
        if (colours.length > 1 && (neuron >= height * width) != channel) continue;
        const x = Math.round(this.x(cycles[i]) * ratio), y = Math.round(this.y(panel, neuron) * ratio);
        const pixel = (y - Math.floor(panel.top * ratio)) * columns + x;
        if (filled[pixel]) continue;
        filled[pixel] = 1;
        pen.fillRect((x - (size >> 1)) / ratio, (y - (size >> 1)) / ratio, size / ratio, size / ratio);
      }
    });
  }

  scale(panel, values, y) {
    for (const value of values) {
      this.line(this.left - 4, y(value), this.left, y(value), "soft");
      this.text(this.short(value), this.left - 7, y(value), {align: "right", colour: "soft"});
    }
  }

  short(value) {
    return Math.abs(value) >= 10000 ? `${number(value / 1000)}k` : number(value);
  }

  drawLogits() {
    const {pen, sample, margin} = this;
    const {top, height, bottom} = this.logits;
    const cycles = sample.logitCycles;
    const first = Math.max(0, below(cycles, this.from) - 1), last = below(cycles, Math.floor(this.to) + 1);
    let low = 0, high = 1;
    for (let i = first; i < last; i++) {
      for (const value of sample.logitsAfter(i)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    const y = this.logitY = (value) => bottom - 3 - (value - low) / (high - low) * (height - 6);
    const ranking = sample.ranking();
    let end = this.text("logits", this.left, top - 11, {bold: true});
    if (!this.narrow) end = this.text("  integer units ", end, top - 11, {colour: "soft"});
    const marks = ["━", "╍", "┅"];
    ranking.slice(0, 3).forEach((index, rank) => {
      if (end < this.right - 60) {
        end = this.text(`  ${marks[rank]} class ${sample.classes[index]}`, end, top - 11, {colour: `rank${rank}`});
      }
    });
    this.scale(this.logits, ticks(low, high, 5), y);
    pen.save();
    pen.beginPath();
    pen.rect(this.left, top, this.right - this.left, height);
    pen.clip();
    if (margin !== null) {
      // From the best logit down to what another one must stay below.
      pen.fillStyle = this.colour("band");
      pen.beginPath();
      for (let i = first; i < last; i++) {
        const x = this.x(cycles[i]);
        const next = i + 1 < cycles.length ? this.x(cycles[i + 1]) : this.right;
        const bandTop = y(sample.best[i]);
        if (next > x) pen.rect(x, bandTop, next - x, y(sample.best[i] - margin) - bandTop);
      }
      pen.fill();
    }
    for (const index of [...ranking].reverse()) {
      const rank = ranking.indexOf(index);
      pen.strokeStyle = this.colour(rank < 3 ? `rank${rank}` : "faint");
      pen.lineWidth = rank < 3 ? 2 : 1;
      pen.setLineDash(DASHES[rank] ?? []);
      this.steps((i) => y(sample.logitsAfter(i)[index]), y(0), first, last);
    }
    pen.setLineDash([]);
    pen.restore();
  }

  // A line that steps at each event; a column of pixels holds its lowest and highest value.
  steps(valueAt, start, first, last) {
    const {pen, sample: {logitCycles: cycles}} = this;
    let height = first ? valueAt(first) : start;
    pen.beginPath();
    pen.moveTo(first ? this.left : this.x(0), height);
    for (let i = first; i < last;) {
      const column = Math.round(this.x(cycles[i]));
      let low = valueAt(i), high = low, value = low;
      for (; i < last && Math.round(this.x(cycles[i])) === column; i++) {
        value = valueAt(i);
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      pen.lineTo(column, height);
      if (low < Math.min(height, value)) pen.lineTo(column, low);
      if (high > Math.max(height, value)) pen.lineTo(column, high);
      pen.lineTo(column, value);
      height = value;
    }
    pen.lineTo(this.right, height);
    pen.stroke();
  }

  // The decision and the answer.
  drawMoments() {
    const {pen, sample, panels: [{top}], logits: {bottom}} = this;
    const moments = [[sample.decisionCycle(), "decided", [5, 4]], [sample.end, "answer", [1, 3]]];
    for (const [cycle, name, dash] of moments) {
      if (cycle === null || cycle < this.from || cycle > this.to) continue;
      const x = this.x(cycle);
      this.line(x, top, x, bottom, "ink", dash);
      const {width} = pen.measureText(name);
      const start = x + 8 + width < this.right ? x + 4 : x - 4 - width;
      pen.fillStyle = this.colour("panel");
      pen.fillRect(start - 2, bottom - 18, width + 4, 16);
      this.text(name, start, bottom - 10);
    }
  }

  drawHit({x, y, panel}) {
    const {pen} = this;
    this.line(x, this.panels[0].top, x, this.logits.bottom, "soft", [2, 2]);
    if (!panel.raster) return;
    pen.beginPath();
    pen.strokeStyle = this.colour("mark");
    pen.lineWidth = 2;
    pen.arc(x, y, 6, 0, 2 * Math.PI);
    pen.stroke();
  }

  // What lies at a place of the picture: the nearest spike, or the logits; null if nothing does.
  at(x, y, reach) {
    const panel = this.panels.find(({top, bottom}) => y >= top - 2 && y <= bottom + 2);
    if (!panel || x < this.left - reach || x > this.right + reach) return null;
    return panel.raster ? this.spikeAt(panel, x, y, reach) : this.logitsAt(x);
  }

  spikeAt(panel, x, y, reach) {
    const {neurons, cycles, shape, name} = panel.raster;
    let best = null, least = reach * reach;
    const last = below(cycles, this.cycleAt(x + reach) + 1);
    for (let i = below(cycles, this.cycleAt(x - reach)); i < last; i++) {
      const dx = this.x(cycles[i]) - x, dy = this.y(panel, neurons[i]) - y;
      if (dx * dx + dy * dy <= least) {
        least = dx * dx + dy * dy;
        best = i;
      }
    }
    if (best === null) return null;
    const neuron = neurons[best], place = coordinates(neuron, shape);
    const what = panel.isInput ? "event" : "spike";
    const index = panel.isInput ? "" : `, neuron ${number(neuron)}`;
    return {
      panel, x: this.x(cycles[best]), y: this.y(panel, neuron),
      lines: [
        `${name}, ${what} ${number(best)}`,
        `channel ${place.channel}, y ${place.y}, x ${place.x}${index}`,
        `cycle ${number(cycles[best])}`,
      ],
    };
  }

  logitsAt(x) {
    const {sample, margin} = this;
    const cycle = Math.floor(this.cycleAt(x));
    const event = below(sample.logitCycles, cycle + 1) - 1;
    if (event < 0 || cycle > this.to) return null;
    const logits = sample.logitsAfter(event);
    const order = sample.classes.map((_, index) => index).sort((a, b) => logits[b] - logits[a] || a - b);
    const lead = sample.best[event] - sample.second[event];
    return {
      panel: this.logits, x, y: this.logitY(sample.best[event]),
      lines: [
        `cycle ${number(cycle)}, after event ${number(event)} of the readout`,
        ...order.slice(0, 3).map((index) => `class ${sample.classes[index]}: ${number(logits[index])}`),
        `lead ${number(lead)}${margin === null ? "" : ` of ${number(margin)}`}`,
      ],
    };
  }
}
