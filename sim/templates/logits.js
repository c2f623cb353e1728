// Panel of a picture: the logits in their integer units, and the margin of early exit.

const NAMED = [{mark: "━", dash: []}, {mark: "╍", dash: [6, 3]}, {mark: "┅", dash: [2, 3]}];

class LogitsPanel {
  constructor(sample, margin) {
    this.sample = sample;
    this.margin = margin;
    this.height = 150;
  }

  y(value) {
    return this.bottom - 3 - (value - this.low) / (this.high - this.low) * (this.height - 6);
  }

  draw(picture) {
    const {pen, left, right} = picture;
    const {logits, logitCycles, classes, initialLogits} = this.sample;
    // The event before the interval still holds where it begins.
    const [inside, last] = picture.within(logitCycles);
    const first = Math.max(0, inside - 1), count = classes.length;
    const shown = logits.subarray(first * count, last * count);
    this.low = shown.reduce((least, value) => Math.min(least, value), Math.min(0, ...initialLogits));
    this.high = shown.reduce((most, value) => Math.max(most, value), Math.max(1, ...initialLogits));
    const ranking = this.sample.ranking(logitCycles.length - 1);
    const named = NAMED.map(({mark}, rank) => [`${mark} class ${classes[ranking[rank]]}`, `rank${rank}`]);
    picture.title(this, "logits", [...(picture.narrow ? [] : [["integer units", "soft"]]), ...named.slice(0, count)]);
    picture.scale(ticks(this.low, this.high, 5), (value) => this.y(value));
    pen.save();
    pen.beginPath();
    pen.rect(left, this.top, right - left, this.height);
    pen.clip();
    if (this.margin !== null) this.drawMargin(picture, first, last);
    for (let rank = count - 1; rank >= 0; rank--) {
      pen.strokeStyle = picture.colour(NAMED[rank] ? `rank${rank}` : "faint");
      pen.lineWidth = NAMED[rank] ? 2 : 1;
      pen.setLineDash(NAMED[rank]?.dash ?? []);
      this.drawSteps(picture, (event) => {
        const index = ranking[rank];
        return this.y(event < 0 ? initialLogits[index] : logits[event * count + index]);
      }, first, last);
    }
    pen.restore();
  }

  // A band from the best logit down to what all others must stay below.
  drawMargin(picture, first, last) {
    const {pen} = picture, {best, logitCycles: cycles} = this.sample;
    pen.fillStyle = picture.colour("band");
    pen.beginPath();
    for (let i = first; i < last; i++) {
      const x = picture.x(cycles[i]), y = this.y(best[i]);
      const end = i + 1 < cycles.length ? picture.x(cycles[i + 1]) : picture.right;
      if (end > x) pen.rect(x, y, end - x, this.y(best[i] - this.margin) - y);
    }
    pen.fill();
  }

  // A line that steps at each event; a column of pixels holds its lowest and highest value.
  drawSteps(picture, valueAt, first, last) {
    const {pen} = picture, {logitCycles: cycles} = this.sample;
    let height = valueAt(-1);
    pen.beginPath();
    pen.moveTo(picture.x(0), height);
    for (let i = first; i < last;) {
      const column = Math.round(picture.x(cycles[i]));
      let low = valueAt(i), high = low, value = low;
      for (; i < last && Math.round(picture.x(cycles[i])) === column; i++) {
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
    pen.lineTo(picture.right, height);
    pen.stroke();
  }

  // The logits at a time, the largest first, and the lead of the first over the second.
  at(picture, x) {
    const {sample, margin} = this;
    const cycle = Math.floor(picture.cycleAt(x));
    const event = below(sample.logitCycles, cycle + 1) - 1;
    if (event < 0) return null;
    const logits = sample.logitsAfter(event), order = sample.ranking(event);
    const lead = logits[order[0]] - logits[order[1] ?? order[0]];
    return {
      x, y: this.y(logits[order[0]]), ring: false,
      lines: [
        `cycle ${number(cycle)}, after event ${number(event)} of the readout`,
        ...order.slice(0, 3).map((index) => `class ${sample.classes[index]}: ${number(logits[index])}`),
        `lead ${number(lead)}${margin === null ? "" : ` of ${number(margin)}`}`,
      ],
    };
  }
}
