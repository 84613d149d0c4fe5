// What is known about the symbol that is looked at.

const number = new Intl.NumberFormat("en");
const write = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

function writeBits(bits) {
  if (bits >= 65535 / SCALE.units_per_bit) return "128 bits or more";
  return `${write(bits, 2)} ${bits === 1 ? "bit" : "bits"}`;
}

/** A probability; of those that were rounded on the way here, fewer digits. */
function writeProbability(probability, isRough = false) {
  if (probability >= 0.0995) return `${write(100 * probability, probability > 0.995 && probability < 1 ? 2 : 0)} %`;
  if (probability >= 0.001) return `${write(100 * probability, isRough || probability >= 0.01 ? 1 : 2)} %`;
  if (probability === 0) return "0";
  if (probability > 1e-6) return `1 in ${number.format(Number((1 / probability).toPrecision(2)))}`;
  const [digits, power] = (1 / probability).toExponential(1).split("e+");
  return `1 in ${digits} × 10${Array.from(power, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
}

function writeRank(rank) {
  const place = rank + 1;
  const ending = place % 100 >= 11 && place % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return rank === 0 ? "best guess" : `${number.format(place)}${ending} guess`;
}

/** Symbols of a column that have a byte in start .. end - 1: a few, of long cells the first. */
function symbolsIn(column, [start, end]) {
  const symbols = [];
  for (let symbol = column.symbolAt(start); symbol <= column.symbolAt(end - 1) && symbols.length < 8; symbol++) symbols.push(symbol);
  return symbols;
}

/** One sentence, for those who do not see the panel. */
function describeCell(model, columns, cellBytes) {
  const text = inline(model.data.subarray(...cellBytes));
  const parts = columns.map((column) => {
    const symbols = symbolsIn(column, cellBytes);
    const bits = column.bitsOfSymbols(...cellBytes);
    const rank = symbols.length === 1 && column.ranks ? `, ${writeRank(column.ranks[symbols[0]])}` : "";
    const guess = symbols.length === 1 ? column.guessesAt(symbols[0])?.[0] : null;
    const better = guess && column.ranks?.[symbols[0]] ? `, expected ${inline(guess.bytes)}` : "";
    return `${column.name}: ${writeBits(bits)}, ${writeProbability(2 ** -bits)}${rank}${better}`;
  });
  return `${text}, byte ${number.format(cellBytes[0] + 1)}. ${parts.join(". ")}`;
}

class Panel {
  constructor(element, model, onClose) {
    this.element = element;
    this.model = model;
    this.onClose = onClose;
    this.drawIdle();
  }

  drawIdle() {
    this.element.classList.add("idle");
    this.element.replaceChildren(
      make("p", "where", "Point at a symbol to see what it cost, how likely it was held, and what was expected in its place."),
    );
  }

  /** Shows bytes [start, end) under columns; two of them with their difference if `isDifference`. */
  draw(cellBytes, columns, isDifference) {
    const [start, end] = cellBytes;
    const bytes = this.model.data.subarray(start, end);
    const what = make("p", "what", inline(bytes));
    what.append(make("small", "", nameOf(bytes)));
    const where = make("p", "where", `Byte ${number.format(start + 1)} of ${number.format(facts.n_bytes)}`);
    const close = make("button", "close", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", this.onClose);
    const parts = [close, where, what];
    if (isDifference) {
      const [first, second] = columns.map((column) => column.bitsOfBytes(start, end));
      const bits = first - second;
      const verb = bits > 0 ? "more" : "less";
      parts.push(make("p", "cost", `${columns[0].name} pays ${writeBits(Math.abs(bits))} ${verb}`));
    }
    for (const column of columns) parts.push(...this.section(column, cellBytes, columns.length > 1));
    this.element.classList.remove("idle");
    this.element.replaceChildren(...parts);
  }

  section(column, cellBytes, hasSeveral) {
    const symbols = symbolsIn(column, cellBytes);
    const parts = [];
    const head = make("h2");
    head.append(make("span", "", column.name));
    if (symbols.length > 1) head.append(make("span", "", writeBits(column.bitsOfSymbols(...cellBytes))));
    parts.push(head);
    for (const symbol of symbols) {
      const bits = column.bits(symbol);
      const bytes = this.model.data.subarray(column.start(symbol), column.end(symbol));
      const cost = make("p", "cost");
      if (symbols.length > 1 || column.end(symbol) - column.start(symbol) !== cellBytes[1] - cellBytes[0]) {
        cost.append(make("code", "piece", inline(bytes)), " ");
      }
      cost.append(writeBits(bits));
      const facts = [`p = ${writeProbability(2 ** -bits)}`];
      const guesses = column.guessesAt(symbol);
      const hadGuesses = guesses === null || guesses.length > 0; // a byte that a language model spells has none
      if (column.ranks && hadGuesses) facts.push(writeRank(column.ranks[symbol]));
      cost.append(make("small", "", facts.join(", ")));
      parts.push(cost);
      if (guesses?.length) parts.push(this.guesses(guesses, bytes, bits, hasSeveral || symbols.length > 1 ? 3 : 5));
    }
    return parts;
  }

  guesses(guesses, bytes, bits, most) {
    const list = make("ol");
    list.setAttribute("aria-label", "Best guesses");
    for (const guess of guesses.slice(0, Math.max(most, 1))) {
      const didCome = isEqual(guess.bytes, bytes);
      // What came has its exact length; the others' probabilities are rounded.
      const probability = didCome ? 2 ** -bits : guess.probability;
      const item = make("li", didCome ? "came" : "");
      const bar = make("div");
      bar.style.width = `${100 * probability}%`;
      item.append(make("code", "", inline(guess.bytes)), bar, make("span", "", writeProbability(probability, !didCome)));
      list.append(item);
    }
    return list;
  }
}

function isEqual(one, other) {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** The code point of a single character, the bytes of what is none, nothing of longer pieces. */
function nameOf(bytes) {
  const { codes } = characters(bytes);
  if (codes.length !== 1) return "";
  if (codes[0] < 0) return `byte ${hexadecimal(bytes[0])}, not UTF-8`;
  return bytes.length === 1 ? name(codes[0]) : `${name(codes[0])}, ${bytes.length} bytes`;
}
