"""A range coder in plain Python: slow, exact, and short enough to read in one sitting.

A message is coded as a point in [0, 1). Each symbol narrows the interval that the point may lie in to the
share that the symbol's probability has of it; at the end, any point inside names the whole message, and to
write one down takes about -log₂(width) = Σ -log₂ p bits. The encoder cannot keep the endless digits of the
interval, so it holds a window of 64 bits: ``low`` and ``range_``, in units that shrink by 256 each time a
byte leaves the window at the top.

    bits          0 ........ 8k | 8k ............. 8k+64 |
                  bytes written | low, range_            | not yet known

Adding to ``low`` can overflow the window; that carry runs back into the bytes already written. Writing whole
bytes, where arithmetic coders wrote bits, is Martin's range encoding.

Length. With frequencies of total T <= 2³², each step loses at most log₂(1 / (1 - T/2⁵⁶)) < 2⁻²³ bits to
rounding, and the end costs one byte, so that for n symbols

    Σ -log₂ p  <=  8 · n_coded_bytes  <=  Σ -log₂ p + 8 + n · 2⁻²³,        p = frequency / T.

Everything is an integer: the same message gives the same bytes on every machine.

Sources: J. Rissanen, "Generalized Kraft inequality and arithmetic coding", IBM J. Res. Dev. 20, 1976.
G. N. N. Martin, "Range encoding", Video & Data Recording Conference, Southampton 1979. I. H. Witten,
R. M. Neal and J. G. Cleary, "Arithmetic coding for data compression", Comm. ACM 30, 1987.
"""

from __future__ import annotations

from codelength.errors import CorruptError, TruncatedError

__all__ = ["MAX_TOTAL", "RangeDecoder", "RangeEncoder"]

MAX_TOTAL = 1 << 32
"""Largest total of the frequencies of one symbol: keeps the rounding of each step under 2⁻²³ bits."""

_WINDOW = 1 << 64
# The range is kept at or above this, so that one count of a total is never less than 2²⁴ units.
_BOTTOM = 1 << 56


def _check(start: int, frequency: int, total: int) -> None:
    if not 0 < total <= MAX_TOTAL:
        raise ValueError(f"total must be in 1..2^32, not {total}")
    if not (0 <= start < start + frequency <= total):
        raise ValueError(f"[{start}, {start + frequency}) is empty or outside [0, {total})")


class RangeEncoder:
    """Codes symbols first in, first out. `encode` each, then `finish` once."""

    def __init__(self) -> None:
        self._out = bytearray()
        self._low = 0  # < 2⁶⁴
        self._range = _WINDOW  # 2⁵⁶ <= range <= 2⁶⁴ between calls

    def encode(self, start: int, frequency: int, total: int) -> None:
        """Append the symbol that owns [start, start + frequency) of [0, total): -log₂(frequency/total) bits.

        Raises ValueError if that is empty or not inside, or if total is above MAX_TOTAL.
        """
        _check(start, frequency, total)
        step = self._range // total
        self._low += start * step
        self._range = frequency * step
        if self._low >= _WINDOW:
            self._low -= _WINDOW
            self._carry()
        while self._range < _BOTTOM:
            self._out.append(self._low >> 56)
            self._low = (self._low << 8) % _WINDOW
            self._range <<= 8

    def finish(self) -> bytes:
        """The code: everything written so far and one byte more, which names a point in the last interval.

        A half-open interval of at least 2⁵⁶ units holds a multiple of 2⁵⁶; the decoder reads zeros after it.
        """
        top = -(-self._low // _BOTTOM)
        if top == 256:
            self._carry()
        return bytes(self._out) + bytes([top % 256])

    def _carry(self) -> None:
        # A byte below 255 is there: the interval lies in [0, 1), so nothing carries out of the first byte.
        i = len(self._out) - 1
        while self._out[i] == 255:
            self._out[i] = 0
            i -= 1
        self._out[i] += 1


class RangeDecoder:
    """Reads back what a RangeEncoder wrote, given the same totals and frequencies in the same order.

    For each symbol call `peek`, find the symbol whose interval holds the answer, and `consume` that interval;
    at the end call `finish`. There is no checksum here: damage inside the code gives other symbols.
    """

    def __init__(self, code: bytes) -> None:
        """Raises TruncatedError if the code is empty."""
        self._code = code
        self._position = 0
        self._offset = 0  # the coded point minus the encoder's low; < range for every code that it can write
        self._range = _WINDOW
        for _ in range(8):
            self._shift()

    def peek(self, total: int) -> int:
        """Where in [0, total) the next symbol lies.

        Raises CorruptError if it lies nowhere, ValueError if total is not in 1..MAX_TOTAL.
        """
        if not 0 < total <= MAX_TOTAL:
            raise ValueError(f"total must be in 1..2^32, not {total}")
        position = self._offset // (self._range // total)
        if position >= total:  # in the rest of range // total, where the encoder puts nothing
            raise CorruptError("range code points outside every symbol")
        return position

    def consume(self, start: int, frequency: int, total: int) -> None:
        """Step over the symbol that owns [start, start + frequency) of [0, total), which must hold `peek`.

        Raises TruncatedError when the code ends before its message, ValueError for a wrong interval.
        """
        _check(start, frequency, total)
        step = self._range // total
        if not start * step <= self._offset < (start + frequency) * step:
            raise ValueError(f"the next symbol is not in [{start}, {start + frequency})")
        self._offset -= start * step
        self._range = frequency * step
        while self._range < _BOTTOM:
            self._range <<= 8
            self._shift()

    def finish(self) -> None:
        """Check that the message ends where the code does; raises CorruptError otherwise."""
        if self._position < len(self._code) + 7:
            raise CorruptError("bytes follow the end of the range code")
        if self._offset >= _BOTTOM:
            raise CorruptError("range code does not end as an encoder ends it")

    def _shift(self) -> None:
        # A message that moved the encoder's window k times has k + 1 bytes; here 8 + k have been asked for.
        byte = self._code[self._position] if self._position < len(self._code) else 0
        self._position += 1
        if self._position > len(self._code) + 7:
            raise TruncatedError("range code ends before its message does")
        self._offset = self._offset << 8 | byte
