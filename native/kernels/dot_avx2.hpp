// Products of a panel with vpmaddwd: weights are widened to 16 bits, pairs of products added. (vpmaddubsw would take
// bytes, and saturate.)
#pragma once
#include "panel.hpp"
#include "unroll.hpp"

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

using Input = std::int16_t;
inline constexpr int input_offset = 0, inputs_together = 2, panel_outputs = 32;
inline constexpr int max_rows_at_once = 6;  // with 16 outputs: 12 of 16 registers hold sums

inline void store_inputs(Int16s a, Input* p) { a.store(p); }

// The intrinsics, but GCC 12 puts all multiplications first and then lacks registers.
CODELENGTH_INLINE void add_products(__m256i& sum, __m256i inputs, __m256i weights) {
    __m256i products;
    asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sum), "=&x"(products) : "x"(inputs), "x"(weights));
}

template <int R, int V, class Sink>
void multiply(const Panel<Input>& panel, const Sink& sink) {
    const std::size_t stride = panel.stride;
    const Input* const end = panel.inputs + 4 * panel.n_quads;
    for (int group = 0; group < V; ++group) {  // of 16 outputs
        __m256i sums[R * 2];
        unroll<R * 2>([&]<int i>() CODELENGTH_INLINE_LAMBDA { sums[i] = _mm256_setzero_si256(); });
        const std::uint8_t* weights = panel.weights + group * 32;
        for (const Input* inputs = panel.inputs; inputs != end; inputs += 2, weights += V * 32) {
            const auto* const p = reinterpret_cast<const __m128i*>(weights);
            const __m256i w0 = _mm256_cvtepi8_epi16(p[0]), w1 = _mm256_cvtepi8_epi16(p[1]);
            unroll<R>([&]<int r>() CODELENGTH_INLINE_LAMBDA {
                const __m256i a = _mm256_set1_epi32(load_unaligned<std::int32_t>(inputs + r * stride));
                add_products(sums[2 * r], a, w0);
                add_products(sums[2 * r + 1], a, w1);
            });
        }
        unroll<R>([&]<int r>() CODELENGTH_INLINE_LAMBDA {
            panel.finish(r, group * 16, {sums[2 * r]}, {sums[2 * r + 1]}, sink);
        });
    }
}

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
