// Lanes: parts of a segment that are coded in step, one symbol of each in turn, so that a network reads its weights once
// for all of them. docs/format.md, section 6.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>

#include "simd.hpp"

namespace codelength::CODELENGTH_ISA {

// How a segment is divided.
struct Lanes {
    std::uint32_t count = 1;
    std::uint32_t size = std::numeric_limits<std::uint32_t>::max();  // symbols of a lane; the last ones may have fewer

    // One lane, whose end need not be known.
    Lanes() = default;
    Lanes(std::size_t n_symbols, std::uint32_t count)
        : count(count), size(static_cast<std::uint32_t>((n_symbols + count - 1) / count)) {}

    // The more there are, the faster is a network; the fewer, the less is lost to beginning anew.
    static Lanes for_network(std::size_t n_bytes, std::uint32_t most) {
        std::uint32_t n = 1;
        while (n < most && n_bytes >> 18 >= n) n *= 2;
        return {n_bytes, n};
    }

    // Lanes that one thread runs the network for.
    std::uint32_t groups() const { return count < 8 ? 1 : 2; }

    // Lanes of which symbol number `step` exists: the first ones.
    std::uint32_t active(std::uint32_t step, std::size_t n_symbols) const {
        std::uint32_t n = count;
        while (n > 0 && std::size_t{n - 1} * size + step >= n_symbols) --n;
        return n;
    }
    std::uint32_t start(std::uint32_t lane) const { return lane * size; }
    std::uint32_t start_of(std::uint32_t position) const { return position / size * size; }
};

// Which symbols are known while others are being coded.
class Frontier {
public:
    explicit Frontier(const Lanes& lanes) : lanes_(lanes) {}

    // Symbol number `step` of `lane` is coded now.
    void move(std::uint32_t step, std::uint32_t lane) {
        step_ = step;
        lane_ = lane;
    }
    bool knows(std::uint32_t position) const { return position % lanes_.size < step_ + (position / lanes_.size < lane_); }

private:
    const Lanes lanes_;
    std::uint32_t step_ = 0, lane_ = 0;
};

}  // namespace codelength::CODELENGTH_ISA
