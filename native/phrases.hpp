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
    static constexpr std::size_t line_bytes = 64, line_entries = 21, most_lines = std::size_t{1} << 24;

    struct alignas(64) Line {
        std::uint16_t tags[line_entries];  // check and strength; 0 for no entry
        std::uint8_t symbols[line_entries];
    };

    // Throws std::invalid_argument unless there are a power of two, 2 .. most_lines.
    static void check_lines(std::size_t n_lines);

    // As they lie in a model file. Throws as check_lines.
    explicit PhraseTable(std::span<const std::uint8_t> lines);

    // Always inlined, as in tables.hpp.
    [[gnu::always_inline]] static std::uint32_t check(std::uint32_t hash) { return (hash & 2047) ? hash & 2047 : 1; }
    [[gnu::always_inline]] const Line& line(std::uint32_t hash) const { return lines_[hash >> shift_]; }
    Line& line(std::uint32_t hash) { return lines_[hash >> shift_]; }

    // Number of the entry in the hash's line; line_entries for none.
    [[gnu::always_inline]] std::size_t find(std::uint32_t hash) const {
        const Line& here = line(hash);
        const std::uint32_t wanted = check(hash);
        std::size_t i = 0;
        while (i < line_entries && here.tags[i] >> 5 != static_cast<int>(wanted)) ++i;
        return i;
    }

    std::size_t n_lines() const { return lines_.size(); }
    std::vector<std::uint8_t> bytes() const;  // as in a model file

private:
    static_assert(sizeof(Line) == line_bytes);
    std::vector<Line> lines_;
    int shift_;
};

// The tensor phrases of a model file; null if there is none. Throws BadNetwork.
std::unique_ptr<const PhraseTable> read_phrases(const std::vector<NetworkTensor>& tensors);

// Learns n_lines from at most 65,536 documents of text; the same whatever n_threads is. Throws std::invalid_argument.
PhraseTable learn_phrases(std::span<const std::span<const std::uint8_t>> documents, std::size_t n_lines, int n_threads);

}  // namespace codelength
