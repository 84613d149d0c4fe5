// The vectors of vectors.hpp with AVX-512.
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

struct Int16s {
    static constexpr int size = 32;
    __m512i v;

    static Int16s load(const std::int16_t* p) { return {_mm512_load_si512(p)}; }
    static Int16s all(int x) { return {_mm512_set1_epi16(static_cast<short>(x))}; }
    void store(std::int16_t* p) const { _mm512_store_si512(p, v); }
    friend Int16s operator+(Int16s a, Int16s b) { return {_mm512_add_epi16(a.v, b.v)}; }
    friend Int16s operator-(Int16s a, Int16s b) { return {_mm512_sub_epi16(a.v, b.v)}; }
    friend Int16s operator*(Int16s a, Int16s b) { return {_mm512_mullo_epi16(a.v, b.v)}; }
    friend Int16s mul(Int16s a, Int16s b) { return {_mm512_mulhrs_epi16(a.v, b.v)}; }
    friend Int16s high(Int16s a, Int16s b) { return {_mm512_mulhi_epi16(a.v, b.v)}; }
    friend Int16s min(Int16s a, Int16s b) { return {_mm512_min_epi16(a.v, b.v)}; }
    friend Int16s max(Int16s a, Int16s b) { return {_mm512_max_epi16(a.v, b.v)}; }
    friend Int16s abs(Int16s a) { return {_mm512_abs_epi16(a.v)}; }
    friend Int16s twice_saturated(Int16s a) { return {_mm512_adds_epi16(a.v, a.v)}; }
    template <int n> Int16s right() const { return {_mm512_srai_epi16(v, n)}; }
    static Int16s select_positive(Int16s x, Int16s a, Int16s b) {
        return {_mm512_mask_blend_epi16(_mm512_cmpgt_epi16_mask(x.v, _mm512_setzero_si512()), b.v, a.v)};
    }
};

struct Int32s {
    static constexpr int size = 16;
    __m512i v;

    static Int32s load(const std::int32_t* p) { return {_mm512_load_si512(p)}; }
    void store(std::int32_t* p) const { _mm512_store_si512(p, v); }
    friend Int32s operator+(Int32s a, Int32s b) { return {_mm512_add_epi32(a.v, b.v)}; }
    friend Int32s operator*(Int32s a, Int32s b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
    Int32s right(int n) const { return {_mm512_sra_epi32(v, _mm_cvtsi32_si128(n))}; }
};

inline Int16s narrow(Int32s lo, Int32s hi) {
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);  // packs works within each 128 bits
    return {_mm512_permutexvar_epi64(order, _mm512_packs_epi32(lo.v, hi.v))};
}
inline void widen(Int16s a, Int32s& lo, Int32s& hi) {
    lo.v = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(a.v));
    hi.v = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(a.v, 1));
}

struct Int32Pair {
    Int32s lo, hi;
    friend Int32Pair operator+(Int32Pair a, Int32Pair b) { return {a.lo + b.lo, a.hi + b.hi}; }
};

inline Int32Pair dot2(Int16s a, Int16s b, Int16s c, Int16s d) {
    return {{_mm512_madd_epi16(_mm512_unpacklo_epi16(a.v, b.v), _mm512_unpacklo_epi16(c.v, d.v))},
            {_mm512_madd_epi16(_mm512_unpackhi_epi16(a.v, b.v), _mm512_unpackhi_epi16(c.v, d.v))}};
}

template <int n> Int16s narrow(Int32Pair p) {
    const Int32s half{_mm512_set1_epi32(1 << (n - 1))};
    return {_mm512_packs_epi32(_mm512_srai_epi32((p.lo + half).v, n), _mm512_srai_epi32((p.hi + half).v, n))};
}

struct SumOfSquares {
    __m512i even = _mm512_setzero_si512(), odd = _mm512_setzero_si512();
    void add(Int16s x) {
        const __m512i p = _mm512_madd_epi16(x.v, x.v);  // at most 2 * 32767^2 < 2^31
        even = _mm512_add_epi64(even, _mm512_and_si512(p, _mm512_set1_epi64(0xFFFFFFFF)));
        odd = _mm512_add_epi64(odd, _mm512_srli_epi64(p, 32));
    }
    std::uint64_t total() const { return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(_mm512_add_epi64(even, odd))); }
};

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
