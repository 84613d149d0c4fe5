// The linear maps of the network, for several rows of inputs at once.
#pragma once
#include "kernels/panel.hpp"
#include "network_isa.hpp"

#if defined(CODELENGTH_PLAIN)
#include "kernels/dot_portable.hpp"
#elif defined(__AVX512VNNI__)
#include "kernels/dot_avx512vnni.hpp"
#elif defined(__AVX2__)
#include "kernels/dot_avx2.hpp"
#else
#include "kernels/dot_neon.hpp"
#endif

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

// V: vectors of 16 outputs. n_rows: 1 .. max_rows_at_once.
template <int V, class Sink>
void multiply_rows(const Panel<Input>& panel, int n_rows, const Sink& sink) {
    static_assert(max_rows_at_once <= 6);
    switch (n_rows) {
#define CODELENGTH_CASE(n)                                                       \
    case n:                                                                      \
        if constexpr (n <= max_rows_at_once) return multiply<n, V>(panel, sink); \
        break
        CODELENGTH_CASE(1);
        CODELENGTH_CASE(2);
        CODELENGTH_CASE(3);
        CODELENGTH_CASE(4);
        CODELENGTH_CASE(5);
        CODELENGTH_CASE(6);
#undef CODELENGTH_CASE
    }
}

// Each panel of weights meets all rows before the next one does, and meanwhile the next one is fetched: by the first
// two blocks of rows, or the first four if there are as many. One block alone runs as fast as its weights arrive.
template <class Sink>
void apply(const LinearView& map, const Input* inputs, std::size_t stride, int n_rows, const Sink& sink) {
    const int n_blocks = (n_rows + max_rows_at_once - 1) / max_rows_at_once;
    const int n_streams = n_blocks == 1 ? 0 : n_blocks < 4 ? 2 : 1;
    const std::uint8_t* at = map.panels;
    for (int o = 0; o < map.n_outputs;) {
        const int n = map.n_outputs - o < panel_outputs ? map.n_outputs - o : panel_outputs;
        const std::size_t n_weights = static_cast<std::size_t>(n) * static_cast<std::size_t>(map.n_inputs);
        const auto* const multipliers = reinterpret_cast<const std::int32_t*>(at + n_weights);
        const std::uint8_t* const next = at + n_weights + static_cast<std::size_t>(n) * 8;
        Panel<Input> panel{at, multipliers, multipliers + n, map.n_inputs / 4, map.shift, 0, o, inputs, stride, at, at};
        for (int block = 0; block < n_blocks; ++block) {
            const int end = n_rows * (block + 1) / n_blocks;  // blocks as equal as can be
            const bool fetches = block * n_streams < 4 && n_streams > 0;
            const std::size_t share = static_cast<std::size_t>(map.n_inputs) * 16;
            panel.ahead = fetches ? next + static_cast<std::size_t>(block * n_streams) * share : at;
            panel.ahead2 = fetches && n_streams == 2 ? panel.ahead + share : panel.ahead;
            if (n == panel_outputs) multiply_rows<panel_outputs / 16>(panel, end - panel.row, sink);
            else multiply_rows<2>(panel, end - panel.row, sink);
            panel.inputs += static_cast<std::size_t>(end - panel.row) * stride;
            panel.row = end;
        }
        at = next;
        o += n;
    }
}

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
