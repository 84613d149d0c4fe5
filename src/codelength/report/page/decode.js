// What the page carries: facts in JSON, arrays in base64 of a raw deflate stream. Written by packing.py.

const facts = JSON.parse(document.getElementById("facts").textContent);

/** Bytes of a base64 string. */
function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** The integers of a `Packed`: an array of 1, 2 or 4 bytes each. */
async function unpack(packed) {
  const element = document.getElementById(`blob-${packed.blob}`);
  const stream = new Blob([fromBase64(element.textContent)]).stream();
  element.remove();
  const inflated = stream.pipeThrough(new DecompressionStream("deflate-raw"));
  const planes = new Uint8Array(await new Response(inflated).arrayBuffer());
  const { width, count } = packed;
  if (width === 1) return planes;
  const values = width === 2 ? new Uint16Array(count) : new Uint32Array(count);
  for (let plane = 0; plane < width; plane++) {
    const low = plane * count;
    for (let i = 0; i < count; i++) values[i] |= planes[low + i] << (8 * plane);
  }
  return values;
}

/**
 * The characters of a document: the offset of each one's first byte, with one more for the end, and its code
 * point; -1 - b for a byte b that is no UTF-8. As `characters` in visible.py.
 */
function characters(data) {
  const starts = new Uint32Array(data.length + 1);
  const codes = new Int32Array(data.length);
  let n = 0;
  for (let at = 0; at < data.length; n++) {
    const first = data[at];
    let code = first;
    let length = 1;
    if (first >= 0x80) {
      length = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      if (length === 0 || at + length > data.length) length = 0;
      code = first & (0xff >> (length + 1));
      for (let i = 1; i < length; i++) {
        if ((data[at + i] & 0xc0) !== 0x80) length = 0;
        code = (code << 6) | (data[at + i] & 0x3f);
      }
      const isTooLong = code < [0, 0, 0x80, 0x800, 0x10000][length];
      const isSurrogate = code >= 0xd800 && code < 0xe000;
      if (length === 0 || isTooLong || isSurrogate || code > 0x10ffff) {
        length = 1;
        code = -1 - first;
      }
    }
    starts[n] = at;
    codes[n] = code;
    at += length;
  }
  starts[n] = data.length;
  return { starts: starts.subarray(0, n + 1), codes: codes.subarray(0, n) };
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** What stands for a code point of `characters`: itself, or printable characters. A newline keeps its break. */
function shown(code) {
  if (code < 0) return `\\x${(-1 - code).toString(16).padStart(2, "0")}`;
  if (code === 10) return "↵\n";
  if (code === 9 || (code >= 0x20 && code < 0x7f)) return String.fromCharCode(code);
  if (code === 13) return "\\r";
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  const character = String.fromCodePoint(code);
  return HIDDEN.test(character) ? `⟨${name(code)}⟩` : character;
}

/** U+0041. */
function name(code) {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Bytes in one line, white space made visible. */
function inline(bytes) {
  const { codes } = characters(bytes);
  const signs = { 9: "⇥", 10: "↵", 32: "␣" };
  return Array.from(codes, (code) => signs[code] ?? shown(code)).join("");
}
