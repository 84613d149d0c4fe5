// Integer tables that every predictor shares: the logistic function and its inverse, the bit-history states.
// docs/format.md, sections 4.1 and 4.2, defines them; they are computed once, in integers, and never change.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

namespace codelength {

// Logistic domain: log odds in units of 1/256, clipped to +-stretch_max (odds of e^11.99, p = 0.4 / 65536).
inline constexpr int stretch_max = 3071;

struct State {
    std::uint8_t n0, n1, last;
};

struct Tables {
    std::array<std::uint16_t, 2 * stretch_max + 2> squash_;  // [x + stretch_max + 1], 16-bit probability
    std::array<std::int16_t, 4098> stretch_;                  // [q], see stretch()
    std::array<std::array<std::uint8_t, 2>, 258> next;        // next[state][bit]
    std::array<std::uint32_t, 256> prior;                     // 22-bit probability of a one in a fresh map
    std::array<std::uint16_t, 256> priority;                  // of keeping a slot whose first node has this state
    std::array<std::int32_t, 1024> reciprocal;                // 65536 / (n + 1.5)

    Tables();
};

extern const Tables tables;

// x: log odds in 1/256; returns the probability of a one in 1/65536, 1..65535.
inline int squash(int x) {
    x = x > stretch_max ? stretch_max : x < -stretch_max ? -stretch_max : x;
    return tables.squash_[static_cast<std::size_t>(x + stretch_max + 1)];
}

// p: probability in 1/65536. Below 1/32 (and above 31/32) the table has every p, between every sixteenth.
inline int stretch(int p) {
    const int sign = -(p >> 15);  // 0, or -1 for p >= 1/2: then 65535 - p is p with all bits flipped
    const int q = (p ^ sign) & 0xFFFF;
    const int x = tables.stretch_[static_cast<std::size_t>(std::min(q, 1920 + (q >> 4)))];
    return (x ^ sign) - sign;
}

}  // namespace codelength
