// The transform of the kind `words`: frequent English words become codes of one to three bytes. docs/format.md, section 3.3.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "segment.hpp"

namespace codelength {

inline constexpr std::uint8_t capitalised = 0x0E, upper_case = 0x0F, literal = 0xFF;  // what comes before a code or a byte

// Content to symbols. restore() of the result gives the content back.
std::vector<std::uint8_t> abbreviate(Bytes content);

// Symbols to content, one at a time.
class Expander {
public:
    // Appends to `out` what this symbol completes. Returns false if no abbreviation can hold this symbol here.
    bool expand(std::uint8_t symbol, std::vector<std::uint8_t>& out);
    // True between tokens: everything seen so far has been expanded.
    bool complete() const { return flag_ == 0 && n_pending_ == 0; }

private:
    std::uint8_t flag_ = 0;      // capitalised, upper_case or literal, not yet used
    std::uint32_t pending_ = 0;  // symbols of an unfinished code
    int n_pending_ = 0;
};

}  // namespace codelength
