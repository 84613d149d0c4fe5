// Runs the network for a group of lanes. docs/format.md, section 6.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "lanes.hpp"
#include "network.hpp"

namespace codelength::CODELENGTH_ISA {

class Forecaster {
public:
    // Lanes first .. first + count - 1. segment: all symbols in their places. most_steps: how far ahead of the
    // coder to run, 1 where symbols are not known in advance.
    Forecaster(NetworkRun& run, std::span<const std::uint8_t> segment, const Lanes& lanes, std::uint32_t first,
               std::uint32_t count, std::uint32_t most_steps)
        : run_(run),
          n_symbols_(segment.size()),
          lanes_(lanes),
          first_(first),
          count_(count),
          most_steps_(most_steps),
          frequencies_(std::size_t{256} * count * most_steps_) {
        for (std::uint32_t i = 0; i < count; ++i) starts_.push_back(segment.data() + lanes.start(first + i));
    }

    std::uint32_t first() const { return first_; }

    // Goes to a step, the one after the last; `active` lanes of the group have a symbol there.
    void advance(std::uint32_t step, std::uint32_t active) {
        step_ = step;
        if (step < end_ || active == 0) return;
        begin_ = step;
        const std::size_t last = lanes_.start(first_ + active - 1);
        const std::size_t last_size = std::min<std::size_t>(lanes_.size, n_symbols_ - last);
        n_steps_ = static_cast<std::uint32_t>(std::min<std::size_t>(most_steps_, last_size - step));
        end_ = begin_ + n_steps_;
        run_.forward({starts_.data(), active}, static_cast<int>(first_), begin_, static_cast<int>(n_steps_), frequencies_.data());
    }

    // The frequencies of the 256 bytes at this step of a lane.
    const std::uint32_t* at(std::uint32_t lane) const {
        return &frequencies_[std::size_t{256} * ((lane - first_) * n_steps_ + step_ - begin_)];
    }

private:
    NetworkRun& run_;
    const std::size_t n_symbols_;
    const Lanes lanes_;
    const std::uint32_t first_, count_, most_steps_;
    std::vector<const std::uint8_t*> starts_;
    std::vector<std::uint32_t> frequencies_;
    std::uint32_t begin_ = 0, end_ = 0, n_steps_ = 0, step_ = 0;
};

}  // namespace codelength::CODELENGTH_ISA
