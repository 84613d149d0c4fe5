// The longest recent occurrence of what was just seen, and what followed it. docs/format.md, section 4.4.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "contexts.hpp"
#include "counters.hpp"
#include "slots.hpp"

namespace codelength::CODELENGTH_ISA {

class MatchModel {
public:
    static constexpr std::uint32_t longest = 65535;

    MatchModel(std::uint32_t min_length, int table_bits)
        : min_length_(min_length), shift_(32 - table_bits), table_(std::size_t{1} << table_bits) {
        for (int c = 0; c < 64; ++c) map_[c] = fresh(c & 1 ? p_max - p_max / 16 : p_max / 16);
    }

    // First half of find(): which entry of the table will be wanted, so that memory can answer in time.
    void prepare(const Features& f) {
        const int n_more = 8 * (static_cast<int>(min_length_) - 4);  // bits of the hash beyond the last four symbols
        entry_ = &table_[hashed(f.last4, f.last8 & ((1u << n_more) - 1)) >> shift_];
        prefetch(entry_);
    }

    // After the symbol history[n - 1], and prepare(): follows the match, or looks for one.
    void find(const std::uint8_t* history, const Features& f) {
        const std::uint32_t n = f.n;
        if (length_ > 0 && history[at_] == history[n - 1]) {
            ++at_;
            length_ = std::min(length_ + 1, longest);
        } else {
            length_ = 0;
        }
        if (n < min_length_) return;
        if (length_ == 0 && *entry_ > 0) {
            at_ = *entry_;
            while (length_ < 400 && length_ < at_ && history[at_ - 1 - length_] == history[n - 1 - length_]) ++length_;
            if (length_ < min_length_) length_ = 0;
        }
        *entry_ = n;
    }

    std::uint32_t length() const { return length_; }
    std::uint32_t expected(const std::uint8_t* history) const { return length_ > 0 ? history[at_] : 256u; }
    // 0 for none, to 31
    int bucket() const {
        const std::uint32_t l = length_;
        if (l < 16) return static_cast<int>(l);
        if (l < 32) return static_cast<int>(16 + (l - 16) / 4);
        if (l < 64) return static_cast<int>(20 + (l - 32) / 8);
        return static_cast<int>(24 + (std::min(l, 511u) - 64) / 64);
    }

    // Writes two inputs: log odds, and how far the probability is from 1/2. c0: the bits of this symbol so far, after a 1.
    void predict(const std::uint8_t* history, std::uint32_t c0, int n_bits, std::int32_t* x) {
        context_ = -1;
        x[0] = x[1] = 0;
        if (length_ == 0) return;
        const std::uint32_t symbol = history[at_];
        if ((symbol | 256u) >> (8 - n_bits) != c0) {
            length_ = 0;
            return;
        }
        bit_ = static_cast<int>(symbol >> (7 - n_bits) & 1);
        context_ = bucket() * 2 + bit_;
        const int p = probability16(map_[context_]);
        x[0] = stretch(p);
        x[1] = (p - 32768) >> 4;
    }

    void learn(int bit) {
        if (context_ < 0) return;
        map_[context_] = learned(map_[context_], bit);
        if (bit != bit_) length_ = 0;
    }

private:
    const std::uint32_t min_length_;
    const int shift_;
    std::vector<std::uint32_t> table_;  // where each hash was last seen; 0 for never
    std::uint32_t* entry_ = nullptr;
    std::uint32_t at_ = 0;              // history[at_] is expected next
    std::uint32_t length_ = 0;
    std::int32_t map_[64];
    int context_ = -1;
    int bit_ = 0;
};

}  // namespace codelength::CODELENGTH_ISA
