// A part of a linear map, and what becomes of its outputs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vectors.hpp"

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

// Sinks take the 2 * Int32s::size outputs o, o + 1, ... of a row. Their bounds (format.md, 5.5) leave room for a 16-bit
// number to be added.
struct Saturated {
    std::int16_t* out;
    std::size_t stride;
    void operator()(int row, int o, Int32s lo, Int32s hi) const {
        max(narrow(lo, hi), Int16s::all(-32767)).store(out + static_cast<std::size_t>(row) * stride + o);
    }
};

struct Added {
    std::int16_t* x;
    std::size_t stride;
    void operator()(int row, int o, Int32s lo, Int32s hi) const {
        std::int16_t* const p = x + static_cast<std::size_t>(row) * stride + o;
        Int32s x_lo, x_hi;
        widen(Int16s::load(p), x_lo, x_hi);
        max(narrow(x_lo + lo, x_hi + hi), Int16s::all(-32767)).store(p);
    }
};

struct Wide {
    std::int32_t* out;
    std::size_t stride;
    void operator()(int row, int o, Int32s lo, Int32s hi) const {
        std::int32_t* const p = out + static_cast<std::size_t>(row) * stride + o;
        lo.store(p);
        hi.store(p + Int32s::size);
    }
};

// One panel of weights (network_isa.hpp) and the first of the rows of inputs that it meets.
template <class Input>
struct Panel {
    const std::uint8_t* weights;
    const std::int32_t* multipliers;
    const std::int32_t* biases;
    int n_quads;  // inputs / 4
    int shift;
    int row, output;  // the first ones
    const Input* inputs;
    std::size_t stride;
    // Two streams of memory that will be wanted soon: a line of each to be fetched with every quad.
    const std::uint8_t *ahead, *ahead2;

    // lo and hi: sums of products of row `row + r`, from output `output + o` on.
    template <class Sink>
    void finish(int r, int o, Int32s lo, Int32s hi, const Sink& sink) const {
        const int next = o + Int32s::size;
        lo = (lo * Int32s::load(multipliers + o) + Int32s::load(biases + o)).right(shift);
        hi = (hi * Int32s::load(multipliers + next) + Int32s::load(biases + next)).right(shift);
        sink(row + r, output + o, lo, hi);
    }
};

template <class T>
T load_unaligned(const void* p) {
    T x;
    std::memcpy(&x, p, sizeof x);
    return x;
}

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
