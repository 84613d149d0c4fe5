// Phrases: what often came next in the documents of training. docs/format.md, section 6.3.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace codelength {

struct NetworkTensor;

inline constexpr std::size_t n_phrase_contexts = 3, n_phrase_strengths = 32;
// One for each context, strength, number of bits so far and bit.
inline constexpr std::size_t n_phrase_probabilities = n_phrase_contexts * n_phrase_strengths * 8 * 2;

class PhraseTable {
public:
    static constexpr std::size_t line_bytes = 64, line_entries = 21;

    struct alignas(64) Line {
        std::uint16_t tags[line_entries];  // check and strength; 0 for no entry
        std::uint8_t symbols[line_entries];
    };

    // lines: a power of two of them, at least 2, as they lie in a model file.
    explicit PhraseTable(std::span<const std::uint8_t> lines);

    static std::uint32_t check(std::uint32_t hash) { return (hash & 2047) ? hash & 2047 : 1; }
    const Line& line(std::uint32_t hash) const { return lines_[hash >> shift_]; }
    Line& line(std::uint32_t hash) { return lines_[hash >> shift_]; }

    // Number of the entry in the hash's line; line_entries for none.
    std::size_t find(std::uint32_t hash) const {
        const Line& here = line(hash);
        const std::uint32_t wanted = check(hash);
        std::size_t i = 0;
        while (i < line_entries && here.tags[i] >> 5 != static_cast<int>(wanted)) ++i;
        return i;
    }

    std::size_t n_lines() const { return lines_.size(); }
    std::vector<std::uint8_t> bytes() const;  // as in a model file

private:
    std::vector<Line> lines_;
    int shift_;
};

// The tensor phrases of a model file; null if there is none. Throws BadNetwork.
std::unique_ptr<const PhraseTable> read_phrases(const std::vector<NetworkTensor>& tensors);

// Learns n_lines (a power of two, at least 2) from documents of text; the same whatever n_threads is.
// Throws std::invalid_argument.
PhraseTable learn_phrases(std::span<const std::span<const std::uint8_t>> documents, std::size_t n_lines, int n_threads);

}  // namespace codelength
