#include "classify.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace codelength {
namespace {

constexpr std::size_t sample_size = 1 << 16;
constexpr std::uint32_t max_stride = 4096;

// Text: hardly a control character, and bytes beyond ASCII mostly where UTF-8 would have them. Zeros may stand between
// texts, as in tar archives: a run of them counts as one byte, and is another matter than control characters.
bool looks_like_text(Bytes sample) {
    std::size_t n = 0, n_zero_runs = 0, n_control = 0, n_high = 0, n_stray = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const std::uint8_t c = sample[i];
        if (c == 0) {
            const bool goes_on = i > 0 && sample[i - 1] == 0;
            n += !goes_on;
            n_zero_runs += !goes_on;
            continue;
        }
        ++n;
        if (c < 32 && c != '\t' && c != '\n' && c != '\r' && c != '\f') ++n_control;
        if (c < 0x80) continue;
        ++n_high;
        const bool continues = (c & 0xC0) == 0x80, after_high = i > 0 && sample[i - 1] >= 0x80;
        const bool followed = i + 1 < sample.size() && (sample[i + 1] & 0xC0) == 0x80;
        if (continues ? !after_high : !followed) ++n_stray;
    }
    return n_zero_runs * 25 <= n && n_control * 100 <= n && n_stray * 20 <= n && (n_stray * 4 <= n_high || n_stray * 50 <= n);
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

Choice classify(Bytes content) {
    const std::size_t n = std::min(content.size(), sample_size);
    const Bytes sample = content.subspan((content.size() - n) / 2, n);
    if (looks_like_text(sample)) return {Kind::text, 0};
    if (const std::uint32_t stride = find_stride(sample)) return {Kind::records, stride};
    return {Kind::binary, 0};
}

}  // namespace codelength
