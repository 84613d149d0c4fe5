// The two halves of a segment's coding, built once for each instruction set that the build supports.
#pragma once
#include <vector>

#include "contexts.hpp"
#include "network.hpp"
#include "segment.hpp"

namespace codelength {

// What both directions know of a segment.
struct Job {
    std::size_t profile;
    Kind kind;
    std::size_t n_bytes;     // of content
    const Network* network;  // null for a profile without one
    int n_threads;           // at most so many at work
    Monitor* monitor;

    const PhraseTable* phrases() const { return network ? network->phrases() : nullptr; }
    const Start* start(Kind of) const {
        return network ? network->start_of(static_cast<int>(profile) + 1, static_cast<int>(of)) : nullptr;
    }
};

struct Isa {
    const char* name;
    // Returns what the network's forecasts alone would have cost, in bits; 0 without one.
    std::uint64_t (*encode)(const Job& job, std::uint32_t stride, Bytes symbols, std::vector<std::uint8_t>& payload);
    double (*ideal_length_bits)(const Job& job, std::uint32_t stride, Bytes symbols);
    std::vector<std::uint8_t> (*decode)(const Job& job, Bytes payload);
    // The kind of text whose start codes the sample, the first bytes of a content, in the fewest bits, as far as it is
    // not clearly behind before. frequencies: what the network says before each of them.
    Kind (*kind_of_text)(const Job& job, Bytes sample, const std::uint32_t* frequencies);
    std::vector<std::uint8_t> (*text_lengths)(Bytes content);
    Start (*learn)(const Job& job, std::span<const Bytes> documents);  // for a profile with a network
};

extern const Isa isa_portable;
extern const Isa isa_avx2;  // only where CODELENGTH_X86 is defined

// With the instruction set in use, on forecasts made once for all kinds. Without narrower kinds' starts it is text.
Kind kind_of_text(const Job& job, Bytes sample);

bool cpu_runs_avx2();  // and the bit instructions that isa_avx2 is built with

}  // namespace codelength
