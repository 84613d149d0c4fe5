// From bits to tints, and what a lane of the document shows: one predictor, or the difference of two.

function level(bits) {
  return Math.floor(SCALE.last_level * Math.min(1, bits / SCALE.full_bits) ** SCALE.exponent + 0.5);
}

/** Class of the tint of a length; none for what costs nothing. */
function surprisalClass(bits) {
  const n = level(bits);
  return n ? `t${n}` : "";
}

function differenceClass(bits) {
  const n = level(Math.abs(bits));
  return n ? (bits > 0 ? `p${n}` : `m${n}`) : "";
}

/** One predictor's bits. */
class Surprisals {
  constructor(column) {
    this.column = column;
    this.columns = [column];
    this.title = column.name;
  }
  isBoundary(byte) {
    return this.column.isBoundary(byte);
  }
  className(start, end) {
    return surprisalClass(this.column.bitsOfSymbols(start, end));
  }
}

/** What the first predictor pays more than the second. */
class Difference {
  constructor(first, second) {
    this.columns = [first, second];
    this.title = `${first.name} − ${second.name}`;
  }
  isBoundary() {
    return true;
  }
  className(start, end) {
    const [first, second] = this.columns;
    return differenceClass(first.bitsOfBytes(start, end) - second.bitsOfBytes(start, end));
  }
}

/** What can be chosen: {label, lanes}. */
function choicesOfLanes(columns) {
  const choices = columns.map((column) => ({ label: column.name, lanes: [new Surprisals(column)] }));
  if (columns.length > 1) {
    choices.push({ label: "Side by side", lanes: columns.map((column) => new Surprisals(column)) });
    for (let i = 0; i < columns.length; i++) {
      for (let j = i + 1; j < columns.length; j++) {
        const lane = new Difference(columns[i], columns[j]);
        choices.push({ label: `Difference: ${lane.title}`, lanes: [lane] });
      }
    }
  }
  return choices;
}

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function drawLegend(legend, lanes) {
  const isDifference = lanes[0] instanceof Difference;
  const steps = isDifference ? [-16, -8, -4, -1, 0, 1, 4, 8, 16] : [0, 0.25, 1, 2, 4, 8, 12, 16];
  const write = (bits) => `${isDifference && bits > 0 ? "+" : ""}${bits === 0.25 ? "¼" : String(bits).replace("-", "−")}`;
  const className = isDifference ? differenceClass : surprisalClass;
  legend.replaceChildren(...steps.map((bits) => make("i", className(bits), write(bits))), make("b", "", "bits"));
  legend.setAttribute(
    "aria-label",
    isDifference
      ? `Colours: blue where ${lanes[0].columns[0].name} pays fewer bits than ${lanes[0].columns[1].name}, orange where it pays more, up to 16 bits`
      : "Colours: from 0 bits, untinted, to 16 bits and more, the strongest",
  );
}

const STRIP_PIXELS = 3; // that have one tint

/** The rate along the document as a strip of tints. */
function drawStrip(canvas, lanes, shownBytes, atByte) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const key = `${lanes.map((lane) => lane.title)}|${width}|${document.documentElement.dataset.theme ?? ""}|${prefersDark.matches}`;
  if (drawStrip.key !== key) {
    drawStrip.key = key;
    drawStrip.image = tintsAlong(lanes, width, height, canvas);
  }
  context.putImageData(drawStrip.image, 0, 0);
  const ink = getComputedStyle(canvas).color;
  const scale = width / facts.n_bytes;
  context.strokeStyle = ink;
  context.lineWidth = 1.5 * ratio;
  const left = shownBytes[0] * scale;
  context.strokeRect(left + ratio, ratio, Math.max(3 * ratio, (shownBytes[1] - shownBytes[0]) * scale - 2 * ratio), height - 2 * ratio);
  if (atByte !== null) {
    context.fillStyle = ink;
    context.fillRect(atByte * scale - ratio, 0, 2 * ratio, height);
  }
}

const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function tintsAlong(lanes, width, height, canvas) {
  const image = canvas.getContext("2d").createImageData(width, height);
  const probe = make("span");
  canvas.after(probe);
  const colours = new Map();
  const colourOf = (className) => {
    if (!colours.has(className)) {
      probe.className = className;
      const colour = className ? getComputedStyle(probe).backgroundColor : "rgb(128, 128, 128, 0)";
      const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
      colours.set(className, [red, green, blue, 255 * alpha]);
    }
    return colours.get(className);
  };
  const { columns } = lanes[0];
  const bin = Math.max(Math.round(STRIP_PIXELS * (window.devicePixelRatio || 1)), Math.round(width / facts.n_bytes));
  for (let x = 0; x < width; x++) {
    const start = Math.floor(((x - (x % bin)) * facts.n_bytes) / width);
    const end = Math.max(start + 1, Math.floor(((x - (x % bin) + bin) * facts.n_bytes) / width));
    const rates = columns.map((column) => column.bitsOfBytes(start, Math.min(end, facts.n_bytes)) / (end - start));
    // Means are smaller than what they are means of: doubled, they use the scale.
    const className = rates.length === 2 ? differenceClass(2 * (rates[0] - rates[1])) : surprisalClass(2 * rates[0]);
    const colour = colourOf(className);
    for (let y = 0; y < height; y++) image.data.set(colour, 4 * (y * width + x));
  }
  probe.remove();
  return image;
}
