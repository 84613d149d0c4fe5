#include "classify.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace codelength {
namespace {

constexpr std::size_t sample_size = 1 << 16;
constexpr std::uint32_t max_stride = 4096;

// Text: hardly a control character, and bytes beyond ASCII mostly where UTF-8 would have them.
bool looks_like_text(Bytes sample) {
    std::size_t n_control = 0, n_high = 0, n_stray = 0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const std::uint8_t c = sample[i];
        if (c < 32 && c != '\t' && c != '\n' && c != '\r' && c != '\f') ++n_control;
        if (c < 0x80) continue;
        ++n_high;
        const bool continues = (c & 0xC0) == 0x80, after_high = i > 0 && sample[i - 1] >= 0x80;
        const bool followed = i + 1 < sample.size() && (sample[i + 1] & 0xC0) == 0x80;
        if (continues ? !after_high : !followed) ++n_stray;
    }
    return n_control * 100 <= sample.size() && n_stray * 20 <= sample.size() && (n_stray * 4 <= n_high || n_stray * 50 <= sample.size());
}

// The distance at which bytes agree most often above what closer rows explain; 0 if none stands out.
std::uint32_t find_stride(Bytes sample) {
    const std::uint32_t longest = static_cast<std::uint32_t>(std::min<std::size_t>(max_stride, sample.size() / 4));
    if (longest < 2) return 0;
    std::vector<std::uint32_t> agree(longest + 1);
    for (std::uint32_t d = 1; d <= longest; ++d)
        for (std::size_t i = longest; i < sample.size(); i += 3) agree[d] += sample[i] == sample[i - d];
    const std::uint32_t n = static_cast<std::uint32_t>((sample.size() - longest + 2) / 3);
    std::uint32_t best = 0;
    for (std::uint32_t d = 2; d <= longest; ++d)
        if (best == 0 || agree[d] > agree[best] + agree[best] / 16) best = d;
    std::vector<std::uint32_t> sorted(agree.begin() + 1, agree.end());
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
    const std::uint32_t typical = sorted[sorted.size() / 2];
    return agree[best] > typical + typical / 4 + n / 64 ? best : 0;
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
