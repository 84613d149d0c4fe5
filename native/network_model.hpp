// A model file's tensors: checked, and packed for the kernels.
#pragma once
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "network.hpp"
#include "network_isa.hpp"

namespace codelength {

// Zeros, aligned for the widest vectors.
class AlignedBytes {
public:
    AlignedBytes() = default;
    explicit AlignedBytes(std::size_t size) : size_(size), bytes_(static_cast<std::uint8_t*>(::operator new(size, alignment))) {
        std::memset(bytes_.get(), 0, size);
    }
    std::uint8_t* data() const { return bytes_.get(); }
    std::size_t size() const { return size_; }

private:
    static constexpr std::align_val_t alignment{64};
    struct Delete {
        void operator()(std::uint8_t* p) const { ::operator delete(p, alignment); }
    };
    std::size_t size_ = 0;
    std::unique_ptr<std::uint8_t, Delete> bytes_;
};

class NetworkModel {
public:
    // Packed for the kernels of `isa`. Throws BadNetwork.
    NetworkModel(const NetworkShape& shape, const std::vector<NetworkTensor>& tensors, const NetworkIsa& isa);
    NetworkModel(const NetworkModel&) = delete;
    NetworkModel& operator=(const NetworkModel&) = delete;

    const NetworkView& view() const { return view_; }
    std::size_t memory_bytes() const { return memory_.size(); }
    std::size_t multiply_adds() const { return multiply_adds_; }

private:
    NetworkView view_{};
    std::vector<LayerView> layers_;
    AlignedBytes memory_;
    std::size_t multiply_adds_ = 0;
};

}  // namespace codelength
