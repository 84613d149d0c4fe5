// The network: a byte-level gated linear recurrence in integers. docs/format.md, section 5.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "start.hpp"

namespace codelength {

struct NetworkShape {
    int width, layers, hidden, taps, rows, columns;
    std::vector<int> orders;
    std::vector<int> echoes = {};
};

// One tensor of a model file, as its bytes lie there.
struct NetworkTensor {
    std::string name, dtype;  // dtype as in safetensors: I8, I16, I32
    std::vector<std::size_t> shape;
    std::span<const std::uint8_t> bytes;
};

struct BadNetwork : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// States of sequences ("lanes") that are read in step. The Network must outlive it. Threads may advance different
// ranges of lanes at the same time.
class NetworkRun {
public:
    virtual ~NetworkRun() = default;

    // Reads n_steps positions of the lanes first_lane .. first_lane + lanes.size() - 1. lanes[i] points at the lane's
    // first byte; position p reads lanes[i][p - 8] .. lanes[i][p - 1] (bytes before the first count as 0), so the last
    // byte touched is number position + n_steps - 2. Writes frequencies for the byte at each position, first of all
    // steps of the first lane: out[(i * n_steps + t) * 256 + byte]. Each lane's positions come one after another, from
    // its first on.
    // Throws std::invalid_argument for lanes that do not exist or a negative number of steps.
    virtual void forward(std::span<const std::uint8_t* const> lanes, int first_lane, std::size_t position, int n_steps,
                         std::uint32_t* out) = 0;

    // Another run with the same states.
    virtual std::unique_ptr<NetworkRun> copy() const = 0;
};

// The weights: checked, packed, immutable, shared by threads.
class Network {
public:
    // Throws BadNetwork for what docs/format.md, 5.5 forbids. Copies the tensors. Its kernels are the fastest here, or
    // those that CODELENGTH_ISA names.
    Network(const NetworkShape& shape, const std::vector<NetworkTensor>& tensors);
    ~Network();

    // Zero states for n_lanes sequences. Throws std::invalid_argument for a negative number.
    std::unique_ptr<NetworkRun> start(int n_lanes) const;

    // What the file offers a mixing predictor to start from, for a kind of text; null for nothing.
    const Start* start_of(int predictor, int kind) const;

    // Null if the file has none.
    const PhraseTable* phrases() const;

    std::size_t memory_bytes() const;
    std::size_t multiply_adds_per_byte() const;
    const char* isa_name() const;

private:
    struct Weights;
    std::unique_ptr<const Weights> weights_;
};

// The tensors mixing.* of a model file. Throws BadNetwork.
Starts read_starts(const std::vector<NetworkTensor>& tensors);

}  // namespace codelength
