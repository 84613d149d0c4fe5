// Products of a panel with vpdpbusd: unsigned inputs, signed weights.
#pragma once
#include "panel.hpp"
#include "unroll.hpp"

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

using Input = std::uint8_t;
inline constexpr int input_offset = 128, inputs_together = 4, panel_outputs = 64;
inline constexpr int max_rows_at_once = 6;  // with 4 vectors of outputs: 24 of 32 registers hold sums

inline void store_inputs(Int16s a, Input* p) {
    const __m256i bytes = _mm256_xor_si256(_mm512_cvtepi16_epi8(a.v), _mm256_set1_epi8(-128));
    _mm256_store_si256(reinterpret_cast<__m256i*>(p), bytes);
}

// The intrinsic, but for GCC 12, which copies every sum to another register and back around it.
CODELENGTH_INLINE void add_products(__m512i& sum, __m512i inputs, __m512i weights) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(inputs), "v"(weights));
}

template <int R, int V, class Sink>
void multiply(const Panel<Input>& panel, const Sink& sink) {
    __m512i sums[R * V];
    unroll<R * V>([&]<int i>() CODELENGTH_INLINE_LAMBDA { sums[i] = _mm512_setzero_si512(); });
    const std::uint8_t *weights = panel.weights, *ahead = panel.ahead, *ahead2 = panel.ahead2;
    const std::size_t stride = panel.stride;
    const Input* const end = panel.inputs + 4 * panel.n_quads;
    for (const Input* inputs = panel.inputs; inputs != end; inputs += 4) {
        __m512i w[V];
        unroll<V>([&]<int v>() CODELENGTH_INLINE_LAMBDA { w[v] = _mm512_load_si512(weights + v * 64); });
        _mm_prefetch(ahead, _MM_HINT_T1);
        _mm_prefetch(ahead2, _MM_HINT_T1);
        unroll<R>([&]<int r>() CODELENGTH_INLINE_LAMBDA {
            const __m512i a = _mm512_set1_epi32(load_unaligned<std::int32_t>(inputs + r * stride));
            unroll<V>([&]<int v>() CODELENGTH_INLINE_LAMBDA { add_products(sums[r * V + v], a, w[v]); });
        });
        weights += V * 64;
        ahead += 64;
        ahead2 += 64;
    }
    unroll<R * V / 2>([&]<int i>() CODELENGTH_INLINE_LAMBDA {
        panel.finish(2 * i / V, 2 * i % V * 16, {sums[2 * i]}, {sums[2 * i + 1]}, sink);
    });
}

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
