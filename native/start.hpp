// What a mixing predictor starts from, where training has shown what is usual. docs/format.md, section 6.6.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "phrases.hpp"

namespace codelength {

struct Start {
    std::vector<std::uint16_t> histories;  // probabilities of the states of each context: (contexts, 256)
    std::vector<std::uint16_t> match;      // (64)
    std::vector<std::uint16_t> phrases;    // (n_phrase_probabilities)
    std::vector<std::int16_t> weights;     // of the mixers before the last, in 1/4096: (n_sets, contexts + n_more_inputs)
    std::vector<std::int16_t> last;        // of the last mixer: (256, n_last_inputs)

    static constexpr std::size_t n_sets = 320 + 256 + 256 + 512 + 200, n_more_inputs = 9, n_last_inputs = 6;

    // How settled the probabilities are: less than they really are, so that they follow the content at hand; and how many
    // symbols the mixers have seen, likewise.
    std::int32_t settled = 320;
    std::uint64_t n_symbols = 0;
};

// The mean of what was learned at several times: less noise than at any of them.
class MeanStart {
public:
    void add(const Start& start);
    Start mean() const;

private:
    std::int64_t n_ = 0;
    std::array<std::vector<std::int64_t>, 5> sums_;
};

using Starts = std::map<std::pair<int, int>, Start>;  // by predictor and kind of text

}  // namespace codelength
