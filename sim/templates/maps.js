// Maps of a sample: how often each place of the sensor and of the layers spiked in an interval.

function drawMaps(element, sample, [from, to]) {
  const shown = sample.rasters.filter(({shape: [, height, width]}) => height * width > 1);
  if (element.childElementCount !== shown.length) {
    element.replaceChildren(...shown.map(() => {
      const figure = document.createElement("figure");
      figure.append(document.createElement("canvas"), document.createElement("figcaption"));
      return figure;
    }));
  }
  shown.forEach((raster, index) => {
    const figure = element.children[index];
    const signed = raster === sample.rasters[0] && raster.shape[0] === 2;
    drawMap(figure.firstChild, raster, from, to, signed);
    const [channels, height, width] = raster.shape;
    figure.lastChild.textContent = signed
      ? `${raster.name}: ON minus OFF, ${height} × ${width}`
      : `${raster.name}: ${channels} channels, ${height} × ${width}`;
  });
}

function drawMap(canvas, {neurons, cycles, shape: [, height, width]}, from, to, signed) {
  const area = height * width;
  const counts = new Int32Array(area);
  const last = below(cycles, Math.floor(to) + 1);
  for (let i = below(cycles, from); i < last; i++) {
    counts[neurons[i] % area] += signed && neurons[i] < area ? -1 : 1;
  }
  const most = counts.reduce((largest, count) => Math.max(largest, Math.abs(count)), 1);
  const style = getComputedStyle(canvas);
  const pen = canvas.getContext("2d");
  canvas.width = width;
  canvas.height = height;
  const [less, more] = (signed ? ["--off", "--on"] : ["--ink", "--ink"]).map((name) => style.getPropertyValue(name));
  counts.forEach((count, place) => {
    pen.globalAlpha = Math.abs(count) / most;
    pen.fillStyle = count < 0 ? less : more;
    pen.fillRect(place % width, Math.floor(place / width), 1, 1);
  });
}
