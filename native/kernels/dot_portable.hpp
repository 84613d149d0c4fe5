// Products of a panel in loops that compilers turn into the vectors they know.
#pragma once
#include "panel.hpp"

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

using Input = std::int8_t;
inline constexpr int input_offset = 0, inputs_together = 1, panel_outputs = 64, max_rows_at_once = 1;

inline void store_inputs(Int16s a, Input* p) {
    for (int i = 0; i < Int16s::size; ++i) p[i] = static_cast<Input>(a.v[i]);
}

template <int R, int V, class Sink>
void multiply(const Panel<Input>& panel, const Sink& sink) {
    static_assert(R == 1);
    constexpr int n = V * 16;
    std::int32_t sums[n] = {};
    const auto* w = reinterpret_cast<const std::int8_t*>(panel.weights);
    const Input* a = panel.inputs;
    for (int k = 0; k < panel.n_quads * 2; ++k, w += 2 * n, a += 2)
        for (int o = 0; o < n; ++o)  // two products fit 16 bits
            sums[o] += static_cast<std::int16_t>(w[o] * a[0] + w[n + o] * a[1]);
    for (int o = 0; o < n; o += 16) panel.finish(0, o, Int32s::load(sums + o), Int32s::load(sums + o + 8), sink);
}

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
