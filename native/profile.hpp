// The registered predictors. docs/format.md, section 3.1. Once the format is stable they never change: a better one gets a
// new number.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace codelength {

struct Profile {
    int n_contexts;         // order 1 included
    bool deep;              // two layers of mixing
    bool networked;         // a network's forecast is mixed in: for text alone
    int otherwise;          // the predictor that an encoder takes for content that is not text
    std::uint32_t most_lanes;
    std::uint32_t min_match;
    int max_line_bits;      // of the table of bit histories: 64 bytes a line

    // Half a line for every context and symbol, as far as the profile allows.
    int line_bits(std::size_t n_symbols) const {
        const auto lines = static_cast<std::uint64_t>(n_symbols) * static_cast<std::uint64_t>(n_contexts) / 2;
        return std::clamp(static_cast<int>(std::bit_width(lines)), 8, max_line_bits);
    }
};

// Predictor 1 is profiles[0].
inline constexpr std::array<Profile, 6> profiles = {{
    {6, false, false, 1, 1, 6, 19},
    {12, true, false, 2, 1, 6, 20},
    {20, true, false, 3, 1, 6, 21},
    {32, true, false, 4, 1, 6, 22},
    {20, true, true, 3, 8, 6, 21},
    {31, true, true, 4, 1, 6, 22},
}};

}  // namespace codelength
