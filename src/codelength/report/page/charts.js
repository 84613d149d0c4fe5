// The table of sizes and the two charts. Series of predictors have colours, those of compressors dashes.

const MARGIN = { top: 8, right: 86, bottom: 22, left: 46 };
const SVG = "http://www.w3.org/2000/svg";

function drawSizes(table) {
  const n = facts.n_bytes;
  const rows = [
    ...facts.columns.map((column, i) => ({ name: column.name, bytes: column.length_bits === null ? Infinity : column.length_bits / 8, own: i })),
    ...facts.rivals.map((rival) => ({ name: rival.name, bytes: rival.sizes_bytes.at(-1) })),
    { name: "original", bytes: n },
  ].sort((a, b) => a.bytes - b.bytes);
  const largest = Math.max(n, ...rows.map((row) => row.bytes).filter(Number.isFinite));
  table.tBodies[0].replaceChildren(
    ...rows.map(({ name: label, bytes, own }) => {
      const row = make("tr", own === undefined ? "" : "own");
      const head = make("th", "", label);
      head.scope = "row";
      const bar = make("div", own === undefined ? "" : `s${own % 4}`);
      bar.style.width = `${(100 * Math.min(bytes, largest)) / largest}%`;
      const barCell = make("td", "bar");
      barCell.append(bar);
      const isFinite = Number.isFinite(bytes);
      row.append(
        head,
        barCell,
        make("td", "", isFinite ? number.format(Math.ceil(bytes)) : "∞"),
        make("td", "", isFinite ? write((8 * bytes) / n, 3) : "∞"),
        make("td", "", isFinite ? `${write((100 * bytes) / n, 1)} %` : "∞"),
      );
      return row;
    }),
  );
}

/** Round values from 0 to `most`, about `n` of them. */
function ticks(most, n) {
  const rough = most / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

function writeSize(bytes) {
  if (bytes >= 1e6) return `${Number((bytes / 1e6).toPrecision(3))} MB`;
  return bytes >= 1e3 ? `${Number((bytes / 1e3).toPrecision(3))} kB` : `${bytes}`;
}

/** A chart of lines with their names at their ends; it says where the document stands and takes clicks. */
class Chart {
  constructor(element, { series, isLogarithmic, writeY, label, onChoose }) {
    Object.assign(this, { element, series, isLogarithmic, writeY, label });
    this.at = null;
    element.addEventListener("click", (event) => {
      const x = event.clientX - element.getBoundingClientRect().left;
      const part = (x - MARGIN.left) / (element.clientWidth - MARGIN.left - MARGIN.right);
      if (part >= 0 && part <= 1) onChoose(Math.round(this.inverse(part)));
    });
    new ResizeObserver(() => this.draw()).observe(element);
  }

  /** 0 .. 1 along the axis of a position in bytes, and back. */
  part(position) {
    return this.isLogarithmic ? Math.log(Math.max(1, position)) / Math.log(Math.max(2, facts.n_bytes)) : position / facts.n_bytes;
  }
  inverse(part) {
    return this.isLogarithmic ? facts.n_bytes ** part : part * facts.n_bytes;
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return;
    const x = (position) => MARGIN.left + this.part(position) * (width - MARGIN.left - MARGIN.right);
    const most = Math.max(...this.series.flatMap(({ ys }) => ys.filter((y) => y !== null)), 1e-9);
    const y = (value) => height - MARGIN.bottom - (value / most) * (height - MARGIN.bottom - MARGIN.top);
    const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": this.label });
    for (const value of ticks(most, 5)) {
      svg.append(svgElement("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }));
      svg.append(svgText(this.writeY(value), MARGIN.left - 6, y(value) + 4, "end"));
    }
    const positions = this.isLogarithmic
      ? Array.from({ length: Math.floor(Math.log10(Math.max(1, facts.n_bytes))) + 1 }, (_, i) => 10 ** i)
      : ticks(facts.n_bytes, 4);
    const isCrowded = this.isLogarithmic && x(10) - x(1) < 46;
    for (const position of isCrowded ? positions.filter((_, i) => i % 2 === 0) : positions) svg.append(svgText(writeSize(position), x(position), height - 5, "middle"));
    const ends = [];
    this.series.forEach(({ name: label, className, xs, ys }) => {
      const points = xs.map((position, i) => (ys[i] === null ? null : `${x(position).toFixed(1)},${y(ys[i]).toFixed(1)}`)).filter(Boolean);
      svg.append(svgElement("polyline", { class: `line ${className}`, points: points.join(" ") }));
      if (points.length) ends.push({ label, y: Number(points.at(-1).split(",")[1]) });
    });
    ends.sort((a, b) => a.y - b.y);
    ends.forEach((end, i) => (end.y = Math.max(end.y, (ends[i - 1]?.y ?? -Infinity) + 13)));
    const excess = Math.max(0, (ends.at(-1)?.y ?? 0) - (height - MARGIN.bottom + 4));
    for (const end of ends) svg.append(svgText(shorten(end.label), width - MARGIN.right + 6, end.y - excess + 4, "start", "name"));
    this.here = svgElement("line", { class: "here", y1: MARGIN.top, y2: height - MARGIN.bottom });
    svg.append(this.here);
    this.toX = x;
    this.element.replaceChildren(svg);
    this.point(this.at);
  }

  /** Marks a byte; null: none. */
  point(byte) {
    this.at = byte;
    if (!this.here) return;
    this.here.setAttribute("visibility", byte === null ? "hidden" : "visible");
    if (byte !== null) for (const end of ["x1", "x2"]) this.here.setAttribute(end, this.toX(byte + 1));
  }
}

/** Of a path the last part, and of that what has room. */
function shorten(path) {
  const label = path.length > 13 ? path.slice(path.lastIndexOf("/") + 1) : path;
  return label.length > 13 ? `${label.slice(0, 12)}…` : label;
}

function svgElement(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function svgText(text, x, y, anchor, className = "") {
  const element = svgElement("text", { x, y, "text-anchor": anchor, class: className });
  element.textContent = text;
  return element;
}

function makeCharts(onChoose) {
  const { columns, rivals, points_bytes: points } = facts;
  const running = [
    ...rivals.map((rival, i) => ({ name: rival.name, className: `rival rival-${i % 3}`, xs: points, ys: rival.sizes_bytes })),
    ...columns.map((column, i) => ({ name: column.name, className: `s${i % 4}`, xs: [0, ...points], ys: [0, ...column.running_bytes] })),
  ];
  const curve = columns.map((column, i) => ({
    name: column.name, className: `s${i % 4}`, xs: column.curve.positions, ys: column.curve.rates_bpb,
  }));
  const last = ({ name: label, ys }, unit) => `${label} ends at ${ys.at(-1) === null ? "infinity" : unit(ys.at(-1))}`;
  return [
    new Chart(document.getElementById("running"), {
      series: running, writeY: writeSize, onChoose,
      label: `Running total: ${running.map((series) => last(series, (v) => `${number.format(Math.ceil(v))} bytes`)).join(", ")}`,
    }),
    new Chart(document.getElementById("curve"), {
      series: curve, writeY: (value) => `${Number(value.toFixed(1))}`, isLogarithmic: true, onChoose,
      label: `Bits per byte by position: ${curve.map((series) => last(series, (v) => write(v, 2))).join(", ")}`,
    }),
  ];
}
