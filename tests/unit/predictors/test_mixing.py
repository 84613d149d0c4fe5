"""The coder spends hardly more than the predictor says."""

import hashlib

import pytest

from codelength import _native
from codelength.predictors.mixing import mixing_length


def inputs() -> dict[str, bytes]:
    prose = b"It was the best of times, it was the worst of times, it was the age of wisdom. "
    rows = b"".join(f"{i:06d},{i * i % 977:04d},{'ab'[i % 2]}\n".encode() for i in range(2000))
    noise = b"".join(hashlib.sha256(bytes([i, j])).digest() for i in range(30) for j in range(30))
    zeros = bytes(300000)
    return {"empty": b"", "byte": b"a", "prose": prose * 40, "rows": rows, "noise": noise, "zeros": zeros}


@pytest.mark.parametrize("predictor", range(1, _native.N_PREDICTORS + 1))
@pytest.mark.parametrize("name", inputs())
def test_overhead_of_the_coder(name: str, predictor: int) -> None:
    content = inputs()[name]
    _, payload = _native.encode_segment(content, predictor)
    ideal = mixing_length(content, predictor).length_bits
    assert 8 * len(payload) <= ideal * 1.0002 + 64
    # Up to four zero bytes are left out, and the last byte may be used in part.
    assert ideal <= 8 * len(payload) + 40
