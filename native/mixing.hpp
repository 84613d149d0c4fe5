// The mixing predictor: contexts, their bit histories, the match, one or two layers of mixing, a final map;
// beside a network, its forecast and phrases.
// docs/format.md, sections 4 and 6. Source: Mahoney, the PAQ series (2002-2010).
#pragma once
#include <memory>

#include "forecast.hpp"
#include "match.hpp"
#include "mixer.hpp"
#include "phrase_model.hpp"
#include "profile.hpp"
#include "slots.hpp"
#include "start.hpp"

namespace codelength::CODELENGTH_ISA {

// N: contexts, order 1 included. Two layers of mixing where `deep`, else one mixer. A network's forecast and phrases are
// inputs, and the forecast selects weights, where `networked`.
template <int N, bool deep, bool networked>
class MixingPredictor {
public:
    // lanes: how the segment is divided. start: null for the values of sections 4 and 6.4. phrases: null for none.
    MixingPredictor(const Profile& profile, Kind kind, std::uint32_t stride, std::size_t n_symbols, const Lanes& lanes,
                    [[maybe_unused]] const Start* start, [[maybe_unused]] const PhraseTable* phrases)
        : textual_(is_textual(kind)),
          contexts_(contexts_of(kind, profile.most_lanes > 1)),
          lanes_(lanes),
          frontier_(lanes),
          match_(profile.min_match, match_bits(n_symbols)),
          table_(profile.line_bits(n_symbols)),
          order1_(std::make_unique<std::uint8_t[]>(256 * order1_row)),
          by_match_(5 * 8 * 8, initial_weights()),
          by_bits_(deep ? 256 : 0, initial_weights()),
          by_symbol_(deep ? 256 : 0, initial_weights()),
          by_place_(deep ? 512 : 0, initial_weights()),
          by_forecast_(networked ? 25 * 8 : 0, initial_weights()),
          last_(deep ? 256 : 0, initial_last()),
          apm_(65536),
          forecast_apm_(networked ? 65536 : 0),
          pair_apm_(networked ? 1 << pair_apm_bits : 0),
          phrases_(networked ? phrases : nullptr) {
        if constexpr (networked) {
            if (start) begin_from(*start);
        }
        states_.reserve(lanes.count);
        for (std::uint32_t i = 0; i < lanes.count; ++i) {
            states_.emplace_back(kind, stride, followers_, i, lanes.start(i));
            prepare(states_.back());
        }
    }

    const Lanes& lanes() const { return lanes_; }

    // What the symbols so far would have cost by the network's forecasts alone; 0 without one.
    std::uint64_t forecast_length_bits() const { return forecast_length_ >> 12; }

    // Before a symbol of a lane. segment: all symbols so far, in their places. frequencies: 256 from the network.
    void begin_symbol(std::uint32_t lane, const std::uint8_t* segment, const std::uint32_t* frequencies) {
        here_ = &states_[lane];
        segment_ = segment;
        Features& f = here_->features;
        frontier_.move(f.n, lane);
        c0_ = 1;
        n_bits_ = 0;
        if (f.n > 0) match_.find(here_->match, segment, here_->start, f, lanes_, frontier_);
        f.expected = here_->match.expected(segment);
        f.match_length = here_->match.length;
        if constexpr (networked) {
            forecast_.begin(frequencies);
            phrases_.begin(here_->phrase_hashes);
        }
        hash_contexts(*here_, true);
        point_slots(1);
        place_ = place();
        rate_ = 16 + static_cast<int>(192 * 16384 / (16384 + n_symbols_));
    }

    // Probability of a one, in 1/65536, 1..65535.
    int predict() {
        const Features& f = here_->features;
        apm_.select(f.newest() << 8 | c0_);
        bank_.predict(node_, x_);
        match_.predict(here_->match, segment_, n_bits_, x_ + N);
        x_[N + 2] = 256;
        if constexpr (networked) {
            pair_apm_.select(hashed(f.last4 & 0xFFFF, c0_) >> (32 - pair_apm_bits));
            predict_from_forecast();
            phrases_.predict(c0_, n_bits_, x_ + forecast_at + 3);
        }
        int seen = 0;
        for (int i = 2; i < std::min(N, 7); ++i) seen += bank_.state(i) != 0;
        const std::uint32_t l = here_->match.length;
        const int long_match = l == 0 ? 0 : l < 16 ? 1 + static_cast<int>(l / 4 > 1) : l < 32 ? 3 : 4;
        int mixed_x = by_match_.mix(x_, (long_match * 8 + seen) * 8 + n_bits_);
        if constexpr (deep) {
            y_[0] = mixed_x;
            y_[1] = by_bits_.mix(x_, static_cast<int>(c0_));
            y_[2] = by_symbol_.mix(x_, static_cast<int>(f.newest()));
            y_[3] = by_place_.mix(x_, place_ * 8 + n_bits_);
            if constexpr (networked) {
                y_[4] = by_forecast_.mix(x_, (x_[forecast_at] + stretch_max) / 256 * 8 + n_bits_);
                y_[5] = x_[forecast_at];
            }
            mixed_x = last_.mix(y_, static_cast<int>(c0_));
        }
        int refined = squash(mixed_x) + apm_.refine(mixed_x);
        if constexpr (networked) refined = (refined + squash(mixed_x) + pair_apm_.refine(mixed_x)) >> 1;
        const int p = std::clamp((refined + 1) >> 1, 1, 65535);
        if (n_bits_ == 3) {  // fetch the slots of the second half that the likelier bit leads to
            const std::uint32_t guess = c0_ << 1 | (p >= 32768);
            for (int i = 1; i < N; ++i) prefetch(table_.line(here_->hashes[i], guess));
        }
        return p;
    }

    // After a bit.
    void learn(int bit) {
        bank_.learn(node_, bit);
        match_.learn(here_->match, bit);
        by_match_.learn(x_, bit, rate_);
        if constexpr (deep) {
            by_bits_.learn(x_, bit, rate_);
            by_symbol_.learn(x_, bit, rate_);
            by_place_.learn(x_, bit, rate_);
            if constexpr (networked) by_forecast_.learn(x_, bit, rate_);
            last_.learn(y_, bit, last_rate);
        }
        apm_.learn(bit);
        if constexpr (networked) {
            pair_apm_.learn(bit);
            forecast_apm_.learn(bit);
            forecast_.learn(bit);
            phrases_.learn(bit);
        }
        c0_ = c0_ << 1 | static_cast<std::uint32_t>(bit);
        node_ = node_ << 1 | bit;
        ++n_bits_;
        if (n_bits_ == 4) point_slots(c0_);
    }

    // After eight bits, which stand in `segment` now.
    void end_symbol(const std::uint8_t* segment) {
        segment_ = segment;
        here_->features.add(c0_ & 255);
        ++n_symbols_;
        if constexpr (networked) forecast_length_ += forecast_.length();
        prepare(*here_);
    }

    // What it has learned, for others to start from.
    Start learned() const {
        static_assert(networked);
        Start s;
        for (int i = 0; i < N; ++i)
            for (int state = 0; state < 256; ++state)
                s.histories.push_back(static_cast<std::uint16_t>(probability16(bank_.map(i, state))));
        for (int i = 0; i < 64; ++i) s.match.push_back(static_cast<std::uint16_t>(probability16(match_.map(i))));
        for (std::size_t i = 0; i < n_phrase_probabilities; ++i)
            s.phrases.push_back(static_cast<std::uint16_t>(probability16(phrases_.map(i))));
        for (const auto* mixer : {&by_match_, &by_bits_, &by_symbol_, &by_place_, &by_forecast_})
            for (int set = 0; set < mixer->n_sets(); ++set)
                for (int i = 0; i < n_inputs; ++i) s.weights.push_back(short_weight(mixer->weights(set)[i]));
        for (int set = 0; set < last_.n_sets(); ++set)
            for (std::size_t i = 0; i < Start::n_last_inputs; ++i)
                s.last.push_back(short_weight(last_.weights(set)[i]));
        return s;
    }

private:
    // After the contexts: the match (2), the constant (1), the forecast (3), phrases (3).
    static constexpr int forecast_at = N + 3;
    static constexpr int n_inputs = networked ? N + static_cast<int>(Start::n_more_inputs) : forecast_at;
    static constexpr int width = (n_inputs + vec_size - 1) / vec_size * vec_size;
    static_assert(n_inputs - forecast_at == (networked ? 3 + static_cast<int>(n_phrase_contexts) : 0));
    static constexpr int last_rate = 48;
    static constexpr int pair_apm_bits = 16;
    static constexpr std::size_t order1_row = 17 * 16;  // a slot for the first half of a symbol, 16 for the second

    // What is kept between two symbols of a lane.
    struct Lane {
        Lane(Kind kind, std::uint32_t stride, Followers& followers, std::uint32_t number, std::uint32_t start)
            : features(kind, stride, number, followers), start(start) {}
        Features features;
        Match match;
        std::uint32_t start;  // of its symbols in the segment
        std::uint32_t hashes[N] = {};
        std::uint32_t phrase_hashes[n_phrase_contexts] = {};
    };

    static std::int16_t short_weight(std::int32_t w) { return static_cast<std::int16_t>(std::max(w >> 4, -32767)); }

    // Equal weights for the contexts and the match, none for the rest.
    static constexpr std::array<std::int32_t, width> initial_weights() {
        std::array<std::int32_t, width> w{};
        const int each = (networked ? 40000 : 160000) / N;
        for (int i = 0; i <= N; ++i) w[static_cast<std::size_t>(i)] = each;
        if (networked) w[forecast_at] = 40000;
        return w;
    }
    static constexpr std::array<std::int32_t, vec_size> initial_last() {
        if (networked) return {10000, 10000, 10000, 10000, 16384, 10000};
        return {16384, 16384, 16384, 16384};
    }
    static int match_bits(std::size_t n) { return std::clamp(static_cast<int>(std::bit_width(n)), 10, 20); }

    void predict_from_forecast() {
        const int odds = forecast_.log_odds();
        forecast_apm_.select(here_->features.newest() << 8 | c0_);
        x_[forecast_at] = odds;
        x_[forecast_at + 1] = (squash(odds) - 32768) >> 4;
        x_[forecast_at + 2] = stretch(forecast_apm_.refine(odds));
    }

    void begin_from(const Start& start) {
        std::size_t at = 0;
        for (int i = 0; i < N; ++i)
            for (int state = 0; state < 256; ++state) bank_.map(i, state) = settled(start.histories[at++], start.settled);
        for (int i = 0; i < 64; ++i) match_.map(i) = settled(start.match[static_cast<std::size_t>(i)], start.settled);
        for (std::size_t i = 0; i < n_phrase_probabilities; ++i) phrases_.map(i) = settled(start.phrases[i], start.settled);
        at = 0;
        for (auto* mixer : {&by_match_, &by_bits_, &by_symbol_, &by_place_, &by_forecast_})
            for (int set = 0; set < mixer->n_sets(); ++set)
                for (int i = 0; i < n_inputs; ++i) mixer->weights(set)[i] = start.weights[at++] * 16;
        at = 0;
        for (int set = 0; set < last_.n_sets(); ++set)
            for (std::size_t i = 0; i < Start::n_last_inputs; ++i) last_.weights(set)[i] = start.last[at++] * 16;
        n_symbols_ = start.n_symbols;
    }

    // Early: addresses first and contents later, so that the cache misses of all contexts and of the match overlap, with
    // each other and with what other lanes do meanwhile.
    void prepare(Lane& lane) {
        match_.prepare(lane.match, lane.features);
        hash_contexts(lane, false);
        if constexpr (networked) phrases_.prepare(lane.features, lane.phrase_hashes);
    }

    void hash_contexts(Lane& lane, bool after_match) {
        const std::uint8_t* symbols = segment_ ? segment_ + lane.start : nullptr;
        for (int i = 1; i < N; ++i) {
            const Context context = contexts_[static_cast<std::size_t>(i - 1)];
            if (needs_match(context) != after_match) continue;
            lane.hashes[i] = lane.features.hash(context, symbols);
            prefetch(table_.line(lane.hashes[i], 1));
        }
    }

    // Points the bank at the histories for the next four bits.
    void point_slots(std::uint32_t high) {
        bank_.slot[0] = order1_.get() + here_->features.newest() * order1_row + (high > 1 ? 16 + 16 * (high & 15) : 0);
        for (int i = 1; i < N; ++i) {
            const std::uint32_t hash = here_->hashes[i];
            bank_.slot[i] = SlotTable::slot(table_.line(hash, high), SlotTable::check(hash, high));
        }
        node_ = 1;
    }

    // 0..63: where in a word, or in a row
    int place() const {
        const Features& f = here_->features;
        if (textual_) return static_cast<int>(std::min(f.word_length, 7u) * 8 + symbol_class(f.newest()));
        return static_cast<int>(f.stride ? f.n % f.stride & 63 : f.n & 3);
    }

    const bool textual_;
    const ContextList& contexts_;
    const Lanes lanes_;
    Frontier frontier_;
    Followers followers_;
    std::vector<Lane> states_;
    MatchModel match_;
    SlotTable table_;
    std::unique_ptr<std::uint8_t[]> order1_;
    HistoryBank<N> bank_;
    Mixer<width> by_match_, by_bits_, by_symbol_, by_place_, by_forecast_;
    Mixer<vec_size> last_;
    Apm apm_, forecast_apm_, pair_apm_;
    Forecast forecast_;
    PhraseModel phrases_;

    alignas(32) std::int32_t x_[width] = {};  // inputs of the mixers
    alignas(32) std::int32_t y_[vec_size] = {};  // their outputs
    Lane* here_ = nullptr;                    // the lane of this symbol
    const std::uint8_t* segment_ = nullptr;
    std::uint64_t n_symbols_ = 0;  // of all lanes, and those that the start stands for
    std::uint64_t forecast_length_ = 0;  // in 1/4096 bit
    std::uint32_t c0_ = 1;       // the bits of this symbol so far, after a 1
    int n_bits_ = 0;
    int node_ = 1;               // the same within the half symbol
    int place_ = 0;
    int rate_ = 0;
};

}  // namespace codelength::CODELENGTH_ISA
