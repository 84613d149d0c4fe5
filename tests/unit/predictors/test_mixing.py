"""The coder spends hardly more than the predictor says."""

import hashlib
from pathlib import Path

import pytest

from codelength import _native
from codelength.codec.networks import read_network
from codelength.predictors.mixing import mixing_length

TINY_NETWORK = Path(__file__).resolve().parents[2] / "golden" / "networks" / "tiny.safetensors"


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
    network = read_network(TINY_NETWORK).native if _native.is_networked(predictor) else None
    used, _, payload = _native.encode_segment(content, predictor, network)
    assert (network is None or name not in ("noise", "zeros")) == (used == predictor)
    ideal = _native.ideal_length_bits(content, predictor, network)
    if network is None:
        assert mixing_length(content, predictor).length_bits == ideal
    assert 8 * len(payload) <= ideal * 1.0002 + 64
    # Up to four zero bytes are left out, and the last byte may be used in part.
    assert ideal <= 8 * len(payload) + 40
