// One segment of an archive: content to payload and back.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "start.hpp"

namespace codelength {

using Bytes = std::span<const std::uint8_t>;

// What a caller on another thread sees of a running segment, and how it stops one.
struct Monitor {
    std::atomic<std::uint64_t> n_bytes{0};  // bytes of content done
    std::atomic<bool> cancelled{false};
    std::atomic<bool> quiet{false};         // n_bytes stays: what is done is done besides
};

struct Cancelled : std::runtime_error {
    Cancelled() : std::runtime_error("cancelled") {}
};

struct CorruptPayload : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Network;

struct Coded {
    int predictor;  // the one asked for, or its stand-in for content that a network does not serve
    int kind;
    std::vector<std::uint8_t> payload;
    std::uint64_t forecast_length_bits = 0;  // what the network alone would have spent
};

// Number of registered predictors; their ids are 1..n_predictors (0 is "stored", handled by the caller).
int n_predictors();

// Name of the instruction set in use.
const char* isa_name();

// Whether a predictor needs a network. Throws std::invalid_argument for an unknown predictor.
bool is_networked(int predictor);

// network: for a predictor that needs one, else null; only it uses more than one thread.
// Throws std::invalid_argument for an unknown predictor or a network too few or too many, Cancelled.
Coded encode_segment(Bytes content, int predictor, const Network* network, int n_threads, Monitor* monitor);

// With the network, or with the predictor's stand-in where that is no longer: text that repeats itself, such as logs. The
// latter is tried only where contexts add much to what the network knows (docs/notes/mixing.md).
// name_bytes: what naming the network costs beside the payload.
Coded encode_segment_either(Bytes content, int predictor, const Network& network, std::size_t name_bytes, int n_threads,
                            Monitor* monitor);

// Throws as encode_segment, std::invalid_argument for a kind that is unknown or not the predictor's, CorruptPayload.
std::vector<std::uint8_t> decode_segment(Bytes payload, std::size_t n_bytes, int predictor, int kind, const Network* network,
                                         int n_threads, Monitor* monitor);

// Of each byte of a text under predictor 2, which knows nothing else: -log2 p in 1/16, at most 255.
std::vector<std::uint8_t> text_lengths(Bytes content);

// What a predictor that needs a network learns from documents of text, on average over the later half of them: for model
// files.
// Throws std::invalid_argument for a predictor that needs none.
Start learn_start(std::span<const Bytes> documents, int predictor, const Network& network);

// Sum of -log2 p over the bits that encode_segment codes: what a perfect coder would spend. For measuring the coder;
// the only floating point here, and it decides nothing.
double ideal_length_bits(Bytes content, int predictor, const Network* network);

// Bytes of tables that a predictor allocates for a segment of n_bytes.
std::size_t memory_bytes(int predictor, std::size_t n_bytes);

}  // namespace codelength
