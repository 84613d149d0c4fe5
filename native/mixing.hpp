// The mixing predictor: contexts, their bit histories, the match, one or two layers of mixing, a final map.
// docs/format.md, section 4. Source: Mahoney, the PAQ series (2002-2010).
#pragma once
#include <memory>

#include "match.hpp"
#include "mixer.hpp"
#include "profile.hpp"
#include "slots.hpp"

namespace codelength::CODELENGTH_ISA {

// N: contexts, order 1 included. Two layers of mixing where `deep`, else one mixer.
template <int N, bool deep>
class MixingPredictor {
public:
    MixingPredictor(const Profile& profile, Kind kind, std::uint32_t stride, std::size_t n_symbols)
        : textual_(is_textual(kind)),
          contexts_(contexts_of(kind)),
          features_(kind, stride),
          match_(profile.min_match, match_bits(n_symbols)),
          table_(profile.line_bits(n_symbols)),
          order1_(std::make_unique<std::uint8_t[]>(256 * order1_row)),
          by_match_(5 * 8 * 8, initial_weights()),
          by_bits_(deep ? 256 : 0, initial_weights()),
          by_symbol_(deep ? 256 : 0, initial_weights()),
          by_place_(deep ? 512 : 0, initial_weights()),
          last_(deep ? 256 : 0, {16384, 16384, 16384, 16384}),
          apm_(65536) {
        x_[bank_width + 2] = 256;
    }

    // Probability of a one, in 1/65536, 1..65535. history: the symbols so far.
    int predict(const std::uint8_t* history) {
        if (n_bits_ == 0 && c0_ == 1 && !started_) begin_symbol(history);
        apm_.select(features_.newest() << 8 | c0_);
        bank_.predict(node_, x_);
        match_.predict(history, c0_, n_bits_, x_ + bank_width);
        int seen = 0;
        for (int i = 2; i < std::min(N, 7); ++i) seen += bank_.state(i) != 0;
        const std::uint32_t l = match_.length();
        const int long_match = l == 0 ? 0 : l < 16 ? 1 + static_cast<int>(l / 4 > 1) : l < 32 ? 3 : 4;
        int mixed_x = by_match_.mix(x_, (long_match * 8 + seen) * 8 + n_bits_);
        if constexpr (deep) {
            y_[0] = mixed_x;
            y_[1] = by_bits_.mix(x_, static_cast<int>(c0_));
            y_[2] = by_symbol_.mix(x_, static_cast<int>(features_.newest()));
            y_[3] = by_place_.mix(x_, place_ * 8 + n_bits_);
            mixed_x = last_.mix(y_, static_cast<int>(c0_));
        }
        const int p = std::clamp((squash(mixed_x) + apm_.refine(mixed_x) + 1) >> 1, 1, 65535);
        if (n_bits_ == 3) {  // fetch the slots of the second half that the likelier bit leads to
            const std::uint32_t guess = c0_ << 1 | (p >= 32768);
            for (int i = 1; i < N; ++i) prefetch(table_.line(hashes_[i], guess));
        }
        return p;
    }

    // After a bit. `history` holds the symbol that this bit may have completed.
    void learn(int bit) {
        bank_.learn(node_, bit);
        match_.learn(bit);
        by_match_.learn(x_, bit, rate_);
        if constexpr (deep) {
            by_bits_.learn(x_, bit, rate_);
            by_symbol_.learn(x_, bit, rate_);
            by_place_.learn(x_, bit, rate_);
            last_.learn(y_, bit, last_rate);
        }
        apm_.learn(bit);
        c0_ = c0_ << 1 | static_cast<std::uint32_t>(bit);
        node_ = node_ << 1 | bit;
        ++n_bits_;
        if (n_bits_ == 4) point_slots(c0_);
    }

    // After eight bits: the symbol is history[n - 1].
    void end_symbol(const std::uint8_t* history) {
        features_.add(c0_ & 255);
        begin_symbol(history);
    }

private:
    static constexpr int bank_width = HistoryBank<N>::width;
    static constexpr int width = bank_width + lanes;  // the match (2), the bias (1), zeros
    static constexpr int last_rate = 48;
    static constexpr std::size_t order1_row = 17 * 16;  // a slot for the first half of a symbol, 16 for the second

    // Equal weights for the contexts and the match, none for the rest.
    static constexpr std::array<std::int32_t, width> initial_weights() {
        std::array<std::int32_t, width> w{};
        for (int i = 0; i <= bank_width; ++i) w[static_cast<std::size_t>(i)] = i < N || i == bank_width ? 160000 / N : 0;
        return w;
    }
    static int match_bits(std::size_t n) { return std::clamp(static_cast<int>(std::bit_width(n)), 10, 20); }

    void begin_symbol(const std::uint8_t* history) {
        started_ = true;
        c0_ = 1;
        n_bits_ = 0;
        // Addresses first and contents later: the cache misses of all contexts and of the match overlap.
        match_.prepare(features_);
        hash_contexts(history, false);
        if (features_.n > 0) match_.find(history, features_);
        features_.expected = match_.expected(history);
        features_.match_length = match_.length();
        hash_contexts(history, true);
        point_slots(1);
        place_ = place();
        rate_ = 16 + static_cast<int>(192 * 16384 / (16384 + static_cast<std::uint64_t>(features_.n)));
    }

    void hash_contexts(const std::uint8_t* history, bool after_match) {
        for (int i = 1; i < N; ++i) {
            const Context context = contexts_[static_cast<std::size_t>(i - 1)];
            if (needs_match(context) != after_match) continue;
            hashes_[i] = features_.hash(context, history);
            prefetch(table_.line(hashes_[i], 1));
        }
    }

    // Points the bank at the histories for the next four bits.
    void point_slots(std::uint32_t high) {
        bank_.slot[0] = order1_.get() + features_.newest() * order1_row + (high > 1 ? 16 + 16 * (high & 15) : 0);
        for (int i = 1; i < N; ++i)
            bank_.slot[i] = SlotTable::slot(table_.line(hashes_[i], high), SlotTable::check(hashes_[i], high));
        node_ = 1;
    }

    // 0..63: where in a word, or in a row
    int place() const {
        if (textual_)
            return static_cast<int>(std::min(features_.word_length, 7u) * 8 + symbol_class(features_.newest()));
        return static_cast<int>(features_.stride ? features_.n % features_.stride & 63 : features_.n & 3);
    }

    const bool textual_;
    const ContextList& contexts_;
    Features features_;
    MatchModel match_;
    SlotTable table_;
    std::unique_ptr<std::uint8_t[]> order1_;
    HistoryBank<N> bank_;
    Mixer<width> by_match_, by_bits_, by_symbol_, by_place_;
    Mixer<lanes> last_;
    Apm apm_;

    alignas(32) std::int32_t x_[width] = {};  // inputs of the mixers
    alignas(32) std::int32_t y_[lanes] = {};  // their outputs
    std::uint32_t hashes_[N] = {};
    std::uint32_t c0_ = 1;  // the bits of this symbol so far, after a 1
    int n_bits_ = 0;
    int node_ = 1;          // the same within the half symbol
    int place_ = 0;
    int rate_ = 0;
    bool started_ = false;
};

}  // namespace codelength::CODELENGTH_ISA
