// The vectors of vectors.hpp with AVX2.
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

struct Int16s {
    static constexpr int size = 16;
    __m256i v;

    static Int16s load(const std::int16_t* p) { return {_mm256_load_si256(reinterpret_cast<const __m256i*>(p))}; }
    static Int16s all(int x) { return {_mm256_set1_epi16(static_cast<short>(x))}; }
    void store(std::int16_t* p) const { _mm256_store_si256(reinterpret_cast<__m256i*>(p), v); }
    friend Int16s operator+(Int16s a, Int16s b) { return {_mm256_add_epi16(a.v, b.v)}; }
    friend Int16s operator-(Int16s a, Int16s b) { return {_mm256_sub_epi16(a.v, b.v)}; }
    friend Int16s operator*(Int16s a, Int16s b) { return {_mm256_mullo_epi16(a.v, b.v)}; }
    friend Int16s mul(Int16s a, Int16s b) { return {_mm256_mulhrs_epi16(a.v, b.v)}; }
    friend Int16s high(Int16s a, Int16s b) { return {_mm256_mulhi_epi16(a.v, b.v)}; }
    friend Int16s min(Int16s a, Int16s b) { return {_mm256_min_epi16(a.v, b.v)}; }
    friend Int16s max(Int16s a, Int16s b) { return {_mm256_max_epi16(a.v, b.v)}; }
    friend Int16s abs(Int16s a) { return {_mm256_abs_epi16(a.v)}; }
    friend Int16s twice_saturated(Int16s a) { return {_mm256_adds_epi16(a.v, a.v)}; }
    template <int n> Int16s right() const { return {_mm256_srai_epi16(v, n)}; }
    static Int16s select_positive(Int16s x, Int16s a, Int16s b) {
        return {_mm256_blendv_epi8(b.v, a.v, _mm256_cmpgt_epi16(x.v, _mm256_setzero_si256()))};
    }
};

struct Int32s {
    static constexpr int size = 8;
    __m256i v;

    static Int32s load(const std::int32_t* p) { return {_mm256_load_si256(reinterpret_cast<const __m256i*>(p))}; }
    void store(std::int32_t* p) const { _mm256_store_si256(reinterpret_cast<__m256i*>(p), v); }
    friend Int32s operator+(Int32s a, Int32s b) { return {_mm256_add_epi32(a.v, b.v)}; }
    friend Int32s operator*(Int32s a, Int32s b) { return {_mm256_mullo_epi32(a.v, b.v)}; }
    Int32s right(int n) const { return {_mm256_sra_epi32(v, _mm_cvtsi32_si128(n))}; }
};

inline Int16s narrow(Int32s lo, Int32s hi) {
    return {_mm256_permute4x64_epi64(_mm256_packs_epi32(lo.v, hi.v), 0xD8)};  // packs works within each 128 bits
}
inline void widen(Int16s a, Int32s& lo, Int32s& hi) {
    lo.v = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(a.v));
    hi.v = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(a.v, 1));
}

struct Int32Pair {
    Int32s lo, hi;
    friend Int32Pair operator+(Int32Pair a, Int32Pair b) { return {a.lo + b.lo, a.hi + b.hi}; }
};

inline Int32Pair dot2(Int16s a, Int16s b, Int16s c, Int16s d) {
    return {{_mm256_madd_epi16(_mm256_unpacklo_epi16(a.v, b.v), _mm256_unpacklo_epi16(c.v, d.v))},
            {_mm256_madd_epi16(_mm256_unpackhi_epi16(a.v, b.v), _mm256_unpackhi_epi16(c.v, d.v))}};
}

template <int n> Int16s narrow(Int32Pair p) {
    const Int32s half{_mm256_set1_epi32(1 << (n - 1))};
    return {_mm256_packs_epi32(_mm256_srai_epi32((p.lo + half).v, n), _mm256_srai_epi32((p.hi + half).v, n))};
}

struct SumOfSquares {
    __m256i sum = _mm256_setzero_si256();
    void add(Int16s x) {
        const __m256i p = _mm256_madd_epi16(x.v, x.v);  // at most 2 * 32767^2 < 2^31
        const __m256i even = _mm256_and_si256(p, _mm256_set1_epi64x(0xFFFFFFFF));
        sum = _mm256_add_epi64(sum, _mm256_add_epi64(even, _mm256_srli_epi64(p, 32)));
    }
    std::uint64_t total() const {
        const __m128i a = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        return static_cast<std::uint64_t>(_mm_cvtsi128_si64(a)) + static_cast<std::uint64_t>(_mm_extract_epi64(a, 1));
    }
};

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
