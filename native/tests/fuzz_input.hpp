// What the fuzzers read from their input: a header, then a payload or a content.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "contexts.hpp"
#include "segment.hpp"

namespace codelength::fuzz {

// Five bytes: predictor, kind, flags, n_bytes (2, the low one first). Most values of the first two mean what is registered,
// the highest what must be refused.
inline constexpr std::size_t header_size = 5;
// The two low bits of the flags choose how many bits of n_bytes count. Few bytes of payload can stand for many of content,
// and under sanitizers each takes up to a tenth of a millisecond.
inline constexpr std::size_t size_masks[] = {0x3F, 0xFF, 0x3FF, 0x1FFF};
// These flags and, but for the next, no others: decode with the other instruction set too, the results must agree. The
// portable one is so slow under sanitizers that this is for the smallest sizes.
inline constexpr std::uint8_t both_isas = 0x1C;
// Where a network is needed, this flag chooses which.
inline constexpr std::uint8_t other_network = 0x20;

struct Input {
    int predictor, kind;
    bool both, other;
    std::size_t n_bytes;
    Bytes rest;
};

// size >= header_size
inline Input parse(const std::uint8_t* data, std::size_t size) {
    const int predictor = data[0] < 0xFC ? 1 + data[0] % n_predictors() : data[0] == 0xFC ? 0 : data[0];
    const int kind = data[1] < 0xFC ? data[1] % n_kinds : data[1] == 0xFC ? -1 : data[1] - 0xFD + n_kinds;
    const std::size_t n_bytes = (data[3] | std::size_t{data[4]} << 8) & size_masks[data[2] & 3];
    const bool both = (data[2] & ~other_network) == both_isas, other = (data[2] & other_network) != 0;
    return {predictor, kind, both, other, n_bytes, {data + header_size, size - header_size}};
}

inline std::vector<std::uint8_t> header(int predictor, int kind, std::size_t n_bytes, bool both, bool other) {
    std::size_t flags = 0;
    while (size_masks[flags] < n_bytes) ++flags;
    if (both && flags == 0) flags = both_isas;
    if (other) flags |= other_network;
    std::vector<std::uint8_t> h;
    for (const std::size_t byte : {static_cast<std::size_t>(predictor - 1), static_cast<std::size_t>(kind),
                                   flags, n_bytes & 255, n_bytes >> 8})
        h.push_back(static_cast<std::uint8_t>(byte));
    return h;
}

}  // namespace codelength::fuzz
