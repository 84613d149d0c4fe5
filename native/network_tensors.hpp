// The tensors of a model file, as they come.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "network.hpp"

namespace codelength {

// What may stand in a model file beside the network itself: see start.hpp and phrases.hpp.
inline constexpr std::string_view starts_prefix = "mixing.", phrases_name = "phrases";

// Throws BadNetwork with these parts of a message, unless all is well.
template <class... Parts>
void require(bool well, const Parts&... parts) {
    if (well) return;
    std::string message;
    (message.append(parts), ...);
    throw BadNetwork(message);
}

// One tensor's numbers, little-endian whatever the machine is.
struct Numbers {
    const std::uint8_t* bytes = nullptr;
    std::size_t n = 0;

    int i8(std::size_t i) const { return static_cast<std::int8_t>(bytes[i]); }
    int i16(std::size_t i) const { return static_cast<std::int16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8); }
    std::int32_t i32(std::size_t i) const {
        const std::uint8_t* const p = bytes + 4 * i;
        return static_cast<std::int32_t>(p[0] | p[1] << 8 | p[2] << 16 | std::uint32_t{p[3]} << 24);
    }
};

// The tensors by name: each is taken once, and none is left.
class Tensors {
public:
    explicit Tensors(const std::vector<NetworkTensor>& tensors) {
        for (const NetworkTensor& t : tensors)
            require(by_name_.emplace(t.name, &t).second, "tensor ", t.name, " occurs twice");
    }

    // dtype: I8, I16 or I32
    Numbers take(const std::string& name, std::string_view dtype, const std::vector<std::size_t>& shape) {
        const auto found = by_name_.find(name);
        require(found != by_name_.end(), "no tensor ", name);
        const NetworkTensor& tensor = *found->second;
        require(tensor.dtype == dtype, "tensor ", name, " is ", tensor.dtype, ", not ", dtype);
        require(tensor.shape == shape, "tensor ", name, " has another shape");
        // At most 8 * 2^24 * 256: 64 bits hold it, where a size may not.
        std::uint64_t n = 1;
        for (const std::size_t k : shape) n *= k;
        const std::uint64_t number_size = dtype == "I8" ? 1 : dtype == "I16" ? 2 : 4;
        require(tensor.bytes.size() == n * number_size, "tensor ", name, " has another number of bytes");
        by_name_.erase(found);
        return {tensor.bytes.data(), static_cast<std::size_t>(n)};
    }

    // n scales of 1 .. 32767
    Numbers take_scales(const std::string& name, std::size_t n) {
        const Numbers scales = take(name, "I32", {n});
        for (std::size_t i = 0; i < n; ++i)
            require(scales.i32(i) >= 1 && scales.i32(i) <= 32767, name, " must be 1 to 32767");
        return scales;
    }

    void finish() const {
        for (const auto& [name, tensor] : by_name_)
            require(name.starts_with(starts_prefix) || name == phrases_name, "tensor ", name, " is not known");
    }

private:
    std::map<std::string, const NetworkTensor*> by_name_;
};

}  // namespace codelength
