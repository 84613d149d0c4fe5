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
    this.hasTokens = column.ends !== null;
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
    this.hasTokens = false;
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

const STRIP_PIXELS = 3; // of a bar
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

/**
 * The document at a glance: bars as high as bytes are dear there, in their tint; a frame around what is in the
 * window, a line where one looks. Of several lanes, the first.
 */
class Strip {
  constructor(canvas) {
    this.canvas = canvas;
    this.bars = null; // drawn once for each lane, size and theme
    this.key = "";
  }

  draw(lane, shownBytes, atByte) {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    const theme = getComputedStyle(canvas).color; // of the text, another in each theme
    const key = [lane.title, width, height, theme].join("|");
    if (key !== this.key) {
      this.key = key;
      this.bars = this.drawBars(lane, width, height, Math.round(STRIP_PIXELS * ratio));
      Object.assign(canvas, { width, height });
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    context.drawImage(this.bars, 0, 0);
    const scale = width / facts.n_bytes;
    context.strokeStyle = context.fillStyle = theme;
    context.lineWidth = 1.5 * ratio;
    const [left, right] = shownBytes.map((byte) => byte * scale);
    context.strokeRect(left + ratio, ratio, Math.max(3 * ratio, right - left - 2 * ratio), height - 2 * ratio);
    if (atByte !== null) context.fillRect(atByte * scale - ratio, 0, 2 * ratio, height);
  }

  drawBars(lane, width, height, barWidth) {
    const bars = Object.assign(document.createElement("canvas"), { width, height });
    const context = bars.getContext("2d");
    const n = Math.max(1, Math.min(Math.floor(width / barWidth), facts.n_bytes));
    const rates = Array.from({ length: n }, (_, i) => {
      const start = Math.floor((i * facts.n_bytes) / n);
      const end = Math.max(start + 1, Math.floor(((i + 1) * facts.n_bytes) / n));
      const [first, second = 0] = lane.columns.map((column) => column.bitsOfBytes(start, end) / (end - start));
      return first - second;
    });
    const heights = rates.map(Math.abs).sort((a, b) => a - b);
    // A few bars that are much higher than the rest must not flatten it.
    const most = Math.max(heights[Math.floor(0.97 * (n - 1))], heights[n - 1] / 4, 1e-9);
    const className = lane instanceof Difference ? differenceClass : surprisalClass;
    const colourOf = this.colours();
    rates.forEach((rate, i) => {
      const left = Math.round((i * width) / n);
      const right = Math.round(((i + 1) * width) / n);
      const bar = Math.max(1, Math.min(1, Math.abs(rate) / most) * height);
      // Means are smaller than what they are means of: doubled, they use more of the scale.
      context.fillStyle = colourOf(className(2 * rate));
      context.fillRect(left, height - bar, right - left, bar);
    });
    return bars;
  }

  /** Colour of a tint, from its class. */
  colours() {
    const known = new Map();
    return (className) => {
      if (!known.has(className)) {
        const probe = make("span", className);
        this.canvas.after(probe);
        known.set(className, className ? getComputedStyle(probe).backgroundColor : "rgb(128 128 128 / 0.3)");
        probe.remove();
      }
      return known.get(className);
    };
  }
}
