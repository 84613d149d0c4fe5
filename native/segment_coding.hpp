// The loop around a predictor, once for each instruction set. Included by segment_isa.cpp alone.
#pragma once
#include <cmath>
#include <memory>

#include "coder.hpp"
#include "forecaster.hpp"
#include "isa.hpp"
#include "mixing.hpp"
#include "turns.hpp"

namespace codelength::CODELENGTH_ISA {

inline void report(Monitor* monitor, std::size_t n_bytes) {
    if (!monitor) return;
    if (!monitor->quiet.load(std::memory_order_relaxed)) monitor->n_bytes.store(n_bytes, std::memory_order_relaxed);
    if (monitor->cancelled.load(std::memory_order_relaxed)) throw Cancelled();
}

// Counts instead of coding.
struct IdealEncoder {
    double length_bits = 0;
    void encode(int bit, std::uint32_t p1) { length_bits -= std::log2((bit ? p1 : 65536 - p1) / 65536.0); }
};

// Counts in integers, in 1/4096 bit: for choices.
struct LengthEncoder {
    std::uint64_t length = 0;
    void encode(int bit, std::uint32_t p1) {
        length += static_cast<std::uint64_t>(lg(65536) - lg(static_cast<int>(bit ? p1 : 65536 - p1)));
    }
};

template <class Predictor, class Encoder>
void encode_symbol(Predictor& predictor, int symbol, Encoder& encoder) {
    for (int k = 7; k >= 0; --k) {
        const int bit = symbol >> k & 1;
        encoder.encode(bit, static_cast<std::uint32_t>(predictor.predict()));
        predictor.learn(bit);
    }
}

template <class Predictor>
std::uint8_t decode_symbol(Predictor& predictor, BitDecoder& decoder) {
    int symbol = 1;
    while (symbol < 256) {
        const int bit = decoder.decode(static_cast<std::uint32_t>(predictor.predict()));
        predictor.learn(bit);
        symbol = symbol << 1 | bit;
    }
    if (decoder.overrun()) throw CorruptPayload("the payload ends before its content");
    return static_cast<std::uint8_t>(symbol);
}

// Without a network: one lane. code(i) codes symbol number i of `symbols`.
template <class Predictor, class Code>
void code_alone(Predictor& predictor, Bytes symbols, std::size_t n_bytes, Monitor* monitor, Code code) {
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        predictor.begin_symbol(0, symbols.data(), nullptr);
        code(i);
        predictor.end_symbol(symbols.data());
        if (i % 4096 == 0) report(monitor, n_bytes * i / symbols.size());
    }
}

// With a network. Lanes stand in groups; each group's forecasts are made by one thread, beside those of the others, and
// its symbols coded when its turn has come: the order is the same whatever the number of threads.
template <class Predictor, class Code>
void code_in_lanes(Predictor& predictor, Bytes symbols, bool known, const Job& job, Code code) {
    const Lanes& lanes = predictor.lanes();
    const std::uint32_t n_groups = lanes.groups(), group_size = lanes.count / n_groups;
    const auto run = job.network->start(static_cast<int>(lanes.count));
    const std::uint32_t n_threads = std::clamp(static_cast<std::uint32_t>(std::max(job.n_threads, 1)), 1u, n_groups);
    const std::uint32_t n_steps = static_cast<std::uint32_t>(std::min<std::size_t>(lanes.size, symbols.size()));
    // Enough rows to hide the reading of the weights, few enough for the cache. One thread ahead of its turn would make the
    // others wait for it.
    const std::uint32_t n_ahead = known && n_groups == 1 ? std::max(1u, 64 / group_size) : 1;
    Turns turns;
    turns.run(static_cast<int>(n_threads), [&](int thread) {
        std::vector<Forecaster> mine;
        for (std::uint32_t g = static_cast<std::uint32_t>(thread); g < n_groups; g += n_threads)
            mine.emplace_back(*run, symbols, lanes, g * group_size, group_size, n_ahead);
        for (std::uint32_t step = 0; step < n_steps; ++step) {
            const std::uint32_t n_active = lanes.active(step, symbols.size());
            for (Forecaster& forecaster : mine) {
                const std::uint32_t first = forecaster.first(), end = std::clamp(n_active, first, first + group_size);
                forecaster.advance(step, end - first);
                const std::uint64_t turn = std::uint64_t{step} * n_groups + first / group_size;
                turns.wait(turn);
                for (std::uint32_t lane = first; lane < end; ++lane) {
                    predictor.begin_symbol(lane, symbols.data(), forecaster.at(lane));
                    code(lanes.start(lane) + step);
                    predictor.end_symbol(symbols.data());
                }
                if (thread == 0 && step % 64 == 0) report(job.monitor, std::size_t{step} * lanes.count);
                turns.pass(turn);
            }
        }
    });
}

template <class Predictor, class Code>
void code_symbols(Predictor& predictor, Bytes symbols, bool known, const Job& job, Code code) {
    if (job.network)
        code_in_lanes(predictor, symbols, known, job, code);
    else
        code_alone(predictor, symbols, job.n_bytes, job.monitor, code);
}

template <class Predictor>
void decode_words(Predictor& predictor, std::vector<std::uint8_t>& content, BitDecoder& decoder, Monitor* monitor) {
    const std::size_t n_bytes = content.size();
    content.clear();
    std::vector<std::uint8_t> symbols;
    Expander expander;
    while (content.size() < n_bytes) {
        predictor.begin_symbol(0, symbols.data(), nullptr);
        symbols.push_back(decode_symbol(predictor, decoder));
        if (symbols.size() > 2 * n_bytes) throw CorruptPayload("more symbols than its content can need");
        if (!expander.expand(symbols.back(), content)) throw CorruptPayload("a symbol where it means nothing");
        predictor.end_symbol(symbols.data());
        if (symbols.size() % 4096 == 0) report(monitor, content.size());
    }
    if (content.size() != n_bytes || !expander.complete()) throw CorruptPayload("the content ends inside a word");
}

// Calls f<number> with the number of a profile with a network, as a constant.
template <class F>
void with_networked(std::size_t profile, F f) {
    static_assert(profiles.size() == 6 && profiles[4].networked && profiles[5].networked);
    if (profile == 4) f.template operator()<4>();
    else f.template operator()<5>();
}

// Calls f with the predictor of this profile. n_symbols sizes its tables.
template <class F>
void with_predictor(std::size_t profile, Kind kind, std::uint32_t stride, std::size_t n_symbols, const Lanes& lanes,
                    const Start* start, const PhraseTable* phrases, F f) {
    const auto run = [&]<std::size_t number>() {
        constexpr Profile p = profiles[number];
        using Predictor = MixingPredictor<p.n_contexts, p.deep, p.networked>;
        f(*std::make_unique<Predictor>(profiles[profile], kind, stride, n_symbols, lanes, start, phrases));
    };
    static_assert(profiles.size() == 6);
    switch (profile) {
        case 0: return run.template operator()<0>();
        case 1: return run.template operator()<1>();
        case 2: return run.template operator()<2>();
        case 3: return run.template operator()<3>();
        case 4: return run.template operator()<4>();
        default: return run.template operator()<5>();
    }
}

}  // namespace codelength::CODELENGTH_ISA
