// The longest recent occurrence of what was just seen, and what followed it. docs/format.md, section 4.5.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "contexts.hpp"
#include "counters.hpp"
#include "lanes.hpp"
#include "slots.hpp"

namespace codelength::CODELENGTH_ISA {

// The repetition that a lane follows. Positions count from the start of the segment.
struct Match {
    static constexpr std::uint32_t longest = 65535;

    std::uint32_t at = 0;                // this symbol is expected next
    std::uint32_t length = 0;            // symbols before it that agree; 0 for no match
    std::uint32_t* entry = nullptr;      // of the table, for the next look

    std::uint32_t expected(const std::uint8_t* segment) const { return length > 0 ? segment[at] : 256u; }
    // 0 for none, to 31
    int bucket() const {
        if (length < 16) return static_cast<int>(length);
        if (length < 32) return static_cast<int>(16 + (length - 16) / 4);
        if (length < 64) return static_cast<int>(20 + (length - 32) / 8);
        return static_cast<int>(24 + (std::min(length, 511u) - 64) / 64);
    }
};

class MatchModel {
public:
    MatchModel(std::uint32_t min_length, int table_bits)
        : min_length_(min_length), shift_(32 - table_bits), table_(std::size_t{1} << table_bits) {
        for (int c = 0; c < 64; ++c) map_[c] = fresh(c & 1 ? p_max - p_max / 16 : p_max / 16);
    }

    // First half of find(): which entry of the table will be wanted, so that memory can answer in time.
    void prepare(Match& match, const Features& f) {
        const int n_more = 8 * (static_cast<int>(min_length_) - 4);  // bits of the hash beyond the last four symbols
        match.entry = &table_[hashed(f.last4, f.last8 & ((1u << n_more) - 1)) >> shift_];
        prefetch(match.entry);
    }

    // Follows the match, or looks for one, and notes where this lane is. f.n > 0 symbols of the lane, which begins at
    // `start`, are known.
    void find(Match& match, const std::uint8_t* segment, std::uint32_t start, const Features& f, const Lanes& lanes,
              const Frontier& frontier) {
        const std::uint32_t n = f.n, here = start + n;
        if (match.length > 0 && segment[match.at] == segment[here - 1]) {
            ++match.at;
            match.length = frontier.knows(match.at) ? std::min(match.length + 1, Match::longest) : 0;
        } else {
            match.length = 0;
        }
        if (n < min_length_) return;
        if (match.length == 0 && *match.entry > 0 && frontier.knows(*match.entry)) {
            match.at = *match.entry;
            const std::uint32_t most = std::min({400u, match.at - lanes.start_of(match.at), n});
            while (match.length < most && segment[match.at - 1 - match.length] == segment[here - 1 - match.length])
                ++match.length;
            if (match.length < min_length_) match.length = 0;
        }
        *match.entry = here;
    }

    // Writes two inputs: log odds, and how far the probability is from 1/2.
    void predict(Match& match, const std::uint8_t* segment, int n_bits, std::int32_t* x) {
        context_ = -1;
        x[0] = x[1] = 0;
        if (match.length == 0) return;
        const std::uint32_t symbol = segment[match.at];
        bit_ = static_cast<int>(symbol >> (7 - n_bits) & 1);
        context_ = match.bucket() * 2 + bit_;
        const int p = probability16(map_[context_]);
        x[0] = stretch(p);
        x[1] = (p - 32768) >> 4;
    }

    void learn(Match& match, int bit) {
        if (context_ < 0) return;
        map_[context_] = learned(map_[context_], bit);
        if (bit != bit_) match.length = 0;
    }

    std::int32_t& map(int i) { return map_[i]; }
    std::int32_t map(int i) const { return map_[i]; }

private:
    const std::uint32_t min_length_;
    const int shift_;
    std::vector<std::uint32_t> table_;  // where each hash was last seen; 0 for never
    std::int32_t map_[64];
    int context_ = -1;
    int bit_ = 0;
};

}  // namespace codelength::CODELENGTH_ISA
