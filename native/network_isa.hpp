// The forward pass, built once for each instruction set that the build supports, and what it works on: plain data, so
// that no inline function of the standard library is compiled with an instruction set's flags.
#pragma once
#include <cstddef>
#include <cstdint>

namespace codelength {

// All widths here are those of the file, rounded up to a multiple of 32 and filled with zeros that stay zeros: no
// vector loop has a remainder.
inline constexpr int network_granule = 32;
inline constexpr int network_max_rows = 64;    // positions, of all lanes together, that go through a layer at once
inline constexpr int network_max_orders = 8;   // and the longest order
inline constexpr int network_max_taps = 8;
inline constexpr int network_max_echoes = 8;   // and the longest echo

// The hash of an n-gram with the byte before it. Always inlined: no copy of one instruction set's build is shared.
[[gnu::always_inline]] inline std::uint32_t hash_on(std::uint32_t h, std::uint32_t byte) {
    return (h ^ (byte + 1)) * 0x9E3779B1u;
}

// A linear map, in panels of `panel_outputs` outputs (the last may have 32). A panel holds, for every `inputs_together`
// inputs, the weights of each output for them, then the multipliers and the biases of its outputs, 32 bits each: the
// memory of a map is read in one stream.
struct LinearView {
    const std::uint8_t* panels;
    int n_inputs, n_outputs;  // multiples of 4, of 32
    int shift;
};

struct LayerView {
    const std::int16_t* taps;  // (taps rounded up to an even number, width)
    LinearView gates, mix, hidden, project;
    int mixed_scale;
    const std::int16_t* norm_scale;  // (width)
};

struct NetworkView {
    int width, hidden, n_layers, n_taps;
    int n_orders, n_columns, row_bits;
    int orders[network_max_orders];
    int n_echoes;
    const std::int16_t* embed;  // (256, width)
    const std::int8_t* ngrams;  // (orders, rows, columns)
    const std::int8_t* echoes;  // (echoes, echo_rows, columns), and a row of zeros for where there is none
    LinearView widen, head;
    const LayerView* layers;
    const std::int16_t* norm_scale;  // (width)

    // A lane's state: for each layer h and a ring of the last n_taps - 1 vectors y; then the ring's oldest place.
    std::size_t state_numbers() const {
        return static_cast<std::size_t>(n_layers) * static_cast<std::size_t>(n_taps) * static_cast<std::size_t>(width);
    }
    std::size_t state_bytes() const { return state_numbers() * 2 + 64; }

    std::size_t n_inputs_max() const {
        const int d = width > hidden ? width : hidden;
        return static_cast<std::size_t>(d > widen.n_inputs ? d : widen.n_inputs);
    }
    std::size_t n_outputs_max() const {
        return static_cast<std::size_t>(3 * width > 2 * hidden ? 3 * width : 2 * hidden);
    }
};

// What a call works in; all for network_max_rows rows and aligned to 64 bytes.
struct NetworkScratch {
    std::int16_t* x;       // (rows, width): the residual stream
    std::uint8_t* inputs;  // (rows, n_inputs_max rounded up to 64): of a linear map, as the instruction set likes them
    std::int16_t* maps;    // (rows, n_outputs_max): outputs of a linear map
    std::int32_t* logits;  // (rows, 256)
    std::uint16_t* heard;  // (rows, echoes): the row of each echo, as in echoes.hpp
};

// n_lanes * n_steps <= network_max_rows positions. Lane i has its state at states + i * state_bytes and writes its
// frequencies from out + i * out_stride on.
struct NetworkStep {
    const std::uint8_t* const* lanes;
    std::uint8_t* states;
    int n_lanes, n_steps;
    std::size_t position;
    std::uint32_t* out;
    std::size_t out_stride;
};

struct NetworkIsa {
    const char* name;
    std::size_t input_size;  // of a linear map, in bytes
    int input_offset;        // what it adds to them, to have them unsigned: biases make up for it
    int inputs_together;     // 1, 2 or 4
    int panel_outputs;       // 32 or 64
    void (*forward)(const NetworkView& network, const NetworkScratch& scratch, const NetworkStep& step);
};

extern const NetworkIsa network_portable;
extern const NetworkIsa network_avx2, network_avx512vnni;  // only where CODELENGTH_X86 is defined
extern const NetworkIsa network_neon, network_neon_dot;    // only where CODELENGTH_ARM64 is defined

}  // namespace codelength
