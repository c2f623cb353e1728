// Viewer of a sample: zooms and pans over time by wheel, drag, pinch, keys and buttons, and says
// what is under the pointer.

const REACH = {mouse: 9, pen: 12, touch: 22};
const FEWEST_CYCLES = 10;

class Viewer {
  constructor(element, margin) {
    this.margin = margin;
    this.canvas = element.querySelector(".picture");
    this.maps = element.querySelector(".maps");
    this.tip = element.querySelector(".tip");
    this.range = element.querySelector(".range");
    this.said = element.querySelector(".said");
    this.pointers = new Map();
    this.hit = null;
    const {canvas} = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", ({pointerId}) => this.pointers.delete(pointerId));
    canvas.addEventListener("pointerleave", ({pointerType}) => pointerType === "mouse" && this.show(null));
    canvas.addEventListener("wheel", (event) => this.wheel(event), {passive: false});
    canvas.addEventListener("keydown", (event) => this.key(event));
    const actions = {
      in: () => this.zoom(1.5), out: () => this.zoom(1 / 1.5), reset: () => this.reset(),
      earlier: () => this.pan(-0.25), later: () => this.pan(0.25),
    };
    for (const button of element.querySelectorAll("[data-action]")) {
      button.addEventListener("click", actions[button.dataset.action]);
    }
    new ResizeObserver(() => this.redraw()).observe(canvas.parentElement);
  }

  open(sample) {
    this.picture = new Picture(this.canvas, sample, this.margin);
    this.canvas.setAttribute("aria-label", `Sample ${sample.name}: input events, spikes of each layer ` +
      "and logits over clock cycles. Arrows move in time, plus and minus zoom, Home shows all.");
    this.reset();
  }

  reset() {
    this.setRange(0, this.whole);
  }

  get whole() {
    return this.picture.sample.end;
  }

  setRange(from, to) {
    const length = Math.min(this.whole, Math.max(FEWEST_CYCLES, to - from));
    this.from = Math.min(Math.max(0, from), this.whole - length);
    this.to = this.from + length;
    this.hit = null;
    this.redraw();
  }

  zoom(factor, centre = (this.from + this.to) / 2) {
    this.setRange(centre - (centre - this.from) / factor, centre + (this.to - centre) / factor);
  }

  pan(share) {
    const cycles = share * (this.to - this.from);
    this.setRange(this.from + cycles, this.to + cycles);
  }

  redraw() {
    if (this.waiting || !this.picture) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      const range = [this.from, this.to];
      this.picture.draw(this.canvas.parentElement.clientWidth, range, {hit: this.hit});
      drawMaps(this.maps, this.picture.sample, range);
      this.range.textContent = `cycles ${number(Math.round(this.from))} to ` +
        `${number(Math.round(this.to))} of ${number(this.whole)}`;
      this.placeTip();
    });
  }

  show(hit) {
    if (!hit && !this.hit) return;
    this.hit = hit;
    this.said.textContent = hit ? hit.lines.join(", ") : "";
    this.redraw();
  }

  placeTip() {
    const {tip, hit} = this;
    tip.hidden = !hit;
    if (!hit) return;
    tip.textContent = hit.lines.join("\n");
    const room = this.canvas.parentElement.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(hit.x + 12, room))}px`;
    tip.style.top = `${hit.y + 14}px`;
  }

  place(event) {
    const {left, top} = this.canvas.getBoundingClientRect();
    return {x: event.clientX - left, y: event.clientY - top};
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    this.moved = this.pointers.size > 1;
  }

  move(event) {
    const to = this.place(event);
    const from = this.pointers.get(event.pointerId);
    if (!from) {
      this.show(this.picture.at(to.x, to.y, REACH[event.pointerType] ?? REACH.mouse));
      return;
    }
    if (!this.moved && Math.abs(to.x - from.x) < 4) return;
    this.moved = true;
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, to);
    if (other) this.pinch(from.x, to.x, other.x);
    else this.pan((from.x - to.x) / (this.picture.right - this.picture.left));
  }

  // One of two fingers moves: the cycles under both stay under them.
  pinch(from, to, other) {
    const factor = (to - other) / (from - other);
    if (factor > 0 && Number.isFinite(factor)) this.zoom(factor, this.picture.cycleAt(other));
  }

  release(event) {
    const at = this.place(event);
    this.pointers.delete(event.pointerId);
    if (!this.moved) this.show(this.picture.at(at.x, at.y, REACH[event.pointerType] ?? REACH.mouse));
  }

  // The page's own scrolling is not taken from a person who only passes over the picture.
  wheel(event) {
    if (!event.ctrlKey && document.activeElement !== this.canvas) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(event.deltaX / this.canvas.clientWidth);
    else this.zoom(1.002 ** -event.deltaY, this.picture.cycleAt(this.place(event).x));
  }

  key(event) {
    const actions = {
      "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5),
      ArrowLeft: () => this.pan(-0.1), ArrowRight: () => this.pan(0.1),
      Home: () => this.reset(), Escape: () => this.show(null),
    };
    if (event.ctrlKey || event.metaKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }
}
