// Table of all samples: sorted by a column, filtered, a page at a time.

class SampleTable {
  constructor(element, {rows, page, samples}, choose) {
    this.rows = rows;
    this.page = page;
    this.choose = choose;
    this.drawn = new Map(samples.map(({name}, index) => [name, index]));
    this.body = element.querySelector("tbody");
    this.count = element.querySelector(".count");
    this.heads = [...element.querySelectorAll("th")];
    this.wrongOnly = element.querySelector("[name=wrong]");
    this.first = 0;
    this.key = null;
    this.descending = false;
    this.chosen = null;
    this.wrongOnly.addEventListener("change", () => this.turn(0));
    for (const head of this.heads) {
      head.querySelector("button").addEventListener("click", () => this.sort(head.dataset.key));
    }
    for (const button of element.querySelectorAll("[data-turn]")) {
      button.addEventListener("click", () => this.turn(this.first + Number(button.dataset.turn) * page));
    }
    this.buttons = element.querySelectorAll("[data-turn]");
    this.turn(0);
  }

  sort(key) {
    this.descending = this.key === key && !this.descending;
    this.key = key;
    this.turn(0);
  }

  listed() {
    const {key, descending} = this;
    const rows = this.wrongOnly.checked ? this.rows.filter(({right}) => right === false) : [...this.rows];
    if (key !== null) {
      const order = new Intl.Collator("en", {numeric: true}).compare;
      const compare = typeof this.rows[0][key] === "string" ? order : (a, b) => a - b;
      rows.sort((a, b) => (descending ? -1 : 1) * compare(a[key], b[key]));
    }
    return rows;
  }

  turn(first) {
    const rows = this.listed();
    this.first = Math.max(0, first < rows.length ? first : this.first);
    const shown = rows.slice(this.first, this.first + this.page);
    this.body.replaceChildren(...shown.map((row) => this.line(row)));
    const [previous, next] = this.buttons;
    previous.disabled = this.first === 0;
    next.disabled = this.first + this.page >= rows.length;
    previous.hidden = next.hidden = this.rows.length <= this.page;
    this.count.textContent = shown.length
      ? `${number(this.first + 1)} to ${number(this.first + shown.length)} of ${number(rows.length)}`
      : "none";
    for (const head of this.heads) {
      const sorted = head.dataset.key === this.key;
      head.ariaSort = sorted ? (this.descending ? "descending" : "ascending") : "none";
    }
  }

  line(row) {
    const line = document.createElement("tr");
    line.dataset.name = row.name;
    if (row.name === this.chosen) line.className = "chosen";
    for (const {dataset: {key}} of this.heads) {
      const cell = document.createElement("td");
      if (key === "name") cell.append(this.title(row.name));
      else cell.append(this.text(key, row[key]));
      if (key === "right") cell.className = row.right === false ? "bad" : "good";
      if (key === "agrees") cell.className = row.agrees ? "good" : "bad";
      line.append(cell);
    }
    return line;
  }

  title(name) {
    if (!this.drawn.has(name)) return name;
    const button = document.createElement("button");
    button.className = "link";
    button.textContent = name;
    button.addEventListener("click", () => this.choose(this.drawn.get(name)));
    return button;
  }

  text(key, value) {
    if (value === null) return "–";
    if (key === "right") return value ? "✓ right" : "✗ wrong";
    if (key === "agrees") return value ? "✓ equal" : "✗ differs";
    return typeof value === "number" ? number(value) : value;
  }

  mark(name) {
    this.chosen = name;
    for (const line of this.body.rows) line.classList.toggle("chosen", line.dataset.name === name);
  }
}
