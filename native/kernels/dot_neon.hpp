// Products of a panel with sdot, or with widening multiplications where there is none.
#pragma once
#include "panel.hpp"
#include "unroll.hpp"

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

using Input = std::int8_t;
inline constexpr int input_offset = 0, panel_outputs = 32, max_rows_at_once = 4;

inline void store_inputs(Int16s a, Input* p) { vst1_s8(p, vmovn_s16(a.v)); }

template <class Panel, class Sink>
CODELENGTH_INLINE void finish_group(const Panel& panel, int r, int group, const int32x4_t* sums, const Sink& sink) {
    panel.finish(r, group * 16, {sums[0]}, {sums[1]}, sink);
    panel.finish(r, group * 16 + 8, {sums[2]}, {sums[3]}, sink);
}

#if defined(__ARM_FEATURE_DOTPROD)

inline constexpr int inputs_together = 4;

template <int R, int V, class Sink>
void multiply(const Panel<Input>& panel, const Sink& sink) {
    const std::size_t stride = panel.stride;
    const Input* const end = panel.inputs + 4 * panel.n_quads;
    for (int group = 0; group < V; ++group) {  // of 16 outputs
        int32x4_t sums[R * 4];
        unroll<R * 4>([&]<int i>() CODELENGTH_INLINE_LAMBDA { sums[i] = vdupq_n_s32(0); });
        const auto* w = reinterpret_cast<const std::int8_t*>(panel.weights) + group * 64;
        for (const Input* inputs = panel.inputs; inputs != end; inputs += 4, w += V * 64) {
            const int8x16_t w0 = vld1q_s8(w), w1 = vld1q_s8(w + 16), w2 = vld1q_s8(w + 32), w3 = vld1q_s8(w + 48);
            unroll<R>([&]<int r>() CODELENGTH_INLINE_LAMBDA {
                const int8x16_t a = vreinterpretq_s8_s32(vdupq_n_s32(load_unaligned<std::int32_t>(inputs + r * stride)));
                sums[4 * r] = vdotq_s32(sums[4 * r], w0, a);
                sums[4 * r + 1] = vdotq_s32(sums[4 * r + 1], w1, a);
                sums[4 * r + 2] = vdotq_s32(sums[4 * r + 2], w2, a);
                sums[4 * r + 3] = vdotq_s32(sums[4 * r + 3], w3, a);
            });
        }
        unroll<R>([&]<int r>() CODELENGTH_INLINE_LAMBDA { finish_group(panel, r, group, sums + 4 * r, sink); });
    }
}

#else

inline constexpr int inputs_together = 2;

// sum + the pairs of v0 * a0 + v1 * a1, whose two products fit 16 bits
CODELENGTH_INLINE int32x4_t add_pairs(int32x4_t sum, int8x8_t v0, int8x8_t a0, int8x8_t v1, int8x8_t a1) {
    return vpadalq_s16(sum, vmlal_s8(vmull_s8(v0, a0), v1, a1));
}

template <int R, int V, class Sink>
void multiply(const Panel<Input>& panel, const Sink& sink) {
    const std::size_t stride = panel.stride;
    const Input* const end = panel.inputs + 4 * panel.n_quads;
    for (int group = 0; group < V; ++group) {  // of 16 outputs
        int32x4_t sums[R * 4];
        unroll<R * 4>([&]<int i>() CODELENGTH_INLINE_LAMBDA { sums[i] = vdupq_n_s32(0); });
        const auto* w = reinterpret_cast<const std::int8_t*>(panel.weights) + group * 32;
        for (const Input* inputs = panel.inputs; inputs != end; inputs += 4, w += V * 64) {
            const std::int8_t* const w_next = w + V * 32;  // of inputs 2 and 3
            unroll<R>([&]<int r>() CODELENGTH_INLINE_LAMBDA {
                const Input* const p = inputs + r * stride;
                const int8x8_t a0 = vreinterpret_s8_s16(vdup_n_s16(load_unaligned<std::int16_t>(p)));
                const int8x8_t a1 = vreinterpret_s8_s16(vdup_n_s16(load_unaligned<std::int16_t>(p + 2)));
                unroll<4>([&]<int v>() CODELENGTH_INLINE_LAMBDA {
                    sums[4 * r + v] = add_pairs(sums[4 * r + v], vld1_s8(w + 8 * v), a0, vld1_s8(w_next + 8 * v), a1);
                });
            });
        }
        unroll<R>([&]<int r>() CODELENGTH_INLINE_LAMBDA { finish_group(panel, r, group, sums + 4 * r, sink); });
    }
}

#endif

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
