#include "classify.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace codelength {
namespace {

constexpr std::size_t sample_size = 1 << 16;
constexpr std::uint32_t max_stride = 4096;

// What text is told by. A run of zeros counts as one byte.
struct Census {
    std::size_t size = 0, n = 0, n_zero_runs = 0, n_control = 0, n_high = 0, n_stray = 0;

    explicit Census(Bytes sample) : size(sample.size()) {
        for (std::size_t i = 0; i < sample.size(); ++i) {
            const std::uint8_t c = sample[i];
            const bool goes_on = c == 0 && i > 0 && sample[i - 1] == 0;
            n += !goes_on;
            if (c == 0) n_zero_runs += !goes_on;
            else if (c < 32 && c != '\t' && c != '\n' && c != '\r' && c != '\f') ++n_control;
            if (c < 0x80) continue;
            ++n_high;
            const bool continues = (c & 0xC0) == 0x80, after_high = i > 0 && sample[i - 1] >= 0x80;
            const bool followed = i + 1 < sample.size() && (sample[i + 1] & 0xC0) == 0x80;
            if (continues ? !after_high : !followed) ++n_stray;
        }
    }

    // Hardly a control character among so many bytes, and bytes beyond ASCII mostly where UTF-8 would have them.
    bool textual(std::size_t control, std::size_t among) const {
        return control * 100 <= among && n_stray * 20 <= among && (n_stray * 4 <= n_high || n_stray * 50 <= among);
    }
};

Bytes middle(Bytes content, std::size_t n) {
    n = std::min(content.size(), n);
    return content.subspan((content.size() - n) / 2, n);
}

bool is_text(Bytes content) {
    const Census c(middle(content, sample_size));
    return c.textual(c.n_control + (c.size - c.n) + c.n_zero_runs, c.size);
}

// Texts with zeros between them, as in a tar archive, and not a program that holds some: every sixteenth of the content
// says so.
bool is_padded_text(Bytes content) {
    std::size_t size = 0, n = 0, n_zero_runs = 0;
    const std::size_t part = (content.size() + 15) / 16;
    for (std::size_t at = 0; at < content.size(); at += part) {
        const Census c(middle(content.subspan(at, std::min(part, content.size() - at)), sample_size / 8));
        if (!c.textual(c.n_control, c.n)) return false;
        size += c.size;
        n += c.n;
        n_zero_runs += c.n_zero_runs;
    }
    return n_zero_runs * 25 <= n && 2 * n >= size;
}

// The shortest distance at which bytes agree with odds clearly above those of the distances below it and of most
// distances; 0 if there is none.
std::uint32_t find_stride(Bytes sample) {
    const auto longest = static_cast<std::uint32_t>(std::min<std::size_t>(max_stride, sample.size() / 4));
    if (longest < 2) return 0;
    std::vector<std::uint64_t> agree(longest + 1);
    std::uint64_t n = 0;
    for (std::size_t i = longest; i < sample.size(); i += 3, ++n)
        for (std::uint32_t d = 1; d <= longest; ++d) agree[d] += sample[i] == sample[i - d];
    // a / (n + 1 - a) > 3/2 b / (n + 1 - b)
    const auto clearly_above = [&](std::uint64_t a, std::uint64_t b) { return 2 * a * (n + 1 - b) > 3 * b * (n + 1 - a); };
    std::uint32_t best = 2;
    for (std::uint32_t d = 3; d <= longest; ++d)
        if (clearly_above(agree[d], agree[best])) best = d;
    std::vector<std::uint64_t> sorted(agree.begin() + 1, agree.end());
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
    const bool stands_out = clearly_above(agree[best], sorted[sorted.size() / 2]) && agree[best] * 64 > n;
    return stands_out ? best : 0;
}

}  // namespace

Choice classify(Bytes content, bool networked) {
    if (is_text(content) || (networked && is_padded_text(content))) return {Kind::text, 0};
    if (const std::uint32_t stride = find_stride(middle(content, sample_size))) return {Kind::records, stride};
    return {Kind::binary, 0};
}

}  // namespace codelength
