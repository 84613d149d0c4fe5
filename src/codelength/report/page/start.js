// Puts the page together and says on the root element when it can be used: data-ready, data-complete.

const byId = (id) => document.getElementById(id);
const SURPRISE_BITS = 6;
const isPhone = window.matchMedia("(max-width: 48rem)");

function writeSummary() {
  const [first] = facts.columns;
  const half = 100 * first.share_of_half;
  const total = first.length_bits === null ? "infinitely many" : number.format(Math.ceil(first.length_bits));
  byId("summary").textContent =
    `${number.format(facts.n_bytes)} bytes cost ${total} bits under ${first.name}. ` +
    `Half of them go to ${write(half, half < 10 ? 1 : 0)} % of its ${number.format(first.n_symbols)} symbols.`;
  const made = Object.entries(facts.made).map(([key, value]) => `${key} ${value}`);
  byId("made").textContent = [`SHA-256 ${facts.sha256}`, ...made].join(" · ");
}

/** The next byte after `from` whose symbol cost many bits; -1 if there is none. */
function findSurprise(lane, from, direction) {
  const step = (byte) => {
    const [first, second] = lane.columns;
    if (second) return Math.abs(first.bitsOfBytes(byte, byte + 1) - second.bitsOfBytes(byte, byte + 1));
    const symbol = first.symbolAt(byte);
    return first.start(symbol) === byte ? first.bits(symbol) : 0;
  };
  for (let byte = from; byte >= 0 && byte < facts.n_bytes; byte += direction) {
    if (step(byte) >= SURPRISE_BITS) return byte;
  }
  return -1;
}

/** How much of the window the panel covers: nothing, unless it is the sheet that it is on a phone. */
function measureSheet() {
  const height = isPhone.matches ? byId("panel").offsetHeight : 0;
  document.documentElement.style.setProperty("--panel-height", `${height}px`);
}

function startTheme(onChange) {
  const button = byId("theme");
  const themes = ["system", "light", "dark"];
  let at = 0;
  button.addEventListener("click", () => {
    at = (at + 1) % themes.length;
    if (at) document.documentElement.dataset.theme = themes[at];
    else delete document.documentElement.dataset.theme;
    button.textContent = `Theme: ${themes[at]}`;
    onChange();
  });
  prefersDark.addEventListener("change", onChange);
}

async function start() {
  writeSummary();
  drawSizes(byId("sizes"));
  if (isPhone.matches) byId("charts").open = false;
  const model = await readModel();
  const choices = choicesOfLanes(model.columns);
  let choice = choices[0];
  let form = facts.as_hex ? "hex" : "text";

  const shownColumns = () => [...new Set(choice.lanes.flatMap((lane) => lane.columns))];
  const isDifference = () => choice.lanes[0] instanceof Difference;
  const strip = new Strip(byId("strip"));
  let isWaiting = false;
  const drawLater = () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      strip.draw(choice.lanes[0], reader.visibleBytes(), reader.at);
    });
  };
  const panel = new Panel(byId("panel"), model, () => reader.clear());
  const reader = new Reader(byId("reader"), {
    onLook(cellBytes) {
      if (cellBytes) panel.draw(cellBytes, shownColumns(), isDifference());
      else panel.drawIdle();
      measureSheet();
    },
    describe: (cellBytes) => describeCell(model, shownColumns(), cellBytes),
    onRows: drawLater,
  });
  const charts = makeCharts((byte) => reader.choose(byte));
  reader.onMoved = () => {
    for (const chart of charts) chart.point(reader.at);
    drawLater();
  };
  reader.onSurprise = (direction) => {
    const [lane] = choice.lanes;
    const [start, end] = reader.at === null ? Array(2).fill(reader.firstVisible()) : reader.form.cellAt(reader.at, lane);
    const found = findSurprise(lane, direction > 0 ? end : start - 1, direction);
    if (found >= 0) reader.choose(found);
  };

  const show = () => {
    const bytesInLine = isPhone.matches || choice.lanes.length > 1 ? 8 : 16;
    const isStacked = isPhone.matches && choice.lanes.length > 1;
    const textForm = () => new TextForm(model, isStacked ? FEWEST_STACKED : FEWEST_CHARACTERS);
    const hexForm = () => new HexForm(model, bytesInLine, isStacked ? 4 : 24);
    reader.show(form === "hex" ? hexForm() : textForm(), choice.lanes);
    drawLegend(byId("legend"), choice.lanes);
    drawLater();
  };
  byId("lanes").append(...choices.map(({ label }, i) => new Option(label, i)));
  byId("lanes").addEventListener("change", (event) => {
    choice = choices[event.target.value];
    show();
  });
  for (const radio of document.querySelectorAll("#form input")) {
    radio.checked = radio.value === form;
    radio.addEventListener("change", () => {
      form = radio.value;
      show();
    });
  }
  byId("next").addEventListener("click", () => reader.onSurprise(1));
  byId("previous").addEventListener("click", () => reader.onSurprise(-1));
  byId("strip").addEventListener("click", (event) => {
    const { left, width } = event.target.getBoundingClientRect();
    reader.choose(Math.floor(((event.clientX - left) / width) * facts.n_bytes));
  });
  const onBar = () => document.documentElement.style.setProperty("--bar-height", `${byId("bar").offsetHeight}px`);
  new ResizeObserver(onBar).observe(byId("bar"));
  new ResizeObserver(measureSheet).observe(byId("panel"));
  isPhone.addEventListener("change", show);
  window.addEventListener("scroll", drawLater, { passive: true });
  window.addEventListener("resize", drawLater);
  startTheme(drawLater);
  show();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))); // until all that is painted
  document.documentElement.dataset.ready = Math.round(performance.now());
  await Promise.all(model.columns.map((column) => column.readGuesses()));
  document.documentElement.dataset.complete = Math.round(performance.now());
}

start().catch((error) => {
  byId("summary").textContent = `This browser cannot show the page: ${error.message}`;
  throw error;
});
