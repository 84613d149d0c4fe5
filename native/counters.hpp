// From what a context has seen to a prediction: adaptive probabilities, and a bank of bit histories mapped through them.
// docs/format.md, sections 4.2 and 4.3.
#pragma once
#include <cstddef>
#include <cstdint>

#include "simd.hpp"

namespace codelength::CODELENGTH_ISA {

// An adaptive probability is a word: p in 22 bits, then how settled it is in 10 (a rate exponent k in 4 bits and the
// progress towards the next one in 6). It moves by 2^-(k+1) of the error; k grows to 7 in about 2^7 updates.
// p stays in 0..2^22-1: it moves towards 0 or 2^22-1 by a part of the distance.
inline constexpr std::int32_t p_max = (1 << 22) - 1;

inline std::int32_t fresh(std::int32_t p22) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(p22) << 10); }
// From a probability in 16 bits.
inline std::int32_t settled(int p16, std::int32_t n) { return fresh(p16 << 6 | 32) | n; }
inline int probability16(std::int32_t word) { return static_cast<int>(static_cast<std::uint32_t>(word) >> 16); }

inline std::int32_t learned(std::int32_t word, int bit) {
    const std::int32_t p = static_cast<std::int32_t>(static_cast<std::uint32_t>(word) >> 10), n = word & 1023, k = n >> 6;
    const std::int32_t q = p + (((bit ? p_max : 0) - p) >> (k + 1));
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(q) << 10 | static_cast<std::uint32_t>(n + (64 >> k)));
}

[[gnu::always_inline]] inline Vec stretch_of(Vec words) {
    const Vec p = words.logical_right<15>() | Vec::all(1);  // 2 p + 1
    return ((p.lg() - (Vec::all(131072) - p).lg()) * Vec::all(stretch_scale)).right<15>();
}

[[gnu::always_inline]] inline Vec learned(Vec words, int bit) {
    const Vec p = words.logical_right<10>(), n = words & Vec::all(1023), k = n.right<6>();
    const Vec q = p + (Vec::all(bit ? p_max : 0) - p).right(k + Vec::all(1));
    return q.left<10>() | (n + Vec::all(64).right(k));
}

// N contexts of bit histories. A caller points slot[i] at the histories of context i: 16 bytes, of which those at 1..15
// are the nodes of the tree of the next four bits.
template <int N>
class HistoryBank {
public:
    static constexpr int width = (N + vec_size - 1) / vec_size * vec_size;

    HistoryBank() {
        for (int i = 0; i < width; ++i) {
            slot[i] = unused_;
            for (int s = 0; s < 256; ++s) maps_[i * 256 + s] = fresh(tables.prior[static_cast<std::size_t>(s)]);
        }
    }
    HistoryBank(const HistoryBank&) = delete;
    HistoryBank& operator=(const HistoryBank&) = delete;

    // Writes `width` log odds, zero in the lanes past N.
    void predict(int node, std::int32_t* x) {
        for (int g = 0; g < width; g += vec_size) {
            for (int i = g; i < g + vec_size; ++i) where_[i] = i * 256 + slot[i][node];
            const Vec words = Vec::gather(maps_, where_ + g);
            words.store(words_ + g);
            stretch_of(words).store(x + g);
        }
        for (int i = N; i < width; ++i) x[i] = 0;
    }

    void learn(int node, int bit) {
        alignas(32) std::int32_t next_words[width];
        for (int g = 0; g < width; g += vec_size) learned(Vec::load(words_ + g), bit).store(next_words + g);
        for (int i = 0; i < N; ++i) {
            const std::int32_t w = where_[i];
            maps_[w] = next_words[i];
            slot[i][node] = tables.next[static_cast<std::size_t>(w & 255)][static_cast<std::size_t>(bit)];
        }
    }

    std::int32_t& map(int i, int state) { return maps_[i * 256 + state]; }
    std::int32_t map(int i, int state) const { return maps_[i * 256 + state]; }

    // State of context i at the node last predicted; 0 if nothing was seen there.
    int state(int i) const { return where_[i] & 255; }

    std::uint8_t* slot[width];

private:
    alignas(32) std::int32_t maps_[width * 256];
    alignas(32) std::int32_t words_[width];
    alignas(32) std::int32_t where_[width];
    std::uint8_t unused_[16] = {};
};

}  // namespace codelength::CODELENGTH_ISA
