// The two halves of a segment's coding, built once for each instruction set that the build supports.
#pragma once
#include <vector>

#include "contexts.hpp"
#include "segment.hpp"

namespace codelength {

struct Isa {
    const char* name;
    void (*encode)(std::size_t profile, Kind kind, std::uint32_t stride, Bytes symbols, std::size_t n_bytes,
                   std::vector<std::uint8_t>& payload, Monitor* monitor);
    double (*ideal_length_bits)(std::size_t profile, Kind kind, std::uint32_t stride, Bytes symbols, std::size_t n_bytes);
    std::vector<std::uint8_t> (*decode)(std::size_t profile, Kind kind, Bytes payload,
                                        std::size_t n_bytes, Monitor* monitor);
};

extern const Isa isa_portable;
extern const Isa isa_avx2;  // only where CODELENGTH_X86 is defined

bool cpu_runs_avx2();  // and the bit instructions that isa_avx2 is built with

}  // namespace codelength
