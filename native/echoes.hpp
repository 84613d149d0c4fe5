// What followed when the same bytes stood in a sequence before: inputs of the network. docs/format.md, 5.3.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace codelength {

inline constexpr std::size_t echo_rows = 16 * 256;  // of each echo: 16 degrees of trust in 256 bytes

// 1 <= m_1 < m_2 < ... <= 8; there may be none.
bool are_echo_lengths(const std::vector<int>& lengths);

// Of one sequence, read byte by byte. Aligned: threads advance sequences that lie beside each other.
class alignas(64) Echoes {
public:
    // lengths: how many bytes must stand there again, each an echo of its own.
    explicit Echoes(const std::vector<int>& lengths);

    // Before the byte at `place`, once for each byte: the row of each echo, counted over the rows of all of them, and one
    // beyond for an echo that expects nothing. Reads the last 8 bytes; those before bytes[0] count as 0.
    void next(const std::uint8_t* bytes, std::size_t place, std::uint16_t* rows);

private:
    // As many bytes as a document of training is read in: what is further away was never expected there.
    static constexpr std::uint32_t reach = 4096;
    // Eight times as many slots: few are shared.
    static constexpr int slot_bits = 15;

    struct Echo {
        int length;
        std::uint32_t trust = 0;
        int expected = -1;
        std::size_t slot = 0;
        std::vector<std::uint32_t> followed;  // number of the byte, from 1 on, and the byte: n << 8 | byte; 0 for nothing
    };
    std::vector<Echo> each_;
    std::uint64_t n_read_ = 0;
};

}  // namespace codelength
