// What phrases say about the next bit. docs/format.md, section 6.3.
#pragma once
#include <cstdint>

#include "contexts.hpp"
#include "counters.hpp"
#include "phrases.hpp"
#include "slots.hpp"

namespace codelength::CODELENGTH_ISA {

inline constexpr Context phrase_contexts[n_phrase_contexts] = {Context::words2, Context::order6, Context::words3};

class PhraseModel {
public:
    explicit PhraseModel(const PhraseTable* table) : table_(table) {
        for (std::size_t i = 0; i < n_phrase_probabilities; ++i) {
            const auto p = static_cast<std::int32_t>((i >> 4 & 7) + 8) << 18;
            map_[i] = fresh(i & 1 ? p : (1 << 22) - p);
        }
    }

    // The hashes of a lane's next symbol. Early, so that memory can answer in time.
    void prepare(const Features& features, std::uint32_t* hashes) const {
        if (!table_) return;
        for (std::size_t t = 0; t < n_phrase_contexts; ++t) {
            hashes[t] = features.hash(phrase_contexts[t], nullptr);
            prefetch(&table_->line(hashes[t]));
        }
    }

    void begin(const std::uint32_t* hashes) {
        if (!table_) return;
        for (std::size_t t = 0; t < n_phrase_contexts; ++t) {
            const std::size_t entry = table_->find(hashes[t]);
            const PhraseTable::Line& line = table_->line(hashes[t]);
            expected_[t] = none;
            if (entry == PhraseTable::line_entries) continue;
            expected_[t] = 256u | line.symbols[entry];
            first_[t] = (t * n_phrase_strengths + (line.tags[entry] & 31u)) * 16;
        }
    }

    // Writes an input for each context. c0: the n_bits of this symbol so far, after a 1.
    void predict(std::uint32_t c0, int n_bits, std::int32_t* x) {
        for (std::size_t t = 0; t < n_phrase_contexts; ++t) {
            x[t] = 0;
            if (expected_[t] >> (8 - n_bits) != c0) {
                expected_[t] = none;
                continue;
            }
            where_[t] = first_[t] + static_cast<std::size_t>(n_bits) * 2 + (expected_[t] >> (7 - n_bits) & 1);
            x[t] = stretch(probability16(map_[where_[t]]));
        }
    }

    void learn(int bit) {
        for (std::size_t t = 0; t < n_phrase_contexts; ++t)
            if (expected_[t] != none) map_[where_[t]] = learned(map_[where_[t]], bit);
    }

    std::int32_t& map(std::size_t i) { return map_[i]; }
    std::int32_t map(std::size_t i) const { return map_[i]; }

private:
    static constexpr std::uint32_t none = 0;  // no shift of it is a c0

    const PhraseTable* const table_;
    std::int32_t map_[n_phrase_probabilities];
    std::uint32_t expected_[n_phrase_contexts] = {};  // the symbol after a 1, or none
    std::size_t first_[n_phrase_contexts] = {}, where_[n_phrase_contexts] = {};
};

}  // namespace codelength::CODELENGTH_ISA
