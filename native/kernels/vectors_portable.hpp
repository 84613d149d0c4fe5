// The vectors of vectors.hpp as arrays.
#pragma once
#include <cstdint>
#include <cstring>

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

struct Int16s {
    static constexpr int size = 16;
    std::int16_t v[size];

    template <class F> static Int16s make(F f) {
        Int16s r;
        for (int i = 0; i < size; ++i) r.v[i] = static_cast<std::int16_t>(f(i));
        return r;
    }
    static Int16s load(const std::int16_t* p) { return make([&](int i) { return p[i]; }); }
    static Int16s all(int x) { return make([&](int) { return x; }); }
    void store(std::int16_t* p) const { std::memcpy(p, v, sizeof v); }
    friend Int16s operator+(Int16s a, Int16s b) { return make([&](int i) { return a.v[i] + b.v[i]; }); }
    friend Int16s operator-(Int16s a, Int16s b) { return make([&](int i) { return a.v[i] - b.v[i]; }); }
    friend Int16s operator*(Int16s a, Int16s b) { return make([&](int i) { return a.v[i] * b.v[i]; }); }
    friend Int16s mul(Int16s a, Int16s b) { return make([&](int i) { return (a.v[i] * b.v[i] + (1 << 14)) >> 15; }); }
    friend Int16s high(Int16s a, Int16s b) { return make([&](int i) { return a.v[i] * b.v[i] >> 16; }); }
    friend Int16s min(Int16s a, Int16s b) { return make([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; }); }
    friend Int16s max(Int16s a, Int16s b) { return make([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; }); }
    friend Int16s abs(Int16s a) { return make([&](int i) { return a.v[i] < 0 ? -a.v[i] : a.v[i]; }); }
    friend Int16s twice_saturated(Int16s a) {
        return make([&](int i) { return 2 * a.v[i] > 32767 ? 32767 : 2 * a.v[i] < -32768 ? -32768 : 2 * a.v[i]; });
    }
    template <int n> Int16s right() const { return make([&](int i) { return v[i] >> n; }); }  // arithmetic
    // a where x > 0, b elsewhere
    static Int16s select_positive(Int16s x, Int16s a, Int16s b) {
        return make([&](int i) { return x.v[i] > 0 ? a.v[i] : b.v[i]; });
    }
};

struct Int32s {
    static constexpr int size = 8;
    std::int32_t v[size];

    template <class F> static Int32s make(F f) {
        Int32s r;
        for (int i = 0; i < size; ++i) r.v[i] = static_cast<std::int32_t>(f(i));
        return r;
    }
    static Int32s load(const std::int32_t* p) { return make([&](int i) { return p[i]; }); }
    void store(std::int32_t* p) const { std::memcpy(p, v, sizeof v); }
    static std::uint32_t u(std::int32_t x) { return static_cast<std::uint32_t>(x); }
    friend Int32s operator+(Int32s a, Int32s b) { return make([&](int i) { return u(a.v[i]) + u(b.v[i]); }); }
    friend Int32s operator*(Int32s a, Int32s b) { return make([&](int i) { return u(a.v[i]) * u(b.v[i]); }); }
    Int32s right(int n) const { return make([&](int i) { return v[i] >> n; }); }  // arithmetic
};

inline Int16s narrow(Int32s lo, Int32s hi) {
    return Int16s::make([&](int i) {
        const std::int32_t x = i < 8 ? lo.v[i] : hi.v[i - 8];
        return x > 32767 ? 32767 : x < -32768 ? -32768 : x;
    });
}
inline void widen(Int16s a, Int32s& lo, Int32s& hi) {
    lo = Int32s::make([&](int i) { return a.v[i]; });
    hi = Int32s::make([&](int i) { return a.v[i + 8]; });
}

struct Int32Pair {
    Int32s lo, hi;
    friend Int32Pair operator+(Int32Pair a, Int32Pair b) { return {a.lo + b.lo, a.hi + b.hi}; }
};

inline Int32Pair dot2(Int16s a, Int16s b, Int16s c, Int16s d) {
    return {Int32s::make([&](int i) { return a.v[i] * c.v[i] + b.v[i] * d.v[i]; }),
            Int32s::make([&](int i) { return a.v[i + 8] * c.v[i + 8] + b.v[i + 8] * d.v[i + 8]; })};
}

template <int n> Int16s narrow(Int32Pair p) {
    const Int32s half = Int32s::make([](int) { return 1 << (n - 1); });
    return narrow((p.lo + half).right(n), (p.hi + half).right(n));
}

// Adds x^2 of each number, in 64 bits.
struct SumOfSquares {
    std::uint64_t sum = 0;
    void add(Int16s x) {
        for (int i = 0; i < Int16s::size; ++i) sum += static_cast<std::uint32_t>(x.v[i] * x.v[i]);
    }
    std::uint64_t total() const { return sum; }
};

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
