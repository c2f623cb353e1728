// The page: a table of samples, a viewer of one of them, and pictures of all for paper.

for (const element of document.querySelectorAll(".scriptless")) element.remove();
const data = JSON.parse(document.getElementById("data").textContent);
const decodedSamples = new Map();

function sampleOf(index) {
  if (!decodedSamples.has(index)) {
    decodedSamples.set(index, new Sample(data.samples[index], data.places, data.classes, data.initial_logits));
  }
  return decodedSamples.get(index);
}

function title({name, label, answer}) {
  const verdict = label === "unknown" ? "" : label === answer ? " (right)" : ` (wrong: it is ${label})`;
  return `${name}: class ${answer}${verdict}`;
}

const paper = document.getElementById("paper");

// Paper shows every sample whole; what is drawn for it exists only while it is printed.
function drawPaper() {
  if (paper.childElementCount) return;
  for (const index of data.samples.keys()) {
    const sample = sampleOf(index);
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    const maps = document.createElement("div");
    const canvas = document.createElement("canvas");
    heading.textContent = title(sample);
    maps.className = "maps";
    section.append(heading, maps, canvas);
    paper.append(section);
    drawMaps(maps, sample, [0, sample.end]);
    new Picture(canvas, sample, data.margin).draw(1000, [0, sample.end], {ratio: 2});
    canvas.style.height = "auto";
  }
}

const picker = document.getElementById("sample");
const viewerElement = document.getElementById("viewer");
const table = new SampleTable(document.getElementById("samples"), data, (index) => {
  choose(index);
  viewerElement.scrollIntoView({block: "nearest"});
});

function choose(index) {
  picker.value = index;
  const sample = sampleOf(Number(index));
  viewer.open(sample);
  viewerElement.querySelector(".title").textContent = title(sample);
  table.mark(sample.name);
}

document.querySelector("#samples .controls").hidden = false;
const viewer = new Viewer(viewerElement, data.margin);
if (data.samples.length) {
  viewerElement.hidden = false;
  picker.append(...data.samples.map(({name}, index) => new Option(name, index)));
  picker.addEventListener("change", () => choose(Number(picker.value)));
  choose(0);
}
for (const query of ["(prefers-color-scheme: dark)", "(resolution: 1dppx)"]) {
  matchMedia(query).addEventListener("change", () => viewer.redraw());
}
window.addEventListener("beforeprint", drawPaper);
window.addEventListener("afterprint", () => paper.replaceChildren());
matchMedia("print").addEventListener("change", ({matches}) => matches && drawPaper());
