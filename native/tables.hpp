// What every predictor shares: the logistic function and its inverse in integers, the states of a bit history.
// docs/format.md, sections 4.1 and 4.2, defines them.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace codelength {

// Logistic domain: log odds in units of 1/256, clipped to +-stretch_max (p = 0.4 / 65536).
inline constexpr int stretch_max = 3071;

// What follows is always inlined: a copy that one instruction set's build made would be shared with the others.

// log2(x) in 1/4096, x >= 1: exponent, 12 bits of mantissa f, and the parabola f (1 - f) * 0.344.
inline constexpr int lg_bend = 1409;
[[gnu::always_inline]] inline int lg(int x) {
    const int e = static_cast<int>(std::bit_width(static_cast<unsigned>(x))) - 1;
    const int f = (e >= 12 ? x >> (e - 12) : x << (12 - e)) & 4095;
    return (e << 12) + f + (((f * (4096 - f)) >> 12) * lg_bend >> 12);
}

// p: probability in 1/65536, 0..65535. ln(p / (1 - p)) in 1/256, from -3018 to 3017; 1420 / 2^15 = ln 2 * 256 / 4096.
inline constexpr int stretch_scale = 1420;
[[gnu::always_inline]] inline int stretch(int p) { return ((lg(2 * p + 1) - lg(131071 - 2 * p)) * stretch_scale) >> 15; }

// Points of a final map: log odds apm_step (j - apm_points / 2).
inline constexpr int apm_points = 25, apm_step = 256;

struct Tables {
    std::array<std::uint16_t, 2 * stretch_max + 1> logistic;  // [x + stretch_max]: probability in 1/65536
    std::array<std::uint16_t, apm_points> unrefined;          // where a final map starts: squash of its points
    std::array<std::array<std::uint8_t, 2>, 256> next;        // next[state][bit]
    std::array<std::uint8_t, 256> n_seen;                     // bits that a state stands for
    std::array<std::int32_t, 256> prior;                      // of a state's probability: 22 bits, no counts (counters.hpp)

    Tables();
};

extern const Tables tables;

// Log odds in 1/256 to the probability of a one in 1/65536, 1..65535.
[[gnu::always_inline]] inline int clip(int x) { return std::clamp(x, -stretch_max, stretch_max); }
[[gnu::always_inline]] inline int squash(int clipped) { return tables.logistic[static_cast<std::size_t>(clipped + stretch_max)]; }

}  // namespace codelength
