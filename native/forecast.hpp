// What the network says about one symbol, bit by bit. docs/format.md, section 6.
#pragma once
#include <cstdint>

#include "simd.hpp"

namespace codelength::CODELENGTH_ISA {

class Forecast {
public:
    // frequencies: 256, each at least 1, their sum below 2^31.
    void begin(const std::uint32_t* frequencies) {
        frequencies_ = frequencies;
        total_ = all_ = sum(0, 256);
        first_ = 0;
        half_ = 128;
    }

    // Log odds that the next bit is a one, in 1/256.
    int log_odds() {
        ones_ = sum(first_ + half_, half_);
        return clip(((lg(static_cast<int>(ones_)) - lg(static_cast<int>(total_ - ones_))) * stretch_scale) >> 15);
    }
    void learn(int bit) {
        total_ = bit ? ones_ : total_ - ones_;
        if (bit) first_ += half_;
        half_ >>= 1;
    }
    // -log2 p of the symbol, in 1/4096, once all its bits are learned.
    std::uint32_t length() const {
        return static_cast<std::uint32_t>(lg(static_cast<int>(all_)) - lg(static_cast<int>(total_)));
    }

private:
    std::uint32_t sum(std::uint32_t from, std::uint32_t n) const {
        std::uint32_t s = 0;
        for (std::uint32_t i = from; i < from + n; ++i) s += frequencies_[i];
        return s;
    }

    const std::uint32_t* frequencies_ = nullptr;
    std::uint32_t all_ = 2, total_ = 2, ones_ = 1;
    std::uint32_t first_ = 0, half_ = 128;
};

}  // namespace codelength::CODELENGTH_ISA
