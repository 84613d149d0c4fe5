// Vectors of 16-bit integers, and of 32-bit ones beside them, of the instruction set that this file is compiled for.
// Every operation is exact and means the same in all of them.
//
// Int16s: + and - and * wrap; mul(a, b) = (a b + 2^14) >> 15, where not both are -32768; high(a, b) = a b >> 16.
// Int32s: half as many; + and * wrap. narrow() saturates to 16 bits, widen() is its inverse.
// Int32Pair: as many 32-bit numbers as Int16s has, in an order of its own. dot2(a, b, c, d) = a c + b d, without
// overflow; narrow<n>(p) = (p + 2^(n-1)) >> n, saturated to 16 bits.
// SumOfSquares: in 64 bits, of numbers that are not -32768.
#pragma once

// One namespace an instruction set, as in simd.hpp: the linker must not merge what the CPU may not run.
// CODELENGTH_PLAIN asks for the portable code where the compiler knows better.
#if defined(CODELENGTH_PLAIN)
#define CODELENGTH_NETWORK_ISA network_portable
#include "vectors_portable.hpp"
#elif defined(__AVX512VNNI__) && defined(__AVX512BW__)
#define CODELENGTH_NETWORK_ISA network_avx512vnni
#include "vectors_avx512vnni.hpp"
#elif defined(__AVX2__)
#define CODELENGTH_NETWORK_ISA network_avx2
#include "vectors_avx2.hpp"
#elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#define CODELENGTH_NETWORK_ISA network_neon_dot
#include "vectors_neon.hpp"
#elif defined(__aarch64__)
#define CODELENGTH_NETWORK_ISA network_neon
#include "vectors_neon.hpp"
#else
#error "no instruction set: define CODELENGTH_PLAIN"
#endif
