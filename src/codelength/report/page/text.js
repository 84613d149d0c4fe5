// The document as rows of symbols. All rows exist from the start, as plain text, so that the page has its true
// height and finding in it works; those near the window have a span for each symbol.

const FEWEST_CHARACTERS = 500; // of a row, if lines end
const FEWEST_STACKED = 1; // where predictors stand one below the other: line by line
const MOST_CHARACTERS = 2000; // of a row, if they do not
const NEAR = "700px";

/** The document as text: a row is some lines, a cell the fewest characters that end where a symbol ends. */
class TextForm {
  constructor(model, fewestCharacters) {
    this.model = model;
    this.blocks = [];
    const { codes, starts } = model;
    let first = 0;
    for (let i = 0; i < codes.length; i++) {
      const length = i + 1 - first;
      const isEnd = codes[i] === 10 ? length >= fewestCharacters : length >= MOST_CHARACTERS && (codes[i] === 32 || length >= 2 * MOST_CHARACTERS);
      if (isEnd || i === codes.length - 1) {
        this.blocks.push({ start: starts[first], end: starts[i + 1], first, last: i + 1 });
        first = i + 1;
      }
    }
  }

  plain({ first, last }) {
    const { codes } = this.model;
    let text = "";
    for (let i = first; i < last; i++) text += shown(codes[i]);
    return text;
  }

  fill(element, { first, last }, lane) {
    const { codes, starts } = this.model;
    const fragment = document.createDocumentFragment();
    for (let i = first; i < last; ) {
      let text = "";
      let isSign = false;
      const from = i;
      do {
        const sign = shown(codes[i]);
        isSign ||= codes[i] !== 10 && sign.length > (codes[i] > 0xffff ? 2 : 1);
        text += sign;
        i++;
      } while (i < last && !lane.isBoundary(starts[i]));
      fragment.append(cell(text, lane.className(starts[from], starts[i]), isSign, starts[from], starts[i]));
    }
    element.replaceChildren(fragment);
  }

  /** First and last byte + 1 of the cell that a byte lies in. */
  cellAt(byte, lane) {
    const { starts } = this.model;
    let first = characterAt(starts, byte);
    let last = first + 1;
    while (!lane.isBoundary(starts[first])) first--;
    while (!lane.isBoundary(starts[last])) last++;
    return [starts[first], starts[last]];
  }
}

/** The document as bytes: a row is some lines of hexadecimal numbers and characters, a cell is a byte. */
class HexForm {
  constructor(model, bytesInLine, linesInRow) {
    this.model = model;
    this.bytesInLine = bytesInLine;
    this.blocks = [];
    const step = linesInRow * bytesInLine;
    for (let start = 0; start < facts.n_bytes; start += step) {
      this.blocks.push({ start, end: Math.min(start + step, facts.n_bytes) });
    }
  }

  plain({ start, end }) {
    let text = "";
    for (const line of this.lines(start, end)) {
      text += line.offset;
      for (let byte = line.start; byte < line.end; byte++) text += `${hexadecimal(this.model.data[byte])} `;
      text += line.gap;
      for (let byte = line.start; byte < line.end; byte++) text += this.sign(byte);
      text += "\n";
    }
    return text;
  }

  fill(element, { start, end }, lane) {
    const { data } = this.model;
    const fragment = document.createDocumentFragment();
    for (const line of this.lines(start, end)) {
      const classes = [];
      fragment.append(line.offset);
      for (let byte = line.start; byte < line.end; byte++) {
        const className = lane.className(byte, byte + 1);
        classes.push(className);
        fragment.append(cell(hexadecimal(data[byte]), className, false, byte, byte + 1), " ");
      }
      fragment.append(line.gap);
      for (let byte = line.start; byte < line.end; byte++) {
        fragment.append(cell(this.sign(byte), classes[byte - line.start], false, byte, byte + 1));
      }
      fragment.append("\n");
    }
    element.replaceChildren(fragment);
  }

  cellAt(byte) {
    return [byte, byte + 1];
  }

  *lines(start, end) {
    const { bytesInLine } = this;
    for (let at = start; at < end; at += bytesInLine) {
      const last = Math.min(at + bytesInLine, end);
      const gap = " ".repeat(3 * (bytesInLine - (last - at)) + 1);
      yield { start: at, end: last, gap, offset: `${at.toString(16).padStart(6, "0")}  ` };
    }
  }

  sign(byte) {
    const value = this.model.data[byte];
    return value >= 0x20 && value < 0x7f ? String.fromCharCode(value) : "·";
  }
}

function hexadecimal(byte) {
  return byte.toString(16).padStart(2, "0");
}

/** Number of the character that a byte belongs to. */
function characterAt(starts, byte) {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= byte) low = middle;
    else high = middle;
  }
  return low;
}

function cell(text, className, isSign, start, end) {
  const span = document.createElement("span");
  if (className || isSign) span.className = isSign ? `sign ${className}`.trim() : className;
  span.textContent = text;
  span.start = start;
  span.end = end;
  return span;
}

/** The rows on the page, the symbol that is looked at, and how one gets from symbol to symbol. */
class Reader {
  constructor(element, { onLook, describe, onRows }) {
    this.element = element;
    this.onLook = onLook;
    this.describe = describe;
    this.at = null; // first byte of the cell that was chosen
    this.marked = [];
    this.row = null; // the one it is in
    this.goal = null; // where on the line Up and Down want to be
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          entry.target.isNear = entry.isIntersecting;
          this.setFilled(entry.target, entry.isIntersecting || entry.target === this.row);
        }
        onRows();
      },
      { rootMargin: `${NEAR} 0px` },
    );
    element.addEventListener("keydown", (event) => this.onKey(event));
    element.addEventListener("click", (event) => this.onPointer(event, (start) => this.choose(start)));
    element.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse") this.onPointer(event, (start, target) => this.lookOver(start, target));
    });
    element.addEventListener("pointerleave", () => this.lookOver(null, null));
    element.addEventListener("focus", () => {
      if (this.at === null && element.matches(":focus-visible")) this.choose(this.firstVisible());
    });
  }

  show(form, lanes) {
    this.form = form;
    this.lanes = lanes;
    this.observer.disconnect();
    this.element.className = `${form instanceof HexForm ? "hex" : ""} ${lanes.length > 1 ? "side" : ""}`.trim();
    const fragment = document.createDocumentFragment();
    if (lanes.length > 1) {
      const heads = make("div", "row heads");
      heads.append(...lanes.map((lane) => make("div", "", lane.title)));
      fragment.append(heads);
    }
    this.rows = form.blocks.map((block) => {
      const row = make("div", "row");
      const text = form.plain(block);
      for (const { title, hasTokens } of lanes) {
        const lane = make("div", hasTokens ? "lane tokens" : "lane", text);
        if (lanes.length > 1) lane.dataset.title = title;
        row.append(lane);
      }
      row.block = block;
      fragment.append(row);
      return row;
    });
    this.marked = [];
    this.row = null;
    this.element.replaceChildren(fragment);
    for (const row of this.rows) this.observer.observe(row);
    if (this.at !== null) this.choose(this.at);
  }

  setFilled(row, isFilled) {
    if (Boolean(row.isFilled) === isFilled) return;
    row.isFilled = isFilled;
    this.lanes.forEach((lane, i) => {
      if (isFilled) this.form.fill(row.children[i], row.block, lane);
      else row.children[i].textContent = this.form.plain(row.block);
    });
    if (this.at !== null && isFilled && row.block.start <= this.at && this.at < row.block.end) this.mark();
  }

  /** The row that a byte is in, with its symbols. */
  rowAt(byte) {
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rows[middle].block.start <= byte) low = middle;
      else high = middle - 1;
    }
    this.setFilled(this.rows[low], true);
    return this.rows[low];
  }

  /** Look at the cell of a byte, and stay there. */
  choose(byte, keepGoal = false) {
    if (!keepGoal) this.goal = null;
    [this.at] = this.form.cellAt(Math.max(0, Math.min(byte, facts.n_bytes - 1)), this.lanes[0]);
    const before = this.row;
    this.row = this.rowAt(this.at); // has symbols as long as one of them is looked at
    if (before && before !== this.row && !before.isNear) this.setFilled(before, false);
    this.mark();
    this.onLook(this.form.cellAt(this.at, this.lanes[0]), true);
    this.marked[0]?.scrollIntoView({ block: "nearest" });
    this.onMoved?.();
  }

  clear() {
    this.at = null;
    this.unmark();
    this.onLook(null, true);
    this.onMoved?.();
  }

  unmark() {
    for (const span of this.marked) {
      span.classList.remove("at");
      for (const attribute of ["id", "role", "aria-label"]) span.removeAttribute(attribute);
    }
    this.marked = [];
    this.element.removeAttribute("aria-activedescendant");
  }

  mark() {
    this.unmark();
    const [start, end] = this.form.cellAt(this.at, this.lanes[0]);
    for (const lane of this.rowAt(start).children) {
      for (const span of lane.children) {
        if (span.start < end && span.end > start) this.marked.push(span);
      }
    }
    for (const span of this.marked) span.classList.add("at");
    const [first] = this.marked;
    if (!first) return;
    first.id = `at-${start}`;
    first.setAttribute("role", "img");
    first.setAttribute("aria-label", this.describe([start, end]));
    this.element.setAttribute("aria-activedescendant", first.id);
  }

  lookOver(start, target) {
    this.over?.classList.remove("over");
    this.over = target;
    target?.classList.add("over");
    const byte = start ?? this.at;
    this.onLook(byte === null ? null : this.form.cellAt(byte, this.lanes[0]), start === null);
  }

  onPointer(event, act) {
    const { target } = event;
    if (target.start !== undefined) act(target.start, target);
  }

  onKey(event) {
    if (event.altKey || event.metaKey || (event.ctrlKey && !["Home", "End"].includes(event.key))) return;
    const at = this.at ?? this.firstVisible();
    const [start, end] = this.form.cellAt(at, this.lanes[0]);
    const moves = {
      ArrowLeft: () => this.choose(start - 1),
      ArrowRight: () => this.choose(end),
      ArrowUp: () => this.chooseOnNextLine(at, -1),
      ArrowDown: () => this.chooseOnNextLine(at, 1),
      Home: () => this.choose(0),
      End: () => this.choose(facts.n_bytes - 1),
      n: () => this.onSurprise(1),
      p: () => this.onSurprise(-1),
      Escape: () => this.clear(),
    };
    const move = moves[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  chooseOnNextLine(at, direction) {
    if (this.form instanceof HexForm) {
      const next = at + direction * this.form.bytesInLine;
      if (next >= 0 && next < facts.n_bytes) this.choose(next);
      return;
    }
    const [here] = this.marked;
    if (!here) return;
    const from = here.getClientRects()[0];
    const goal = this.goal ?? from.left + from.width / 2;
    let best = null;
    let nearest = Infinity;
    let line = null;
    for (let span = this.neighbour(here, direction); span; span = this.neighbour(span, direction)) {
      const rects = span.getClientRects();
      const rect = direction > 0 ? rects[0] : rects[rects.length - 1];
      if (line === null && direction * (rect.top - from.top) < from.height / 2) continue;
      line ??= rect.top;
      if (Math.abs(rect.top - line) > from.height / 2) break;
      const distance = Math.abs(rect.left + rect.width / 2 - goal);
      if (distance < nearest) [best, nearest] = [span, distance];
    }
    if (best) this.choose(best.start, true);
    this.goal = goal;
  }

  /** The span before or after one of the first lane, in the next row too. */
  neighbour(span, direction) {
    const sibling = direction > 0 ? span.nextElementSibling : span.previousElementSibling;
    if (sibling) return sibling;
    const index = this.rows.indexOf(span.closest(".row")) + direction;
    if (index < 0 || index >= this.rows.length) return null;
    this.setFilled(this.rows[index], true);
    const lane = this.rows[index].children[0];
    return direction > 0 ? lane.firstElementChild : lane.lastElementChild;
  }

  /** Bytes whose rows are in the window, roughly. */
  visibleBytes() {
    const position = (y) => {
      let low = 0;
      let high = this.rows.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.rows[middle].getBoundingClientRect().bottom > y) high = middle;
        else low = middle + 1;
      }
      const row = this.rows[low];
      const { top, height } = row.getBoundingClientRect();
      const part = height ? Math.max(0, Math.min(1, (y - top) / height)) : 0;
      return row.block.start + part * (row.block.end - row.block.start);
    };
    return [position(document.getElementById("bar").offsetHeight), position(window.innerHeight)];
  }

  firstVisible() {
    return Math.min(facts.n_bytes - 1, Math.ceil(this.visibleBytes()[0]));
  }
}
