#include "echoes.hpp"

namespace codelength {

Echoes::Echoes(const std::vector<int>& lengths) {
    for (const int length : lengths) each_.push_back({.length = length, .followed = std::vector<std::uint32_t>(n_slots)});
}

void Echoes::next(const std::uint8_t* bytes, std::size_t place, std::uint16_t* rows) {
    const auto back = [&](std::size_t j) -> std::uint32_t { return place >= j ? bytes[place - j] : 0; };
    if (n_read_ > 0) {
        const std::uint32_t came = back(1);
        for (Echo& echo : each_) {
            if (echo.expected >= 0) {
                const bool right = echo.expected == static_cast<int>(came);
                echo.trust = right ? echo.trust + (echo.trust < 15) : echo.trust >> 2;
            }
            echo.followed[echo.slot] = n_read_ << 8 | came;
        }
    }
    ++n_read_;
    std::uint32_t h = 0;
    std::size_t j = 0;
    for (Echo& echo : each_) {  // in increasing length
        while (j < static_cast<std::size_t>(echo.length)) h = (h ^ (back(++j) + 1)) * 0x9E3779B1u;
        echo.slot = h >> (32 - slot_bits);
        const std::uint32_t found = echo.followed[echo.slot];
        const bool near = found != 0 && (n_read_ - (found >> 8) & 0xFFFFFF) <= reach;
        echo.expected = near ? static_cast<int>(found & 255) : -1;
        *rows++ = near ? static_cast<std::uint16_t>(echo.trust << 8 | (found & 255)) : no_echo;
    }
}

}  // namespace codelength
