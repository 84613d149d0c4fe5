// The loop around a predictor, once for each instruction set. Included by segment_*.cpp alone.
#pragma once
#include <cmath>
#include <memory>

#include "coder.hpp"
#include "mixing.hpp"
#include "segment.hpp"

namespace codelength::CODELENGTH_ISA {

inline void report(Monitor* monitor, std::size_t n_bytes) {
    if (!monitor) return;
    monitor->n_bytes.store(n_bytes, std::memory_order_relaxed);
    if (monitor->cancelled.load(std::memory_order_relaxed)) throw Cancelled();
}

// Counts instead of coding.
struct IdealEncoder {
    double length_bits = 0;
    void encode(int bit, std::uint32_t p1) { length_bits -= std::log2((bit ? p1 : 65536 - p1) / 65536.0); }
};

template <class Predictor, class Encoder>
void encode_with(Predictor& predictor, Bytes symbols, std::size_t n_bytes, Encoder& encoder, Monitor* monitor) {
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const int symbol = symbols[i];
        for (int k = 7; k >= 0; --k) {
            const int bit = symbol >> k & 1;
            encoder.encode(bit, static_cast<std::uint32_t>(predictor.predict(symbols.data())));
            predictor.learn(bit);
        }
        predictor.end_symbol(symbols.data());
        if (i % 4096 == 0) report(monitor, n_bytes * i / symbols.size());
    }
}

template <class Predictor>
std::vector<std::uint8_t> decode_with(Predictor& predictor, Kind kind, std::size_t n_bytes, BitDecoder& decoder, Monitor* monitor) {
    std::vector<std::uint8_t> symbols, content;
    Expander expander;
    const std::vector<std::uint8_t>& out = kind == Kind::words ? content : symbols;
    while (out.size() < n_bytes) {
        int symbol = 1;
        while (symbol < 256) {
            const int bit = decoder.decode(static_cast<std::uint32_t>(predictor.predict(symbols.data())));
            predictor.learn(bit);
            symbol = symbol << 1 | bit;
        }
        if (decoder.overrun()) throw CorruptPayload("the payload ends before its content");
        symbols.push_back(static_cast<std::uint8_t>(symbol));
        if (symbols.size() > 2 * n_bytes) throw CorruptPayload("more symbols than its content can need");
        if (kind == Kind::words && !expander.expand(static_cast<std::uint8_t>(symbol), content))
            throw CorruptPayload("a symbol where it means nothing");
        predictor.end_symbol(symbols.data());
        if (symbols.size() % 4096 == 0) report(monitor, out.size());
    }
    if (out.size() != n_bytes || !expander.complete()) throw CorruptPayload("the content ends inside a word");
    if (!decoder.consumed()) throw CorruptPayload("the payload goes on after its content");
    return kind == Kind::words ? content : symbols;
}

// Calls f with the predictor of this profile. n_symbols sizes its tables.
template <class F>
auto with_predictor(std::size_t profile, Kind kind, std::uint32_t stride, std::size_t n_symbols, F f) {
    const auto run = [&]<int n, bool deep>() {
        const auto p = std::make_unique<MixingPredictor<n, deep>>(profiles[profile], kind, stride, n_symbols);
        return f(*p);
    };
    switch (profile) {
        case 0: return run.template operator()<profiles[0].n_contexts, profiles[0].deep>();
        case 1: return run.template operator()<profiles[1].n_contexts, profiles[1].deep>();
        case 2: return run.template operator()<profiles[2].n_contexts, profiles[2].deep>();
        default: return run.template operator()<profiles[3].n_contexts, profiles[3].deep>();
    }
}

}  // namespace codelength::CODELENGTH_ISA
