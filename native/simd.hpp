// Vectors of 32-bit integers, as wide as the instruction set of this translation unit. Every operation is exact and
// means the same on every width, so the width never shows in an archive.
#pragma once
#include <cstdint>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include <immintrin.h>
#define CODELENGTH_SIMD avx512
#elif defined(__AVX2__)
#include <immintrin.h>
#define CODELENGTH_SIMD avx2
#else
#define CODELENGTH_SIMD portable
#endif

namespace codelength::CODELENGTH_SIMD {

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

struct Lanes {
    static constexpr int width = 16;
    __m512i v;
    static Lanes load(const void* p) { return {_mm512_load_si512(p)}; }
    static Lanes all(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
    void store(void* p) const { _mm512_store_si512(p, v); }
    // Sixteen bytes, one from each address + offset.
    static Lanes bytes_at(std::uint8_t* const* p, int offset) {
        alignas(16) std::uint8_t b[16];
        __m128i a[4];
        for (int i = 0; i < 4; ++i) {
            __m128i x = _mm_cvtsi32_si128(p[4 * i][offset]);
            x = _mm_insert_epi8(x, p[4 * i + 1][offset], 1);
            x = _mm_insert_epi8(x, p[4 * i + 2][offset], 2);
            a[i] = _mm_insert_epi8(x, p[4 * i + 3][offset], 3);
        }
        (void)b;
        return {_mm512_cvtepu8_epi32(_mm_unpacklo_epi64(_mm_unpacklo_epi32(a[0], a[1]), _mm_unpacklo_epi32(a[2], a[3])))};
    }
    static Lanes gather(const void* base, Lanes i) { return {_mm512_i32gather_epi32(i.v, base, 4)}; }
    static Lanes iota() { return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)}; }
    friend Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_epi32(a.v, b.v)}; }
    friend Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_epi32(a.v, b.v)}; }
    friend Lanes operator*(Lanes a, Lanes b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
    friend Lanes operator&(Lanes a, Lanes b) { return {_mm512_and_si512(a.v, b.v)}; }
    friend Lanes operator|(Lanes a, Lanes b) { return {_mm512_or_si512(a.v, b.v)}; }
    template <int n> Lanes shl() const { return {_mm512_slli_epi32(v, n)}; }
    template <int n> Lanes shr() const { return {_mm512_srli_epi32(v, n)}; }
    template <int n> Lanes sar() const { return {_mm512_srai_epi32(v, n)}; }
    Lanes shr(Lanes n) const { return {_mm512_srlv_epi32(v, n.v)}; }
    Lanes sar(Lanes n) const { return {_mm512_srav_epi32(v, n.v)}; }
    static Lanes min(Lanes a, Lanes b) { return {_mm512_min_epi32(a.v, b.v)}; }
    static Lanes max(Lanes a, Lanes b) { return {_mm512_max_epi32(a.v, b.v)}; }
    std::int32_t sum() const { return _mm512_reduce_add_epi32(v); }
    // bits of the lanes as a float, lanes in 0..2^24: exponent and mantissa, exact
    Lanes float_bits() const { return {_mm512_castps_si512(_mm512_cvtepi32_ps(v))}; }
};

#elif defined(__AVX2__)

struct Lanes {
    static constexpr int width = 8;
    __m256i v;
    static Lanes load(const void* p) { return {_mm256_load_si256(static_cast<const __m256i*>(p))}; }
    static Lanes all(std::int32_t x) { return {_mm256_set1_epi32(x)}; }
    void store(void* p) const { _mm256_store_si256(static_cast<__m256i*>(p), v); }
    static Lanes bytes_at(std::uint8_t* const* p, int offset) {
        __m128i a = _mm_cvtsi32_si128(p[0][offset]), b = _mm_cvtsi32_si128(p[4][offset]);
        a = _mm_insert_epi8(a, p[1][offset], 1); b = _mm_insert_epi8(b, p[5][offset], 1);
        a = _mm_insert_epi8(a, p[2][offset], 2); b = _mm_insert_epi8(b, p[6][offset], 2);
        a = _mm_insert_epi8(a, p[3][offset], 3); b = _mm_insert_epi8(b, p[7][offset], 3);
        return {_mm256_cvtepu8_epi32(_mm_unpacklo_epi32(a, b))};
    }
    static Lanes gather(const void* base, Lanes i) { return {_mm256_i32gather_epi32(static_cast<const int*>(base), i.v, 4)}; }
    static Lanes iota() { return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)}; }
    friend Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_epi32(a.v, b.v)}; }
    friend Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_epi32(a.v, b.v)}; }
    friend Lanes operator*(Lanes a, Lanes b) { return {_mm256_mullo_epi32(a.v, b.v)}; }
    friend Lanes operator&(Lanes a, Lanes b) { return {_mm256_and_si256(a.v, b.v)}; }
    friend Lanes operator|(Lanes a, Lanes b) { return {_mm256_or_si256(a.v, b.v)}; }
    template <int n> Lanes shl() const { return {_mm256_slli_epi32(v, n)}; }
    template <int n> Lanes shr() const { return {_mm256_srli_epi32(v, n)}; }
    template <int n> Lanes sar() const { return {_mm256_srai_epi32(v, n)}; }
    Lanes shr(Lanes n) const { return {_mm256_srlv_epi32(v, n.v)}; }
    Lanes sar(Lanes n) const { return {_mm256_srav_epi32(v, n.v)}; }
    static Lanes min(Lanes a, Lanes b) { return {_mm256_min_epi32(a.v, b.v)}; }
    static Lanes max(Lanes a, Lanes b) { return {_mm256_max_epi32(a.v, b.v)}; }
    std::int32_t sum() const {
        __m128i a = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4E));
        a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0xB1));
        return _mm_cvtsi128_si32(a);
    }
    Lanes float_bits() const { return {_mm256_castps_si256(_mm256_cvtepi32_ps(v))}; }
};

#endif

}  // namespace
