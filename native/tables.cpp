#include "tables.hpp"

namespace codelength {
namespace {

// How many of the more frequent bit a state can count beside m of the rarer one.
constexpr std::array<int, 6> cap = {38, 22, 13, 9, 7, 6};
constexpr int n_max = 39;

bool exists(int n0, int n1) {
    const int m = std::min(n0, n1);
    return m < static_cast<int>(cap.size()) && std::max(n0, n1) <= cap[static_cast<std::size_t>(m)];
}

// What is left of a count when the other bit comes: the more evidence, the more of it fades.
int faded(int n) { return n < 3 ? n : n < 6 ? n - 1 : n < 12 ? 5 : n < 24 ? 6 : 7; }

}  // namespace

const Tables tables;

Tables::Tables() {
    // exp(-x / 256) in 1/2^31, by repeated multiplication with exp(-1 / 256) in 1/2^32.
    std::uint64_t e = std::uint64_t{1} << 31;
    for (std::size_t x = 0; x <= stretch_max; ++x) {
        const std::uint64_t p = std::min<std::uint64_t>((std::uint64_t{1} << 47) / ((std::uint64_t{1} << 31) + e), 65535);
        logistic[stretch_max + x] = static_cast<std::uint16_t>(p);
        logistic[stretch_max - x] = static_cast<std::uint16_t>(65536 - p);
        e = (e * 4278222805u) >> 32;
    }

    for (int j = 0; j < apm_points; ++j)
        unrefined[static_cast<std::size_t>(j)] =
            logistic[static_cast<std::size_t>(clip(apm_step * (j - apm_points / 2)) + stretch_max)];

    // States (n0, n1, last bit) in the order of n0 + n1, n1, last bit; the last bit tells apart only states that saw both.
    struct State {
        int n0, n1;
    };
    std::array<State, 256> states{};
    std::uint8_t number[n_max][n_max][2] = {};
    int n_states = 0;
    for (int total = 0; total < n_max; ++total)
        for (int n1 = 0; n1 <= total; ++n1) {
            const int n0 = total - n1;
            if (!exists(n0, n1)) continue;
            for (int last = 0; last < 2; ++last) {
                if (last == 0 || (n0 > 0 && n1 > 0)) states[static_cast<std::size_t>(n_states++)] = {n0, n1};
                number[n0][n1][last] = static_cast<std::uint8_t>(n_states - 1);
            }
        }

    next = {};
    n_seen = {};
    prior = {};
    for (std::size_t s = 0; s < static_cast<std::size_t>(n_states); ++s) {
        const auto [n0, n1] = states[s];
        for (int bit = 0; bit < 2; ++bit) {
            int same = (bit ? n1 : n0) + 1;
            int other = faded(bit ? n0 : n1);
            while (!exists(same, other)) --(same > other + 1 ? same : other);
            next[s][static_cast<std::size_t>(bit)] = bit ? number[other][same][1] : number[same][other][0];
        }
        n_seen[s] = static_cast<std::uint8_t>(n0 + n1);
        prior[s] = ((3 * n1 + 1) << 22) / (3 * (n0 + n1) + 2);
    }
}

}  // namespace codelength
