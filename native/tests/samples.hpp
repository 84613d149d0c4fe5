// Contents of every kind, made the same way on every machine.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace codelength::samples {

using Content = std::vector<std::uint8_t>;

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
    }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(next()); }

private:
    std::uint64_t state_;
};

inline void append(Content& out, std::string_view s) { out.insert(out.end(), s.begin(), s.end()); }

inline Content noise(std::size_t n) {
    Random random(n);
    Content out(n);
    for (auto& byte : out) byte = random.byte();
    return out;
}

// English words: the encoder abbreviates it (Kind::words).
inline Content prose(std::size_t n) {
    static constexpr std::string_view words[] = {"the", "of", "and", "people", "government", "International", "which", "there",
                                                 "history", "London", "were", "between", "THE", "something", "because", "river"};
    Random random(n);
    Content out;
    while (out.size() < n) {
        append(out, words[random.below(std::size(words))]);
        append(out, random.below(12) ? " " : ".\n");
    }
    out.resize(n);
    return out;
}

// Text without words of the dictionary, with bytes beyond ASCII (Kind::text).
inline Content verse(std::size_t n) {
    static constexpr std::string_view parts[] = {"xq", "Zr", "\xC3\xBC", "\xE4\xB8\x96", "17", ", ", "\n", "<k>", "vv", "{", "}"};
    Random random(n);
    Content out;
    while (out.size() + 4 < n) append(out, parts[random.below(std::size(parts))]);
    out.resize(n, '.');
    return out;
}

// Rows of 24 bytes, columns of them alike (Kind::records).
inline Content rows(std::size_t n) {
    Random random(n);
    Content out;
    for (std::uint8_t i = 0; out.size() < n; ++i) {
        for (std::uint8_t c = 0; c < 16; ++c) out.push_back(static_cast<std::uint8_t>(0x80 + 7 * c));
        for (int c = 0; c < 7; ++c) out.push_back(random.byte());
        out.push_back(i);
    }
    out.resize(n);
    return out;
}

// Neither text nor rows, with repeats (Kind::binary).
inline Content code(std::size_t n) {
    Random random(n);
    Content out;
    while (out.size() < n) {
        const std::size_t length = 1 + random.below(30);
        if (out.size() > 40 && random.below(2)) {
            const std::size_t from = random.below(out.size());
            for (std::size_t i = 0; i < length; ++i) out.push_back(out[from + i]);
        } else {
            for (std::size_t i = 0; i < length; ++i) out.push_back(static_cast<std::uint8_t>(random.byte() & random.byte()));
        }
    }
    out.resize(n);
    return out;
}

inline Content zeros(std::size_t n) { return Content(n); }

}  // namespace codelength::samples
