// The document and what each of its symbols costs under each predictor.

const SCALE = facts.scale;

/** The document under one predictor. A symbol covers the bytes start(symbol) .. end(symbol) - 1. */
class Column {
  constructor(column, lengths, spans, ranks) {
    this.name = column.name;
    this.lengths = lengths;
    this.ranks = ranks;
    this.guesses = null; // until they have been read
    this.packedGuesses = column.guesses;
    this.ends = null; // every byte is a symbol
    if (spans) {
      this.ends = new Uint32Array(spans.length);
      this.symbols = new Uint32Array(facts.n_bytes);
      let at = 0;
      for (let symbol = 0; symbol < spans.length; symbol++) {
        this.symbols.fill(symbol, at, at + spans[symbol]);
        at += spans[symbol];
        this.ends[symbol] = at;
      }
    }
  }

  symbolAt(byte) {
    return this.ends ? this.symbols[byte] : byte;
  }
  start(symbol) {
    return this.ends ? (symbol ? this.ends[symbol - 1] : 0) : symbol;
  }
  end(symbol) {
    return this.ends ? this.ends[symbol] : symbol + 1;
  }
  /** Bits of a symbol. */
  bits(symbol) {
    return this.lengths[symbol] / SCALE.units_per_bit;
  }
  /** Bits of all symbols with a byte in start .. end - 1, whole symbols. */
  bitsOfSymbols(start, end) {
    let units = 0;
    for (let symbol = this.symbolAt(start); symbol <= this.symbolAt(end - 1); symbol++) units += this.lengths[symbol];
    return units / SCALE.units_per_bit;
  }
  /** Bits of the bytes start .. end - 1, a symbol's spread evenly over its bytes. */
  bitsOfBytes(start, end) {
    if (!this.ends) return this.bitsOfSymbols(start, end);
    let bits = 0;
    for (let byte = start; byte < end; byte++) {
      const symbol = this.symbols[byte];
      bits += this.bits(symbol) / (this.end(symbol) - this.start(symbol));
    }
    return bits;
  }
  /** Whether a symbol ends before this byte. */
  isBoundary(byte) {
    return !this.ends || byte <= 0 || byte >= facts.n_bytes || this.symbols[byte - 1] !== this.symbols[byte];
  }
  /** The best guesses at a symbol: [{bytes, probability}], or null if they are not known. */
  guessesAt(symbol) {
    const guesses = this.guesses;
    if (!guesses) return null;
    const best = [];
    for (let place = 0; place < guesses.places; place++) {
      const at = place * this.lengths.length + symbol;
      const index = guesses.indices[at];
      if (index === 0) continue;
      const bits = SCALE.most_guess_bits * (guesses.probabilities[at] / 255) ** 2;
      best.push({ bytes: guesses.table.subarray(guesses.offsets[index], guesses.offsets[index + 1]), probability: 2 ** -bits });
    }
    return best;
  }

  async readGuesses() {
    const packed = this.packedGuesses;
    if (!packed) return;
    const [table, lengths, indices, probabilities] = await Promise.all(
      [packed.table, packed.table_lengths, packed.indices, packed.probabilities].map(unpack),
    );
    const offsets = new Uint32Array(lengths.length + 1);
    lengths.forEach((length, i) => (offsets[i + 1] = offsets[i] + length));
    this.guesses = { places: packed.places, table, offsets, indices, probabilities };
  }
}

/** Everything that is needed before the document can be shown. */
async function readModel() {
  const [data, ...columns] = await Promise.all([
    unpack(facts.data),
    ...facts.columns.map(async (column) => {
      const optional = (packed) => (packed ? unpack(packed) : null);
      const arrays = await Promise.all([unpack(column.lengths), optional(column.spans), optional(column.ranks)]);
      return new Column(column, ...arrays);
    }),
  ]);
  return { data, columns, ...characters(data) };
}
