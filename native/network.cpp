#include "network.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <string_view>

#if defined(__linux__) && defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "echoes.hpp"
#include "network_model.hpp"

namespace codelength {
namespace {

// From the slowest to the fastest, as far as this CPU runs them.
std::vector<const NetworkIsa*> supported() {
    std::vector<const NetworkIsa*> found = {&network_portable};
#if defined(CODELENGTH_X86)
    if (__builtin_cpu_supports("avx2")) {
        found.push_back(&network_avx2);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512vnni"))
            found.push_back(&network_avx512vnni);
    }
#elif defined(CODELENGTH_ARM64)
    found.push_back(&network_neon);
#if defined(__APPLE__)
    found.push_back(&network_neon_dot);  // every arm64 Mac has these products
#elif defined(__linux__)
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) found.push_back(&network_neon_dot);
#endif
#endif
    return found;
}

const NetworkIsa& choose() {
    const std::vector<const NetworkIsa*> all = supported();
    if (const char* wish = std::getenv("CODELENGTH_ISA"))
        for (const NetworkIsa* isa : all)
            if (std::string_view(wish) == isa->name) return *isa;
    return *all.back();
}

// What calls of forward work in. There are as many as calls ran at the same time.
class Workspace {
public:
    Workspace(const NetworkView& network, std::size_t input_size) {
        const std::size_t sizes[] = {static_cast<std::size_t>(network.width) * 2,
                                     (network.n_inputs_max() + 63) / 64 * 64 * input_size, network.n_outputs_max() * 2,
                                     256 * 4, network_max_echoes * 2};
        std::size_t total = 0, start[5];
        for (int i = 0; i < 5; ++i) {
            start[i] = total;
            total += sizes[i] * network_max_rows;
        }
        memory_ = AlignedBytes(total);
        scratch = {reinterpret_cast<std::int16_t*>(memory_.data() + start[0]), memory_.data() + start[1],
                   reinterpret_cast<std::int16_t*>(memory_.data() + start[2]),
                   reinterpret_cast<std::int32_t*>(memory_.data() + start[3]),
                   reinterpret_cast<std::uint16_t*>(memory_.data() + start[4])};
    }
    NetworkScratch scratch;

private:
    AlignedBytes memory_;
};

class Workspaces {
public:
    Workspaces(const NetworkView& network, std::size_t input_size) : network_(network), input_size_(input_size) {
        give_back(take());  // so that the first call need not allocate
    }

    std::unique_ptr<Workspace> take() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto workspace = std::move(idle_.back());
                idle_.pop_back();
                return workspace;
            }
        }
        return std::make_unique<Workspace>(network_, input_size_);
    }
    void give_back(std::unique_ptr<Workspace> workspace) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(workspace));
    }

private:
    const NetworkView& network_;
    const std::size_t input_size_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Workspace>> idle_;
};

AlignedBytes zero_states(std::size_t n_lanes, std::size_t state_bytes) {
    if (n_lanes > std::numeric_limits<std::size_t>::max() / 2 / state_bytes) throw std::bad_alloc();
    return AlignedBytes(n_lanes * state_bytes);
}

class Run final : public NetworkRun {
public:
    Run(const NetworkIsa& isa, const NetworkView& network, const std::vector<int>& echoes, int n_lanes)
        : isa_(isa), network_(network), n_lanes_(static_cast<std::size_t>(n_lanes)),
          states_(zero_states(n_lanes_, network.state_bytes())), workspaces_(network, isa.input_size) {
        echoes_.reserve(n_lanes_);
        for (std::size_t i = 0; i < n_lanes_; ++i) echoes_.emplace_back(echoes);
    }
    Run(const Run& other)
        : isa_(other.isa_), network_(other.network_), n_lanes_(other.n_lanes_), states_(other.states_.size()),
          echoes_(other.echoes_), workspaces_(network_, isa_.input_size) {
        std::memcpy(states_.data(), other.states_.data(), states_.size());
    }

    void forward(std::span<const std::uint8_t* const> lanes, int first_lane, std::size_t position, int n_steps,
                 std::uint32_t* out) override {
        if (first_lane < 0 || static_cast<std::size_t>(first_lane) > n_lanes_ ||
            lanes.size() > n_lanes_ - static_cast<std::size_t>(first_lane) || n_steps < 0)
            throw std::invalid_argument("no such lanes or steps");
        if (lanes.empty()) return;
        std::unique_ptr<Workspace> workspace = workspaces_.take();
        const std::size_t group = std::min<std::size_t>(lanes.size(), network_max_rows);
        const int n_at_once = network_max_rows / static_cast<int>(group);
        for (std::size_t i = 0; i < lanes.size(); i += group)
            for (int t = 0; t < n_steps; t += n_at_once) {
                NetworkStep step{};
                step.lanes = lanes.data() + i;
                step.n_lanes = static_cast<int>(std::min(group, lanes.size() - i));
                step.n_steps = std::min(n_at_once, n_steps - t);
                step.states = states_.data() + (static_cast<std::size_t>(first_lane) + i) * network_.state_bytes();
                step.position = position + static_cast<std::size_t>(t);
                step.out_stride = static_cast<std::size_t>(n_steps) * 256;
                step.out = out + i * step.out_stride + static_cast<std::size_t>(t) * 256;
                listen(step, static_cast<std::size_t>(first_lane) + i, workspace->scratch.heard);
                isa_.forward(network_, workspace->scratch, step);
            }
        workspaces_.give_back(std::move(workspace));
    }

    std::unique_ptr<NetworkRun> copy() const override { return std::make_unique<Run>(*this); }

private:
    // The rows of the echoes at each position.
    void listen(const NetworkStep& step, std::size_t first_lane, std::uint16_t* heard) {
        if (network_.n_echoes == 0) return;
        for (std::size_t i = 0; i < static_cast<std::size_t>(step.n_lanes); ++i)
            for (std::size_t t = 0; t < static_cast<std::size_t>(step.n_steps); ++t, heard += network_.n_echoes)
                echoes_[first_lane + i].next(step.lanes[i], step.position + t, heard);
    }

    const NetworkIsa& isa_;
    const NetworkView& network_;
    const std::size_t n_lanes_;
    AlignedBytes states_;
    std::vector<Echoes> echoes_;
    Workspaces workspaces_;
};

}  // namespace

struct Network::Weights {
    const NetworkIsa& isa;
    NetworkModel model;
    std::vector<int> echoes;
    Starts starts;
    std::unique_ptr<const PhraseTable> phrases;
};

Network::Network(const NetworkShape& shape, const std::vector<NetworkTensor>& tensors) {
    const NetworkIsa& isa = choose();
    weights_.reset(new Weights{isa, {shape, tensors, isa}, shape.echoes, read_starts(tensors), read_phrases(tensors)});
}
Network::~Network() = default;

std::unique_ptr<NetworkRun> Network::start(int n_lanes) const {
    if (n_lanes < 0) throw std::invalid_argument("a negative number of lanes");
    return std::make_unique<Run>(weights_->isa, weights_->model.view(), weights_->echoes, n_lanes);
}

const Start* Network::start_of(int predictor, int kind) const {
    const auto found = weights_->starts.find({predictor, kind});
    return found == weights_->starts.end() ? nullptr : &found->second;
}

const PhraseTable* Network::phrases() const { return weights_->phrases.get(); }

std::size_t Network::memory_bytes() const {
    return weights_->model.memory_bytes() + (phrases() ? phrases()->n_lines() * PhraseTable::line_bytes : 0);
}
std::size_t Network::multiply_adds_per_byte() const { return weights_->model.multiply_adds(); }
const char* Network::isa_name() const { return weights_->isa.name; }

}  // namespace codelength
