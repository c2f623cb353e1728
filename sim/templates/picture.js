// Picture of one sample on a canvas: panels below each other over one axis of clock cycles.

const GAP = 24, AXIS = 34, RIGHT = 12, TITLE = 11;

const number = (value) => value.toLocaleString("en");

// Round numbers of an interval, about so many.
function ticks(from, to, count) {
  const rough = Math.max((to - from) / count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const result = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) result.push(tick);
  return result;
}

class Picture {
  constructor(canvas, sample, margin) {
    this.canvas = canvas;
    this.sample = sample;
    this.rasters = sample.rasters.map((raster, index) => new RasterPanel(raster, index === 0));
    this.panels = [...this.rasters, new LogitsPanel(sample, margin)];
    let top = 0;
    for (const panel of this.panels) {
      panel.top = top + GAP;
      top = panel.bottom = panel.top + panel.height;
    }
    this.bottom = top;
    this.height = top + AXIS;
  }

  // Draw an interval of clock cycles; hit is what `at` returned, to be marked, and ratio is the
  // number of the canvas's pixels across one of the page.
  draw(width, [from, to], {hit = null, ratio = Math.min(3, window.devicePixelRatio)} = {}) {
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
    this.pen = canvas.getContext("2d");
    this.pen.scale(ratio, ratio);
    this.pen.font = `12px ${style.fontFamily}`;
    this.pen.textBaseline = "middle";
    this.drawGrid(width);
    for (const panel of this.panels) panel.draw(this);
    this.drawMoments();
    if (hit) this.drawHit(hit);
  }

  // What lies at a place of the picture, as lines of text; null if nothing does.
  at(x, y, reach) {
    const panel = this.panels.find(({top, bottom}) => y >= top - 2 && y <= bottom + 2);
    const inside = x >= this.left - reach && x <= this.right + reach;
    return panel && inside ? panel.at(this, x, y, reach) : null;
  }

  x(cycle) {
    return this.left + (cycle - this.from) / (this.to - this.from) * (this.right - this.left);
  }

  cycleAt(x) {
    return this.from + (x - this.left) / (this.right - this.left) * (this.to - this.from);
  }

  // First of the sorted cycles in a part of the interval, and the first behind it.
  within(cycles, from = this.from, to = this.to) {
    return [below(cycles, Math.max(from, this.from)), below(cycles, Math.floor(Math.min(to, this.to)) + 1)];
  }

  // Returns where the text ends.
  text(text, x, y, {align = "left", colour = "ink", bold = false} = {}) {
    const {pen} = this, {font} = pen;
    if (bold) pen.font = `bold ${font}`;
    pen.textAlign = align;
    pen.fillStyle = this.colour(colour);
    pen.fillText(text, x, y);
    const end = x + pen.measureText(text).width;
    pen.font = font;
    return end;
  }

  // A panel's title; each part is a text and its colour. What finds no room is left out.
  title({top}, name, parts) {
    let end = this.text(name, this.left, top - TITLE, {bold: true});
    for (const [text, colour] of parts) {
      if (end + 10 + this.pen.measureText(text).width > this.right) break;
      end = this.text(text, end + 10, top - TITLE, {colour});
    }
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

  scale(values, y) {
    for (const value of values) {
      const text = Math.abs(value) >= 10000 ? `${number(value / 1000)}k` : number(value);
      this.line(this.left - 4, y(value), this.left, y(value), "soft");
      this.text(text, this.left - 7, y(value), {align: "right", colour: "soft"});
    }
  }

  drawGrid(width) {
    const {pen, left, right, bottom} = this;
    const label = {align: "center", colour: "soft"};
    for (const {top, height} of this.panels) {
      pen.fillStyle = this.colour("panel");
      pen.fillRect(left, top, right - left, height);
    }
    for (const cycle of ticks(this.from, this.to, width / 110)) {
      const x = this.x(cycle), half = pen.measureText(number(cycle)).width / 2;
      for (const {top, bottom} of this.panels) this.line(x, top, x, bottom, "grid");
      this.text(number(cycle), Math.min(x, width - half), bottom + 10, label);
    }
    this.text("clock cycle since the sample's first event", (left + right) / 2, bottom + 25, label);
  }

  // The decision and the answer.
  drawMoments() {
    const {pen, sample, bottom} = this;
    const moments = [[sample.decisionCycle(), "decided", [5, 4]], [sample.end, "answer", [1, 3]]];
    for (const [cycle, name, dash] of moments) {
      if (cycle === null || cycle < this.from || cycle > this.to) continue;
      const x = this.x(cycle), {width} = pen.measureText(name);
      const start = x + 8 + width < this.right ? x + 4 : x - 4 - width;
      this.line(x, this.panels[0].top, x, bottom, "ink", dash);
      pen.fillStyle = this.colour("panel");
      pen.fillRect(start - 2, bottom - 18, width + 4, 16);
      this.text(name, start, bottom - 10);
    }
  }

  drawHit({x, y, ring}) {
    const {pen} = this;
    this.line(x, this.panels[0].top, x, this.bottom, "soft", [2, 2]);
    if (!ring) return;
    pen.beginPath();
    pen.strokeStyle = this.colour("mark");
    pen.lineWidth = 2;
    pen.arc(x, y, 6, 0, 2 * Math.PI);
    pen.stroke();
  }
}
