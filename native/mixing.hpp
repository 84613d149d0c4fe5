// experimental
#pragma once
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <immintrin.h>
#include "tables.hpp"
#include "simd.hpp"
#include "segment.hpp"

namespace codelength {
#ifndef PARAMS
#define PARAMS
struct Params { int rate0 = 12, rate1 = 2, decay = 9; int init = 10000, esh = 5; int minlen = 6; int bits = 22; int ksh = 4; int lim = 640; int w2 = 8; int arate = 6; };
inline Params P_;
#endif



// log2 of 1 <= p < 2^17 in 1/4096: linear in the mantissa plus a parabola
inline int lg(int p) {
    const int e = 31 - __builtin_clz(p);
    const int f = ((p << (16 - e)) & 0xFFFF) >> 4;   // 12 bits
    return (e << 12) + f + (((f * (4096 - f)) >> 12) * 1409 >> 12);
}
inline int stretch2(int p) { return ((lg(2*p + 1) - lg(131071 - 2*p)) * 1420) >> 15; }
using CODELENGTH_SIMD::Lanes;
inline Lanes lg(Lanes p) {
    const Lanes e = p.float_bits().shr<11>() - Lanes::all(127 << 12);
    const Lanes f = e & Lanes::all(4095);
    const Lanes c = (f * (Lanes::all(4096) - f)).shr<12>();
    return e + (c * Lanes::all(1409)).sar<12>();
}
template <int N> struct Bank {
    static constexpr int W = Lanes::width;
    static constexpr int NB = (N + W - 1) / W * W;
    alignas(64) std::uint32_t T[NB * 256];
    alignas(64) std::uint8_t* slot[NB];
    alignas(64) std::uint32_t cur[NB], state[NB], tmp[NB];
    std::uint8_t dummy[16] = {};
    Bank() { for (int i = 0; i < NB; ++i) { slot[i] = dummy; for (int s = 0; s < 256; ++s) T[i * 256 + s] = tables.prior[s] << 10; } }
    __attribute__((always_inline)) inline void predict(int nd, std::int32_t* in) {
        for (int g = 0; g < NB; g += W) {
            const Lanes s = Lanes::bytes_at(slot + g, nd) + Lanes::iota().shl<8>();
            s.store(state + g);
            const Lanes t = Lanes::gather(T + g * 256, s);
            t.store(cur + g);
            const Lanes p2 = t.shr<15>() | Lanes::all(1);
            const Lanes x = ((lg(p2) - lg(Lanes::all(131072) - p2)) * Lanes::all(1420)).sar<15>();
            x.store(in + g);
        }
    }
    __attribute__((always_inline)) inline void update(int nd, int bit, int limit) {
        const Lanes target = Lanes::all(-bit & 4194303), lim = Lanes::all(limit);
        const std::uint8_t* next = &tables.next[0][0] + bit;
        for (int g = 0; g < NB; g += W) {
            const Lanes t = Lanes::load(cur + g);
            const Lanes n = t & Lanes::all(1023), p = t.shr<10>(), k = n.shr<6>();
            const Lanes q = p + (target - p).sar(k + Lanes::all(1));
            const Lanes n2 = Lanes::min(lim, n + Lanes::all(64).shr(k));
            (q.shl<10>() | n2).store(tmp + g);
            for (int i = g; i < g + W && i < N; ++i) {
                T[g * 256 + state[i]] = tmp[i];
                slot[i][nd] = next[(state[i] & 255) * 2];
            }
        }
    }
};
struct StateMap {
    std::uint32_t t[256];
    int p(int s) const { return static_cast<int>(t[s] >> 16); }
    void update(int s, int bit, int limit) {
        const std::uint32_t v = t[s];
        const int n = v & 1023, p = static_cast<int>(v >> 10);
        const int delta = (((bit ? 4194303 : 0) - p) >> 7) * tables.reciprocal[n];
        t[s] = (static_cast<std::uint32_t>(p + (delta >> 9)) << 10) | static_cast<std::uint32_t>(n + (n < limit));
    }
};
struct HugeTable {
    std::uint8_t* data = nullptr; std::size_t size = 0;
    explicit HugeTable(std::size_t n) : size(n) {
        data = static_cast<std::uint8_t*>(std::aligned_alloc(n >= (1u<<21) ? (1u << 21) : 4096, (n + 4095) & ~std::size_t{4095}));
        madvise(data, n, MADV_HUGEPAGE);
        std::memset(data, 0, n);
    }
    ~HugeTable() { std::free(data); }
};

inline std::uint8_t* find_slot(std::uint8_t* line, std::uint8_t check) {
    const unsigned hit = (line[0] == check) | (line[16] == check) << 1 | (line[32] == check) << 2 | (line[48] == check) << 3;
    if (hit) return line + 16 * __builtin_ctz(hit);
    unsigned best = tables.priority[line[1]] << 2;
    best = std::min(best, tables.priority[line[17]] << 2 | 1u);
    best = std::min(best, tables.priority[line[33]] << 2 | 2u);
    best = std::min(best, tables.priority[line[49]] << 2 | 3u);
    std::uint8_t* s = line + (best & 3) * 16;
    std::memset(s, 0, 16);
    s[0] = check;
    return s;
}

inline std::uint32_t mix32(std::uint32_t h) { h ^= h >> 16; h *= 0x7FEB352Du; h ^= h >> 15; h *= 0x846CA68Bu; h ^= h >> 16; return h; }
inline std::uint32_t hash2(std::uint32_t a, std::uint32_t b) { return mix32(a * 0x9E3779B1u + mix32(b + 0x85EBCA6Bu)); }

template <int NI> struct Mixer {
    static constexpr int P = (NI + Lanes::width - 1) / Lanes::width * Lanes::width;
    std::vector<std::int32_t> store; std::int32_t* w; int n; int sel = 0; int pr = 32768;
    Mixer(int n_, int init) : store(n_ * P + 16), n(n_) {
        w = reinterpret_cast<std::int32_t*>((reinterpret_cast<std::uintptr_t>(store.data()) + 63) & ~std::uintptr_t{63});
        for (int i = 0; i < n; ++i) for (int j = 0; j < P; ++j) w[i * P + j] = j < NI ? init : 0;
    }
    int dot(const std::int32_t* t, int s) {
        sel = s;
        const std::int32_t* v = w + s * P;
        Lanes acc = Lanes::all(0);
        for (int i = 0; i < P; i += Lanes::width) acc = acc + (Lanes::load(v + i) * Lanes::load(t + i)).template sar<8>();
        const int sum = acc.sum();
        int x = sum >> 8;
        x = x > stretch_max ? stretch_max : x < -stretch_max ? -stretch_max : x;
        pr = squash(x);
        return x;
    }
    void train(const std::int32_t* t, int bit, int rate) {
        const std::int32_t err = (((bit << 16) - pr) * rate) >> P_.esh;
        std::int32_t* v = w + sel * P;
        for (int i = 0; i < P; i += Lanes::width) {
            const Lanes x = Lanes::load(v + i) + (Lanes::load(t + i) * Lanes::all(err) + Lanes::all(8192)).template sar<14>();
            Lanes::max(Lanes::min(x, Lanes::all(524287)), Lanes::all(-524287)).store(v + i);
        }
    }
};

struct Apm {
    std::vector<std::uint16_t> store; std::uint16_t* t; int idx = 0; int row = 0;
    explicit Apm(int n) : store(n * 32 + 64) {
        t = reinterpret_cast<std::uint16_t*>((reinterpret_cast<std::uintptr_t>(store.data()) + 63) & ~std::uintptr_t{63});
        for (int i = 0; i < n; ++i) for (int j = 0; j < 32; ++j) t[i * 32 + j] = squash((j - 16) * 192 + 96);
    }
    void select(int ctx) { row = ctx * 32; __builtin_prefetch(t + row); }
    int refine(int x) {
        const int pos = std::max(x + 3072 - 96, 0) * 21845 >> 12; // x 1/64 of 1/12...
        const int lo = std::min(pos >> 10, 30), w = std::min(pos - (lo << 10), 1023);
        idx = row + lo + (w >> 9);
        return (t[row + lo] * (1024 - w) + t[row + lo + 1] * w) >> 10;
    }
    void update(int bit, int rate) { int v = t[idx]; v += ((bit ? 65535 : 0) - v) >> rate; t[idx] = v; }
};

template <int N, int L2> struct Predictor {
    static constexpr int NI = N + 3;
    static constexpr int NP = (NI + 15) / 16 * 16 + 16;
    HugeTable table; int bits;
    HugeTable o1{256 * 272};
    alignas(64) std::int32_t in[NP] = {};
    Bank<N> bank; std::uint32_t h[N]; int rate = 0;
    StateMap matchmap;
    Mixer<NI> m0{256, P_.init}, m1{256, P_.init}, m2{256 * 1, P_.init}, m3{512, P_.init};
    Mixer<4> fin{256 * 1, 65536 / 4};
    Apm a1{65536}, a2{65536}; std::uint32_t o2h = 0;
#ifndef A1
#define A1 1
#define A2 1
#endif
    const std::uint8_t* buf = nullptr; std::size_t pos = 0;
    std::uint32_t c0 = 1, c4 = 0, c8 = 0, word = 0, word1 = 0, word2 = 0; int bitpos = 0;
    std::vector<std::uint32_t> mt; int mtbits; std::uint32_t mptr = 0; int mlen = 0; int mbit = 0; int mctx = 0;
    std::uint32_t nbits = 0;
    std::uint16_t ind1[256] = {}; std::uint16_t ind2[65536] = {};
    std::size_t line0 = 0, line1 = 0;
    int charclass[4] = {};
    alignas(64) std::int32_t xa[16] = {};
    int xfin = 0; std::uint8_t matchseen[64] = {};
    int node = 1;
    std::uint8_t mb[512];

    Predictor(int bits_) : table(std::size_t{64} << bits_), bits(bits_), mt(1 << 20), mtbits(20) {
        for (int i = 0; i < N; ++i) bank.slot[i] = table.data, h[i] = 0;
        for (int i = 0; i < 64; ++i) { int p = i & 1 ? 60000 : 5536; matchmap.t[i] = (std::uint32_t)p << 16; }
        for (int l = 0; l < 512; ++l) mb[l] = l == 0 ? 0 : l < 16 ? l : l < 32 ? 16 + (l - 16) / 4 : l < 64 ? 20 + (l - 32) / 8 : 24 + (l - 64) / 64;
        next_byte();
    }
    void lookup(int nib) {
        std::uint8_t* lines[N]; std::uint8_t chk[N];
        for (int i = 1; i < N; ++i) {
            std::uint32_t idx = h[i] >> (32 - bits);
            if (nib) idx ^= (c0 & 15) + 1;
            lines[i] = table.data + ((std::size_t)idx << 6);
            chk[i] = static_cast<std::uint8_t>(h[i] + (nib ? c0 * 0x3D : 0));
            __builtin_prefetch(lines[i]);
        }
        bank.slot[0] = o1.data + (c4 & 255) * 272 + (nib ? 16 * (c0 & 15) + 16 : 0);
        for (int i = 1; i < N; ++i) bank.slot[i] = find_slot(lines[i], chk[i]);
    }
    static int cls(int c) { return c >= 'a' && c <= 'z' ? 0 : c >= 'A' && c <= 'Z' ? 1 : c >= '0' && c <= '9' ? 2 : c == ' ' ? 3 : c == '\n' || c == '\r' ? 4 : c >= 128 ? 5 : c < 32 ? 6 : 7; }
    void next_byte() {
        const int c = c4 & 255;
        if (pos > 0) {
            int lc = c >= 'A' && c <= 'Z' ? c + 32 : c;
            if ((lc >= 'a' && lc <= 'z') || c >= 128) word = (word + lc + 1) * 0x2F0B4C47u;
            else if (word) { word2 = word1; word1 = word; word = 0; }
            if (c == '\n') { line1 = line0; line0 = pos; }
            int c1 = (c4 >> 8) & 255; int c12 = (c4 >> 8) & 0xffff;
            ind1[c1] = ind1[c1] << 8 | c; ind2[c12] = ind2[c12] << 8 | c;
        }
        const std::uint32_t o2 = c4 & 0xffff, o3 = c4 & 0xffffff;
        std::size_t col = pos - line0; std::uint32_t above = (line1 + col < line0) ? buf[line1 + col] : 10;
        if (mlen > 0 && buf[mptr] == c) { ++mptr; if (mlen < 65535) ++mlen; } else mlen = 0;
        if (static_cast<int>(pos) >= P_.minlen) {
            std::uint32_t hh = hash2(c4, P_.minlen > 4 ? c8 & ((1u << (8 * (P_.minlen - 4))) - 1) : 0) >> (32 - mtbits);
            if (mlen == 0) {
                mptr = mt[hh];
                if (mptr > 0) { while (mlen < 400 && mlen < static_cast<int>(mptr) && buf[mptr - 1 - mlen] == buf[pos - 1 - mlen]) ++mlen; if (mlen < P_.minlen) mlen = 0; }
            }
            mt[hh] = static_cast<std::uint32_t>(pos);
        }
        const int exb = mlen ? buf[mptr] : 256; (void)exb;
        int k = 1;
        auto add = [&](std::uint32_t a, std::uint32_t b) { if (k < N) h[k] = hash2(a + 0x51ED270Bu * (k + 1), b); ++k; };
        add(o2, 0);
        add(o3, 0);
        add(c4, 0);
        add(c4, c8 & 0xff);
        add(c4, c8 & 0xffff);
        add(word, c);
        add(word, word1);
        // 8
        add(c4, c8 & 0xffffff);
        add(c4 & 0xffff00, 1);
        add(above << 8 | c, 2);
        add(ind1[c], c);
        add(ind2[o2], c);
        add(word, word2 * 3 + c);
        add(c4 & 0xf0f0ffff, c8 & 0xf0);
        add(c4 & 0xff00ff00, 1);
        // 16
        add(above << 8 | (col > 255 ? 255 : col), 1);
        add(word + c, word1 * 7 + word2);
        add(c4 & 0xffff0000, 3);
        add(c4 & 0xff0000ff, 1);
        add(ind1[c], ind2[o2]);
        add(c4, c8);
        add(c4 & 0xf8f8f8f8, c8 & 0xf8f8);
        add(exb, mlen>31?31:mlen);
        charclass[3] = charclass[2]; charclass[2] = charclass[1]; charclass[1] = cls(c);
        node = 1; o2h = mix32(c4 & 0xffffff);
        lookup(0);
    }
    int mbucket() const { return mb[std::min(mlen, 511)]; }
    int predict() {
        const int c1 = c4 & 255;
        if(A1) a1.select(c1 << 8 | c0);
        if(A2) a2.select((o2h ^ c0 * 0x9E35) & 0xffff);
        bank.predict(node, in);
        if (mlen > 0 && ((buf[mptr] + 256u) >> (8 - bitpos)) == c0) {
            mbit = (buf[mptr] >> (7 - bitpos)) & 1;
            mctx = mbucket() * 2 + mbit;
            const int p = matchmap.p(mctx);
            in[N] = stretch2(p); in[N + 1] = (p - 32768) >> 4;
        } else { mctx = -1; mlen = 0; in[N] = in[N + 1] = 0; }
        in[N + 2] = 256;
        xa[0] = m0.dot(in, (mctx < 0 ? 0 : mbucket()) * 8 + bitpos);
        if (L2) {
            xa[1] = m1.dot(in, c0);
            xa[2] = m2.dot(in, c1);
            xa[3] = m3.dot(in, (charclass[2] * 8 + charclass[3]) * 8 + bitpos);
            xfin = fin.dot(xa, mctx<0?0:mbucket());
        } else xfin = xa[0];
        int p = squash(xfin);
        const int p0=p; if(A1&&A2) { p = (2*p0+a1.refine(xfin)+a2.refine(xfin)+2)>>2; } else if (A1) p = (p0+a1.refine(xfin)+1)>>1; else if (A2) p=(p0+a2.refine(xfin)+1)>>1;
        return p < 1 ? 1 : p > 65535 ? 65535 : p;
    }
    void update(int bit) {
        bank.update(node, bit, P_.lim);
        if (mctx >= 0) { matchmap.update(mctx, bit, 1023); if (mbit != bit) mlen = 0; }
        ++nbits;
        if (bitpos == 0) rate = P_.rate1 + (P_.rate0 * 4096) / (4096 + static_cast<int>(nbits >> P_.decay << 4) );
        m0.train(in, bit, rate);
        if (L2) { m1.train(in, bit, rate); m2.train(in, bit, rate); m3.train(in, bit, rate); fin.train(xa, bit, P_.w2); }
        if(A1)a1.update(bit, P_.arate); if(A2) a2.update(bit, P_.arate);
        c0 = c0 * 2 + bit; ++bitpos; node = node * 2 + bit;
        if (bitpos == 8) { c8 = c8 << 8 | c4 >> 24; c4 = c4 << 8 | (c0 & 255); ++pos; c0 = 1; bitpos = 0; next_byte(); }
        else if (bitpos == 4) { node = 1; lookup(1); }
    }
};
}
