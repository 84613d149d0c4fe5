// The vectors of vectors.hpp with NEON.
#pragma once
#include <arm_neon.h>

#include <cstdint>

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

struct Int16s {
    static constexpr int size = 8;
    int16x8_t v;

    static Int16s load(const std::int16_t* p) { return {vld1q_s16(p)}; }
    static Int16s all(int x) { return {vdupq_n_s16(static_cast<std::int16_t>(x))}; }
    void store(std::int16_t* p) const { vst1q_s16(p, v); }
    friend Int16s operator+(Int16s a, Int16s b) { return {vaddq_s16(a.v, b.v)}; }
    friend Int16s operator-(Int16s a, Int16s b) { return {vsubq_s16(a.v, b.v)}; }
    friend Int16s operator*(Int16s a, Int16s b) { return {vmulq_s16(a.v, b.v)}; }
    friend Int16s mul(Int16s a, Int16s b) { return {vqrdmulhq_s16(a.v, b.v)}; }  // (2 a b + 2^15) >> 16
    friend Int16s high(Int16s a, Int16s b) {
        const int32x4_t lo = vmull_s16(vget_low_s16(a.v), vget_low_s16(b.v)), hi = vmull_high_s16(a.v, b.v);
        return {vshrn_high_n_s32(vshrn_n_s32(lo, 16), hi, 16)};
    }
    friend Int16s min(Int16s a, Int16s b) { return {vminq_s16(a.v, b.v)}; }
    friend Int16s max(Int16s a, Int16s b) { return {vmaxq_s16(a.v, b.v)}; }
    friend Int16s abs(Int16s a) { return {vabsq_s16(a.v)}; }
    friend Int16s twice_saturated(Int16s a) { return {vqaddq_s16(a.v, a.v)}; }
    template <int n> Int16s right() const { return {vshrq_n_s16(v, n)}; }
    static Int16s select_positive(Int16s x, Int16s a, Int16s b) {
        return {vbslq_s16(vcgtq_s16(x.v, vdupq_n_s16(0)), a.v, b.v)};
    }
};

struct Int32s {
    static constexpr int size = 4;
    int32x4_t v;

    static Int32s load(const std::int32_t* p) { return {vld1q_s32(p)}; }
    void store(std::int32_t* p) const { vst1q_s32(p, v); }
    friend Int32s operator+(Int32s a, Int32s b) { return {vaddq_s32(a.v, b.v)}; }
    friend Int32s operator*(Int32s a, Int32s b) { return {vmulq_s32(a.v, b.v)}; }
    Int32s right(int n) const { return {vshlq_s32(v, vdupq_n_s32(-n))}; }
};

inline Int16s narrow(Int32s lo, Int32s hi) { return {vqmovn_high_s32(vqmovn_s32(lo.v), hi.v)}; }
inline void widen(Int16s a, Int32s& lo, Int32s& hi) {
    lo.v = vmovl_s16(vget_low_s16(a.v));
    hi.v = vmovl_high_s16(a.v);
}

struct Int32Pair {
    Int32s lo, hi;
    friend Int32Pair operator+(Int32Pair a, Int32Pair b) { return {a.lo + b.lo, a.hi + b.hi}; }
};

inline Int32Pair dot2(Int16s a, Int16s b, Int16s c, Int16s d) {
    const int32x4_t lo = vmull_s16(vget_low_s16(a.v), vget_low_s16(c.v)), hi = vmull_high_s16(a.v, c.v);
    return {{vmlal_s16(lo, vget_low_s16(b.v), vget_low_s16(d.v))}, {vmlal_high_s16(hi, b.v, d.v)}};
}

template <int n> Int16s narrow(Int32Pair p) {
    return {vqmovn_high_s32(vqmovn_s32(vrshrq_n_s32(p.lo.v, n)), vrshrq_n_s32(p.hi.v, n))};
}

struct SumOfSquares {
    uint64x2_t sum = vdupq_n_u64(0);
    void add(Int16s x) {
        const int32x4_t lo = vmull_s16(vget_low_s16(x.v), vget_low_s16(x.v)), hi = vmull_high_s16(x.v, x.v);
        sum = vpadalq_u32(vpadalq_u32(sum, vreinterpretq_u32_s32(lo)), vreinterpretq_u32_s32(hi));
    }
    std::uint64_t total() const { return vaddvq_u64(sum); }
};

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
