// Logistic mixing and the stage after it. docs/format.md, sections 4.5 and 4.6.
// Sources: Mahoney, "Adaptive weighing of context models for lossless data compression" (2005); Mattern, "Mixing
// strategies in data compression" (2012).
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "simd.hpp"
#include "zeros.hpp"

namespace codelength::CODELENGTH_ISA {

// Weights in 1/65536, |w| <= weight_max: |w x| < 2^19 * 3072 < 2^31, and `width` products shifted right by 8 sum to less
// than 128 * 2^23 = 2^30.
inline constexpr std::int32_t weight_max = (1 << 19) - 1;

// Sets of weights over `width` inputs, one of which is selected for each bit. width: a multiple of `vec_size`, at most 128.
template <int width>
class Mixer {
    static_assert(width % vec_size == 0 && width <= 128);

public:
    using Weights = std::array<std::int32_t, width>;

    // Every set starts from the same weights.
    Mixer(int n_sets, const Weights& initial) : n_sets_(n_sets), sets_(std::make_unique<Set[]>(static_cast<std::size_t>(n_sets))) {
        for (int s = 0; s < n_sets; ++s) std::copy(initial.begin(), initial.end(), sets_[static_cast<std::size_t>(s)].w);
    }

    // x: `width` log odds in 1/256. Returns the mixed log odds.
    int mix(const std::int32_t* x, int set) {
        set_ = sets_[static_cast<std::size_t>(set)].w;
        Vec sum = Vec::all(0);
        for (int i = 0; i < width; i += vec_size) sum = sum + (Vec::load(set_ + i) * Vec::load(x + i)).template right<8>();
        const int mixed = clip(sum.sum() >> 8);
        p_ = squash(mixed);
        return mixed;
    }

    // rate < 512: |error * rate| < 2^25, so |e| <= 2^16 and |x e| < 2^28.
    void learn(const std::int32_t* x, int bit, int rate) {
        const Vec e = Vec::all((((bit << 16) - p_) * rate) >> 9);
        for (int i = 0; i < width; i += vec_size) {
            const Vec w = Vec::load(set_ + i) + (Vec::load(x + i) * e + Vec::all(1 << 13)).template right<14>();
            Vec::max(Vec::min(w, Vec::all(weight_max)), Vec::all(-weight_max)).store(set_ + i);
        }
    }

    int n_sets() const { return n_sets_; }
    std::int32_t* weights(int set) { return sets_[static_cast<std::size_t>(set)].w; }
    const std::int32_t* weights(int set) const { return sets_[static_cast<std::size_t>(set)].w; }

private:
    struct alignas(64) Set {
        std::int32_t w[width];
    };
    int n_sets_;
    std::unique_ptr<Set[]> sets_;
    std::int32_t* set_ = nullptr;
    int p_ = 32768;
};

// Adaptive probability map: what a prediction turned out to mean in a small context. Points over the log odds,
// interpolated; the nearer one learns. Kept is what differs from the first contents, so that untouched rows are zeros.
class Apm {
public:
    explicit Apm(std::size_t n_contexts) : rows_(n_contexts) {}

    // Says early which context is next, so that memory can answer in time.
    void select(std::size_t context) {
        row_ = rows_[context].changed;
#if defined(__GNUC__)
        __builtin_prefetch(row_);
#endif
    }

    // x: log odds in 1/256, clipped. Returns a probability in 1/65536.
    int refine(int x) {
        const int from_left = x + n_points / 2 * step, j = from_left / step, w = from_left % step;
        nearer_ = j + (w >= step / 2);
        return (at(j) * (step - w) + at(j + 1) * w) / step;
    }

    void learn(int bit) {
        const int p = at(nearer_), learned = p + (((bit ? 65535 : 0) - p) >> 6);
        row_[nearer_] = static_cast<std::uint16_t>(learned ^ tables.unrefined[static_cast<std::size_t>(nearer_)]);
    }

private:
    static constexpr int n_points = apm_points, step = apm_step;
    static_assert(n_points / 2 * step > stretch_max);
    int at(int j) const { return row_[j] ^ tables.unrefined[static_cast<std::size_t>(j)]; }

    struct alignas(64) Row {
        std::uint16_t changed[32];  // a cache line; of n_points the bits that differ from where they start
    };
    Zeros<Row> rows_;
    std::uint16_t* row_ = nullptr;
    int nearer_ = 0;
};

}  // namespace codelength::CODELENGTH_ISA
