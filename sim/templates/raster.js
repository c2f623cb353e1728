// Panel of a picture: who spiked when. The input's rows are the sensor's; a layer's are its
// neurons, channel by channel.

class RasterPanel {
  constructor(raster, isInput) {
    const [channels, height, width] = raster.shape;
    this.raster = raster;
    this.isInput = isInput;
    this.rows = isInput ? height : channels * height * width;
    this.height = isInput ? 110 : 92;
    this.signed = isInput && channels === 2;
  }

  y(neuron) {
    const row = this.isInput ? Math.floor(neuron / this.raster.shape[2]) % this.rows : neuron;
    return this.top + (row + 0.5) / this.rows * this.height;
  }

  draw(picture) {
    const {name, shape: [channels, height, width], cycles} = this.raster;
    const area = height * width;
    if (this.isInput) {
      const polarities = this.signed ? [["● ON", "on"], ["● OFF", "off"]] : [];
      picture.title(this, name, [[`${number(cycles.length)} events by row`, "soft"], ...polarities]);
      picture.scale(ticks(0, height - 1, 4), (row) => this.y(row * width));
    } else {
      picture.title(this, name, [[`${number(cycles.length)} spikes by channel`, "soft"]]);
      picture.scale(ticks(0, channels - 1, 4), (channel) => this.y((channel + 0.5) * area - 0.5));
    }
    const colours = this.signed ? ["off", "on"] : ["ink"];
    colours.forEach((colour, channel) => this.drawSpikes(picture, colour, this.signed ? channel : null));
  }

  // Spikes of one channel, or of all.
  drawSpikes(picture, colour, channel) {
    const {pen, ratio, canvas} = picture;
    const {neurons, cycles, shape: [, height, width]} = this.raster;
    const [first, last] = picture.within(cycles);
    const density = (last - first) / (picture.right - picture.left) / this.height;
    const size = Math.round((density > 0.05 ? 1 : density > 0.005 ? 1.5 : 3) * ratio);
    const before = size >> 1, top = Math.floor(this.top * ratio);
    // A pixel is filled once, however many spikes fall on it.
    const filled = new Uint8Array(canvas.width * (Math.ceil(this.height * ratio) + 1));
    pen.fillStyle = picture.colour(colour);
    for (let i = first; i < last; i++) {
      if (channel !== null && Math.floor(neurons[i] / (height * width)) !== channel) continue;
      const x = Math.round(picture.x(cycles[i]) * ratio), y = Math.round(this.y(neurons[i]) * ratio);
      const pixel = (y - top) * canvas.width + x;
      if (filled[pixel]) continue;
      filled[pixel] = 1;
      pen.fillRect((x - before) / ratio, (y - before) / ratio, size / ratio, size / ratio);
    }
  }

  // The spike that is nearest to a place.
  at(picture, x, y, reach) {
    const {neurons, cycles, shape, name} = this.raster;
    const [first, last] = picture.within(cycles, picture.cycleAt(x - reach), picture.cycleAt(x + reach));
    let best = null, least = reach * reach;
    for (let i = first; i < last; i++) {
      const distance = (picture.x(cycles[i]) - x) ** 2 + (this.y(neurons[i]) - y) ** 2;
      if (distance <= least) {
        least = distance;
        best = i;
      }
    }
    if (best === null) return null;
    const neuron = neurons[best], [, height, width] = shape;
    const channel = Math.floor(neuron / (height * width));
    const row = Math.floor(neuron / width) % height, column = neuron % width;
    return {
      x: picture.x(cycles[best]), y: this.y(neuron), ring: true,
      lines: [
        `${name}, ${this.isInput ? "event" : "spike"} ${number(best)}`,
        `channel ${channel}, y ${row}, x ${column}${this.isInput ? "" : `, neuron ${number(neuron)}`}`,
        `cycle ${number(cycles[best])}`,
      ],
    };
  }
}
