#include "tables.hpp"

#include <algorithm>

namespace codelength {
namespace {

// The most counts of the rarer bit m leave room for cap[m] of the other: 255 states in all.
constexpr int n_caps = 6;
constexpr int cap[n_caps] = {48, 24, 10, 7, 6, 5};

bool representable(int n0, int n1) {
    const int m = std::min(n0, n1), big = std::max(n0, n1);
    return m < n_caps && big <= cap[m];
}

// What remains of the count of the other bit once this one was seen: old evidence fades, the more of it the more.
int faded(int n) { return n < 3 ? n : n < 6 ? n - 1 : n < 12 ? 5 : n < 24 ? 6 : 7; }

}  // namespace

const Tables tables;

Tables::Tables() {
    // squash: e = exp(-x / 256) in 1/2^31 by repeated multiplication with exp(-1/256) in 1/2^32.
    std::uint64_t e = std::uint64_t{1} << 31;
    for (int x = 0; x <= stretch_max; ++x) {
        const std::uint64_t p = (std::uint64_t{1} << 47) / ((std::uint64_t{1} << 31) + e);
        const int clipped = static_cast<int>(std::min<std::uint64_t>(p, 65535));
        squash_[static_cast<std::size_t>(stretch_max + 1 + x)] = static_cast<std::uint16_t>(clipped);
        squash_[static_cast<std::size_t>(stretch_max + 1 - x)] = static_cast<std::uint16_t>(65536 - clipped);
        e = (e * 4278222848u) >> 32;
    }
    squash_[0] = squash_[1];

    // stretch: the largest x <= 0 with squash(x) <= the probability at the middle of the cell.
    int x = -stretch_max;
    for (int q = 0; q < 4096; ++q) {
        const int p = q < 2048 ? std::max(q, 1) : (q - 1920) * 16 + 8;
        while (x < 0 && squash_[static_cast<std::size_t>(x + 1 + stretch_max + 1)] <= p) ++x;
        stretch_[static_cast<std::size_t>(q)] = static_cast<std::int16_t>(x);
    }

    // States: (n0, n1, last bit) in order of n0 + n1, then n1, then last bit; `last` counts only where both occurred.
    std::array<State, 256> states{};
    std::array<std::array<std::array<int, 2>, 49>, 49> index{};
    int n_states = 0;
    for (int total = 0; total <= 48; ++total)
        for (int n1 = 0; n1 <= total; ++n1) {
            const int n0 = total - n1;
            if (!representable(n0, n1)) continue;
            for (int last = 0; last < 2; ++last) {
                if (last == 1 && (n0 == 0 || n1 == 0)) {
                    index[n0][n1][1] = index[n0][n1][0];
                    continue;
                }
                states[n_states] = {static_cast<std::uint8_t>(n0), static_cast<std::uint8_t>(n1),
                                    static_cast<std::uint8_t>(last)};
                index[n0][n1][last] = n_states++;
            }
        }
    for (int s = 0; s < 256; ++s) {
        const State state = s < n_states ? states[s] : State{0, 0, 0};
        for (int bit = 0; bit < 2; ++bit) {
            int same = (bit ? state.n1 : state.n0) + 1;
            int other = faded(bit ? state.n0 : state.n1);
            while (!representable(same, other)) {
                if (same > other + 1) --same; else --other;
            }
            next[s][bit] = static_cast<std::uint8_t>(bit ? index[other][same][1] : index[same][other][0]);
        }
        const std::uint32_t n0 = state.n0, n1 = state.n1;
        prior[s] = ((n1 * 3 + 1) << 22) / ((n0 + n1) * 3 + 2);
        priority[s] = static_cast<std::uint16_t>(n0 + n1);
    }
    for (int n = 0; n < 1024; ++n) reciprocal[static_cast<std::size_t>(n)] = 131072 / (2 * n + 3);
}

}  // namespace codelength
