// Eight 32-bit integers at a time. Every operation is exact and means the same in every build of this header, so the
// instruction set never shows in an archive. Products and sums wrap; callers state why theirs do not.
#pragma once
#include <algorithm>
#include <cstdint>

#include "tables.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#define CODELENGTH_ISA avx2
#else
#define CODELENGTH_ISA portable
#endif

// What segment_isa.cpp compiles lives in a namespace of its own: one program links all builds of it, and of an inline
// function that they shared the linker would keep one, perhaps the one that this CPU cannot run.
namespace codelength::CODELENGTH_ISA {

inline constexpr int vec_size = 8;  // numbers in a Vec

#if defined(__AVX2__)

struct Vec {
    __m256i v;
    static Vec load(const std::int32_t* p) { return {_mm256_load_si256(reinterpret_cast<const __m256i*>(p))}; }
    static Vec all(std::int32_t x) { return {_mm256_set1_epi32(x)}; }
    void store(std::int32_t* p) const { _mm256_store_si256(reinterpret_cast<__m256i*>(p), v); }
    // t[i[0]], t[i[1]], ...: scalar loads beat the gather instruction, they forward from stores still in flight.
    [[gnu::always_inline]] static Vec gather(const std::int32_t* t, const std::int32_t* i) {
        return {_mm256_setr_epi32(t[i[0]], t[i[1]], t[i[2]], t[i[3]], t[i[4]], t[i[5]], t[i[6]], t[i[7]])};
    }
    friend Vec operator+(Vec a, Vec b) { return {_mm256_add_epi32(a.v, b.v)}; }
    friend Vec operator-(Vec a, Vec b) { return {_mm256_sub_epi32(a.v, b.v)}; }
    friend Vec operator*(Vec a, Vec b) { return {_mm256_mullo_epi32(a.v, b.v)}; }
    friend Vec operator&(Vec a, Vec b) { return {_mm256_and_si256(a.v, b.v)}; }
    friend Vec operator|(Vec a, Vec b) { return {_mm256_or_si256(a.v, b.v)}; }
    template <int n> Vec left() const { return {_mm256_slli_epi32(v, n)}; }
    template <int n> Vec right() const { return {_mm256_srai_epi32(v, n)}; }             // arithmetic
    template <int n> Vec logical_right() const { return {_mm256_srli_epi32(v, n)}; }
    Vec right(Vec n) const { return {_mm256_srav_epi32(v, n.v)}; }                        // arithmetic, n in 0..31
    static Vec min(Vec a, Vec b) { return {_mm256_min_epi32(a.v, b.v)}; }
    static Vec max(Vec a, Vec b) { return {_mm256_max_epi32(a.v, b.v)}; }
    std::int32_t sum() const {
        __m128i a = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4E));
        a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0xB1));
        return _mm_cvtsi128_si32(a);
    }
    // tables.hpp's lg() of each lane, 1 <= lane < 2^24: the conversion to float is exact and yields the exponent and
    // the mantissa side by side.
    Vec lg() const {
        const Vec e = Vec{_mm256_castps_si256(_mm256_cvtepi32_ps(v))}.logical_right<11>() - all(127 << 12);
        const Vec f = e & all(4095);
        return e + ((f * (all(4096) - f)).right<12>() * all(lg_bend)).right<12>();
    }
};

#else

struct Vec {
    std::int32_t v[vec_size];
    template <class F> static Vec make(F f) {
        Vec r;
        for (int i = 0; i < vec_size; ++i) r.v[i] = f(i);
        return r;
    }
    static std::int32_t wrap(std::uint32_t x) { return static_cast<std::int32_t>(x); }
    static std::uint32_t u(std::int32_t x) { return static_cast<std::uint32_t>(x); }
    static Vec load(const std::int32_t* p) { return make([&](int i) { return p[i]; }); }
    static Vec all(std::int32_t x) { return make([&](int) { return x; }); }
    void store(std::int32_t* p) const { std::copy(v, v + vec_size, p); }
    static Vec gather(const std::int32_t* t, const std::int32_t* j) { return make([&](int i) { return t[j[i]]; }); }
    friend Vec operator+(Vec a, Vec b) { return make([&](int i) { return wrap(u(a.v[i]) + u(b.v[i])); }); }
    friend Vec operator-(Vec a, Vec b) { return make([&](int i) { return wrap(u(a.v[i]) - u(b.v[i])); }); }
    friend Vec operator*(Vec a, Vec b) { return make([&](int i) { return wrap(u(a.v[i]) * u(b.v[i])); }); }
    friend Vec operator&(Vec a, Vec b) { return make([&](int i) { return a.v[i] & b.v[i]; }); }
    friend Vec operator|(Vec a, Vec b) { return make([&](int i) { return a.v[i] | b.v[i]; }); }
    template <int n> Vec left() const { return make([&](int i) { return wrap(u(v[i]) << n); }); }
    template <int n> Vec right() const { return make([&](int i) { return v[i] >> n; }); }
    template <int n> Vec logical_right() const { return make([&](int i) { return wrap(u(v[i]) >> n); }); }
    Vec right(Vec n) const { return make([&](int i) { return v[i] >> n.v[i]; }); }
    static Vec min(Vec a, Vec b) { return make([&](int i) { return std::min(a.v[i], b.v[i]); }); }
    static Vec max(Vec a, Vec b) { return make([&](int i) { return std::max(a.v[i], b.v[i]); }); }
    std::int32_t sum() const {
        std::int32_t s = 0;
        for (int i = 0; i < vec_size; ++i) s += v[i];
        return s;
    }
    Vec lg() const { return make([&](int i) { return codelength::lg(v[i]); }); }
};

#endif

}  // namespace codelength::CODELENGTH_ISA
