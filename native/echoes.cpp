#include "echoes.hpp"

#include "network_isa.hpp"

namespace codelength {

bool are_echo_lengths(const std::vector<int>& lengths) {
    int before = 0;
    for (const int length : lengths) {
        if (length <= before || length > network_max_echoes) return false;
        before = length;
    }
    return true;
}

Echoes::Echoes(const std::vector<int>& lengths) {
    each_.reserve(lengths.size());
    for (const int length : lengths) each_.push_back({.length = length, .followed = std::vector<std::uint32_t>(1 << slot_bits)});
}

void Echoes::next(const std::uint8_t* bytes, std::size_t place, std::uint16_t* rows) {
    const auto back = [&](int j) -> std::uint32_t {
        const auto distance = static_cast<std::size_t>(j);
        return place >= distance ? bytes[place - distance] : 0;
    };
    if (n_read_ > 0) {
        const std::uint32_t came = back(1);
        for (Echo& echo : each_) {
            if (echo.expected >= 0) {
                const bool right = echo.expected == static_cast<int>(came);
                echo.trust = right ? echo.trust + (echo.trust < 15) : echo.trust >> 2;
            }
            echo.followed[echo.slot] = static_cast<std::uint32_t>(n_read_) << 8 | came;
        }
    }
    ++n_read_;
    std::uint32_t h = 0;
    int j = 0;
    for (std::size_t k = 0; k < each_.size(); ++k) {  // in increasing length
        Echo& echo = each_[k];
        while (j < echo.length) h = hash_on(h, back(++j));
        echo.slot = h >> (32 - slot_bits);
        const std::uint32_t found = echo.followed[echo.slot];
        const std::uint32_t distance = (static_cast<std::uint32_t>(n_read_) - (found >> 8)) & 0xFFFFFF;
        const bool is_near = found != 0 && distance <= reach;
        echo.expected = is_near ? static_cast<int>(found & 255) : -1;
        const std::size_t row = is_near ? k * echo_rows + (echo.trust << 8 | (found & 255)) : each_.size() * echo_rows;
        rows[k] = static_cast<std::uint16_t>(row);
    }
}

}  // namespace codelength
