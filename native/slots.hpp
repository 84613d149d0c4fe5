// A hash table from contexts to bit histories. docs/format.md, section 4.4.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "tables.hpp"

namespace codelength::CODELENGTH_ISA {

inline void prefetch([[maybe_unused]] const void* p) {
#if defined(__GNUC__)
    __builtin_prefetch(p);
#endif
}

// Lines of 64 bytes, each of four slots of 16: a check byte, then 15 states.
class SlotTable {
public:
    static constexpr std::size_t line_size = 64;

    explicit SlotTable(int line_bits) : lines_(new Line[std::size_t{1} << line_bits]), shift_(32 - line_bits) {
        const std::size_t size = line_size << line_bits;
#if defined(__linux__)
        // Fewer page faults; harmless if refused.
        constexpr std::uintptr_t page = 1 << 21;
        const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(lines_.get()) + page - 1) & ~(page - 1);
        const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(lines_.get()) + size) & ~(page - 1);
        if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
        std::memset(static_cast<void*>(lines_.get()), 0, size);
    }

    // The line of a context for the first half of a symbol, or for the second half after the bits `high` (1xxxx).
    std::uint8_t* line(std::uint32_t hash, std::uint32_t high) const {
        std::size_t i = hash >> shift_;
        if (high > 1) i ^= (high & 15) + 1;
        return lines_[i].bytes;
    }
    static std::uint8_t check(std::uint32_t hash, std::uint32_t high) {
        return static_cast<std::uint8_t>(hash + (high > 1 ? high * 0x3D : 0));
    }

    // The slot of the line with this check, or else the one that has seen least, emptied.
    [[gnu::always_inline]] static std::uint8_t* slot(std::uint8_t* line, std::uint8_t check) {
        const unsigned hit = (line[0] == check) | (line[16] == check) << 1 | (line[32] == check) << 2 | (line[48] == check) << 3;
        if (hit) return line + 16 * std::countr_zero(hit);
        unsigned least = tables.n_seen[line[1]] << 2;
        for (unsigned j = 1; j < 4; ++j) least = std::min(least, tables.n_seen[line[16 * j + 1]] << 2 | j);
        std::uint8_t* s = line + 16 * (least & 3);
        std::memset(s, 0, 16);
        s[0] = check;
        return s;
    }

private:
    struct alignas(line_size) Line {
        std::uint8_t bytes[line_size];
    };
    std::unique_ptr<Line[]> lines_;
    const int shift_;
};

}  // namespace codelength::CODELENGTH_ISA
