// What followed when the same bytes stood in a sequence before: inputs of the network. docs/format.md, 5.3.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace codelength {

inline constexpr std::size_t echo_rows = 16 * 256;       // 16 degrees of trust in each of 256 bytes
inline constexpr std::uint16_t no_echo = 0xFFFF;         // where these bytes have not been lately
inline constexpr std::size_t echo_longest = 8;           // and how far it looks back

inline bool are_echo_lengths(const std::vector<int>& lengths) {
    int before = 0;
    for (const int length : lengths) {
        if (length <= before || length > static_cast<int>(echo_longest)) return false;
        before = length;
    }
    return true;
}

// Of one sequence, read byte by byte.
class Echoes {
public:
    // lengths: how many bytes must stand there again, each an echo of its own.
    explicit Echoes(const std::vector<int>& lengths);

    // Before the byte at `place`, once for each byte: the row of each echo, or no_echo. Reads bytes[place - 8] to
    // bytes[place - 1]; those before bytes[0] count as 0.
    void next(const std::uint8_t* bytes, std::size_t place, std::uint16_t* rows);

    std::size_t memory_bytes() const { return each_.size() * (sizeof(Echo) + n_slots * sizeof(std::uint32_t)); }

private:
    static constexpr int slot_bits = 15;
    static constexpr std::size_t n_slots = std::size_t{1} << slot_bits;
    static constexpr std::uint32_t reach = 4096;

    struct Echo {
        int length;
        std::uint32_t trust = 0;
        int expected = -1;
        std::vector<std::uint32_t> followed;  // number of the byte, from 1 on, and the byte: n << 8 | byte; 0 for nothing
        std::size_t slot = 0;
    };
    std::vector<Echo> each_;
    std::uint32_t n_read_ = 0;
};

}  // namespace codelength
