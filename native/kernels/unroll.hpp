// Loops whose index is known before optimisation begins, so that small arrays become registers.
#pragma once

#if defined(__GNUC__)
#define CODELENGTH_INLINE __attribute__((always_inline)) inline
#define CODELENGTH_INLINE_LAMBDA __attribute__((always_inline))
#else
#define CODELENGTH_INLINE inline
#define CODELENGTH_INLINE_LAMBDA
#endif

namespace codelength::kernels::CODELENGTH_NETWORK_ISA {

template <int... I>
struct Indices {};
template <int n, int... I>
struct IndicesUpTo : IndicesUpTo<n - 1, n - 1, I...> {};
template <int... I>
struct IndicesUpTo<0, I...> {
    using Type = Indices<I...>;
};

template <class F, int... I>
CODELENGTH_INLINE void unroll(F f, Indices<I...>) {
    (f.template operator()<I>(), ...);
}

// f<0>(), f<1>(), ... f<n - 1>()
template <int n, class F>
CODELENGTH_INLINE void unroll(F f) {
    unroll(f, typename IndicesUpTo<n>::Type());
}

}  // namespace codelength::kernels::CODELENGTH_NETWORK_ISA
