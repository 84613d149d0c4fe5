// What a prediction may depend on: features of the symbols seen so far, and the contexts made of them for each kind of
// content. docs/format.md, sections 3.2 and 4.4.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "simd.hpp"
#include "words.hpp"

namespace codelength {

// Text of a kind of its own (messages, ...) differs from other text in what a predictor with a network starts from.
enum class Kind : std::uint8_t { binary = 0, text = 1, words = 2, records = 3, messages = 4, programs = 5, tables = 6, logs = 7 };
inline constexpr int n_kinds = 8;
inline constexpr Kind text_kinds[] = {Kind::text, Kind::messages, Kind::programs, Kind::tables, Kind::logs};
inline bool is_text(Kind kind) { return kind == Kind::text || kind >= Kind::messages; }
inline bool is_textual(Kind kind) { return is_text(kind) || kind == Kind::words; }
// Whether a predictor with a network, or without, takes this kind.
inline bool serves(bool networked, Kind kind) { return networked ? is_text(kind) : kind <= Kind::records; }

}  // namespace codelength

namespace codelength::CODELENGTH_ISA {

[[gnu::always_inline]] inline std::uint32_t mixed(std::uint32_t h) {
    h ^= h >> 16;
    h *= 0x7FEB352Du;
    h ^= h >> 15;
    h *= 0x846CA68Bu;
    return h ^ h >> 16;
}
[[gnu::always_inline]] inline std::uint32_t hashed(std::uint32_t a, std::uint32_t b) {
    return mixed(a * 0x9E3779B1u + mixed(b + 0x85EBCA6Bu));
}

// Classes of symbols that behave alike.
inline std::uint32_t symbol_class(std::uint32_t c) {
    if (c >= 'a' && c <= 'z') return 0;
    if (c >= 'A' && c <= 'Z') return 1;
    if (c >= '0' && c <= '9') return 2;
    if (c == ' ') return 3;
    if (c == '\n' || c == '\r') return 4;
    if (c >= 128) return 5;
    return c < 32 ? 6 : 7;
}

enum class Context : std::uint8_t {
    order2, order3, order4, order5, order6, order8,
    word, words2, word_skip, words3, skip1, skip2, sparse13,
    match, match1, shape8, shape4, column1, above1, above_column, indirect1, indirect2, punctuation2, coarse6, word_match,
    row1, row2, row1_left, row1_column, column_left, rows_left, sparse2, sparse4, sparse24, aligned1, aligned2, indirect12,
    // Of one lane alone: what it read a moment ago is worth more than what others read elsewhere.
    own_order2, own_order3, own_order4, own_order6, own_word, own_words2,
};

// Contexts that need the match of the coming symbol.
constexpr bool needs_match(Context c) { return c == Context::match || c == Context::match1 || c == Context::word_match; }

// What followed what in a segment: the last two symbols after each symbol and after each pair of symbols. All lanes share
// it.
struct Followers {
    std::array<std::uint16_t, 256> of1{};
    std::vector<std::uint16_t> of2 = std::vector<std::uint16_t>(65536);
};

// The history of a lane, one symbol at a time.
struct Features {
    Features(Kind kind, std::uint32_t stride, std::uint32_t lane, Followers& followers)
        : kind(kind), stride(stride), lane(lane), followers(followers) {}

    const Kind kind;
    const std::uint32_t stride;         // bytes a row, 0 if there are no rows
    const std::uint32_t lane;           // its number
    std::uint32_t n = 0;                // symbols seen
    std::uint32_t last4 = 0, last8 = 0; // the last four symbols, and the four before them; the newest in the low byte
    std::uint32_t word = 0, word1 = 0, word2 = 0;  // hashes of the current word, of the last and of the one before
    std::uint32_t word_length = 0;
    std::uint32_t column = 0;           // bytes since the last line feed
    std::uint32_t line = 0, line1 = 0;  // where this line and the last begin
    std::uint32_t shape = 0;            // classes of the last ten symbols, three bits each
    std::uint32_t punctuation = 0;      // the last symbol of class 7
    std::uint32_t expected = 256;       // what the match predicts, 256 for nothing (set by the predictor)
    std::uint32_t match_length = 0;
    Followers& followers;

    std::uint32_t newest() const { return last4 & 255; }

    // history[n] is the symbol c.
    void add(std::uint32_t c) {
        const std::uint32_t before1 = last4 & 255, before2 = last4 & 0xFFFF;
        if (n > 0) {
            followers.of1[before1] = static_cast<std::uint16_t>(followers.of1[before1] << 8 | c);
            followers.of2[before2] = static_cast<std::uint16_t>(followers.of2[before2] << 8 | c);
        }
        last8 = last8 << 8 | last4 >> 24;
        last4 = last4 << 8 | c;
        ++n;
        const std::uint32_t lower = c >= 'A' && c <= 'Z' ? c + 32 : c;
        if ((lower >= 'a' && lower <= 'z') || c >= 128) {
            word = (word + lower + 1) * 0x2F0B4C47u;
            ++word_length;
        } else if (word_length > 0) {
            word2 = word1;
            word1 = word;
            word = word_length = 0;
        }
        const std::uint32_t cls = symbol_class(c);
        shape = shape << 3 | cls;
        if (cls == 7) punctuation = c;
        if (kind == Kind::words) {
            expanded_.clear();
            expander_.expand(static_cast<std::uint8_t>(c), expanded_);
            column += static_cast<std::uint32_t>(expanded_.size());
        } else {
            ++column;
        }
        if (c == '\n') {
            column = 0;
            line1 = line;
            line = n;
        }
    }

    // Hash of a context. `history` holds n symbols.
    std::uint32_t hash(Context context, const std::uint8_t* history) const {
        const std::uint32_t c = newest(), c2 = last4 & 0xFFFF, c3 = last4 & 0xFFFFFF;
        const std::uint32_t col = column < 255 ? column : 255;
        const auto above = [&]() -> std::uint32_t { return line1 + (n - line) < line ? history[line1 + (n - line)] : 10; };
        const auto back = [&](std::uint32_t d) -> std::uint32_t { return d <= n && d > 0 ? history[n - d] : 0; };
        const std::uint32_t row = stride ? n % stride : 0;
        const auto h = [&](std::uint32_t a, std::uint32_t b) {
            return hashed(a + 0x51ED270Bu * (static_cast<std::uint32_t>(context) + 1), b);
        };
        switch (context) {
            case Context::order2: return h(c2, 0);
            case Context::order3: return h(c3, 0);
            case Context::order4: return h(last4, 0);
            case Context::order5: return h(last4, last8 & 0xFF);
            case Context::order6: return h(last4, last8 & 0xFFFF);
            case Context::order8: return h(last4, last8);
            case Context::word: return h(word, c);
            case Context::words2: return h(word + c, word1);
            case Context::word_skip: return h(word + c, word2);
            case Context::words3: return h(word + c, word1 * 7 + word2);
            case Context::skip1: return h(last4 & 0xFFFF00, 0);
            case Context::skip2: return h(last4 & 0xFFFF0000, 0);
            case Context::sparse13: return h(last4 & 0xFF00FF, 0);
            case Context::match: return h(expected, match_length < 31 ? match_length : 31);
            case Context::match1: return h(expected, c);
            case Context::shape8: return h(shape & 0xFFFFFF, 0);
            case Context::shape4: return h(shape & 0xFFF, c);
            case Context::column1: return h(col, c);
            case Context::above1: return h(above(), c);
            case Context::above_column: return h(above(), col);
            case Context::indirect1: return h(followers.of1[c], c);
            case Context::indirect2: return h(followers.of2[c2], c);
            case Context::indirect12: return h(followers.of1[c], followers.of2[c2]);
            case Context::punctuation2: return h(punctuation, c2);
            case Context::coarse6: return h(last4 & 0xF8F8F8F8, last8 & 0xF8F8);
            case Context::word_match: return h(word, expected);
            case Context::row1: return h(back(stride), row);
            case Context::row2: return h(back(stride) << 8 | back(2 * stride), 0);
            case Context::row1_left: return h(back(stride) << 8 | c, 0);
            case Context::row1_column: return h(back(stride) << 16 | c2, 0);
            case Context::column_left: return h(row, c);
            case Context::rows_left: return h(back(stride) << 8 | back(2 * stride), c << 8 | back(stride + 1));
            case Context::sparse2: return h(last4 & 0xFF00, 0);
            case Context::sparse4: return h(last4 & 0xFF000000, 0);
            case Context::sparse24: return h(last4 & 0xFF00FF00, 0);
            case Context::aligned1: return h(n & 3, c);
            case Context::aligned2: return h(n & 3, c2);
            case Context::own_order2: return hashed(hash(Context::order2, history), lane);
            case Context::own_order3: return hashed(hash(Context::order3, history), lane);
            case Context::own_order4: return hashed(hash(Context::order4, history), lane);
            case Context::own_order6: return hashed(hash(Context::order6, history), lane);
            case Context::own_word: return hashed(hash(Context::word, history), lane);
            case Context::own_words2: return hashed(hash(Context::words2, history), lane);
        }
        return 0;
    }

private:
    Expander expander_;
    std::vector<std::uint8_t> expanded_;
};

// Contexts in the order of their worth: a predictor takes the first ones. Order 1 comes before all of them.
inline constexpr std::size_t max_contexts = 31;
using ContextList = std::array<Context, max_contexts>;

namespace lists {
using enum Context;
inline constexpr ContextList text = {
    order2, order3, order4, order6, word, words2, match,
    column1, shape8, shape4, word_match, word_skip, match1, indirect2, above_column,
    skip1, punctuation2, sparse13, order5, words3, above1, indirect12, coarse6,
    skip2, indirect1, order8, sparse24, sparse2, aligned1, aligned2, sparse4};
inline constexpr ContextList lanes = {
    order2, order3, order4, order6, word, words2, match,
    column1, shape8, shape4, word_match, word_skip, indirect2,
    own_words2, own_order6, own_order4, own_order2, own_order3, own_word};
inline constexpr ContextList words = {
    order2, order3, order4, words2, word, skip1, shape8,
    match, column1, shape4, indirect2, word_skip, order6, word_match, indirect12,
    match1, punctuation2, above_column, sparse13, skip2, order5, words3, coarse6,
    order8, above1, indirect1, sparse24, sparse2, aligned1, aligned2, sparse4};
inline constexpr ContextList binary = {
    order2, order3, order4, order6, match1, match, sparse2,
    skip1, sparse13, sparse4, indirect1, indirect2, aligned2, sparse24, word,
    row1_left, indirect12, skip2, order5, coarse6, column_left, row2, order8,
    row1, row1_column, rows_left, aligned1, shape8, above1, words2, column1};
inline constexpr ContextList records = {
    order2, order3, order4, row1, match, row1_left, column_left,
    row2, rows_left, row1_column, sparse2, skip1, match1, order6, sparse13,
    indirect1, sparse4, indirect2, sparse24, aligned2, skip2, indirect12, coarse6,
    order5, word, order8, aligned1, shape8, above1, words2, column1};
}  // namespace lists

// in_lanes: whether a text may stand in several lanes.
inline const ContextList& contexts_of(Kind kind, bool in_lanes) {
    if (is_text(kind)) return in_lanes ? lists::lanes : lists::text;
    switch (kind) {
        case Kind::words: return lists::words;
        case Kind::records: return lists::records;
        default: return lists::binary;
    }
}

}  // namespace codelength::CODELENGTH_ISA
