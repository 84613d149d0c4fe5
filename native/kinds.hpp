// Kinds of content. docs/format.md, section 3.2.
#pragma once
#include <cstdint>

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
