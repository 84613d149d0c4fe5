// One segment of an archive: content to payload and back.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

namespace codelength {

using Bytes = std::span<const std::uint8_t>;

// What a caller on another thread sees of a running segment, and how it stops one.
struct Monitor {
    std::atomic<std::uint64_t> n_bytes{0};  // bytes of content done
    std::atomic<bool> cancelled{false};
};

struct Cancelled : std::runtime_error {
    Cancelled() : std::runtime_error("cancelled") {}
};

struct CorruptPayload : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Coded {
    int kind;
    std::vector<std::uint8_t> payload;
};

// Number of registered predictors; their ids are 1..n_predictors (0 is "stored", handled by the caller).
int n_predictors();

// Name of the instruction set in use.
const char* isa_name();

// Throws std::invalid_argument for an unknown predictor, Cancelled.
Coded encode_segment(Bytes content, int predictor, Monitor* monitor);

// Throws std::invalid_argument for an unknown predictor or kind, CorruptPayload, Cancelled.
std::vector<std::uint8_t> decode_segment(Bytes payload, std::size_t n_bytes, int predictor, int kind, Monitor* monitor);

// Sum of -log2 p over the bits that encode_segment codes: what a perfect coder would spend. For measuring the coder;
// the only floating point here, and it decides nothing.
double ideal_length_bits(Bytes content, int predictor);

// Bytes of tables that a predictor allocates for a segment of n_bytes.
std::size_t memory_bytes(int predictor, std::size_t n_bytes);

}  // namespace codelength
