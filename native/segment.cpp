#include "segment.hpp"

#include <cstdlib>
#include <string_view>

#include "classify.hpp"
#include "isa.hpp"
#include "profile.hpp"

namespace codelength {
namespace {

bool cpu_has_avx2() {
#if defined(CODELENGTH_X86)
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

// The fastest instruction set here, or the one that CODELENGTH_ISA names. The archive is the same.
const Isa& isa() {
    static const Isa& chosen = []() -> const Isa& {
        const char* wish = std::getenv("CODELENGTH_ISA");
        if (wish && std::string_view(wish) == "portable") return isa_portable;
#if defined(CODELENGTH_X86)
        if (cpu_has_avx2()) return isa_avx2;
#endif
        return isa_portable;
    }();
    return chosen;
}

std::size_t profile_index(int predictor) {
    if (predictor < 1 || predictor > n_predictors()) throw std::invalid_argument("unknown predictor");
    return static_cast<std::size_t>(predictor - 1);
}

}  // namespace

int n_predictors() { return static_cast<int>(profiles.size()); }
const char* isa_name() { return isa().name; }

std::size_t memory_bytes(int predictor, std::size_t n_bytes) {
    const Profile& p = profiles[profile_index(predictor)];
    constexpr std::size_t fixed = 9 << 20;  // the final map, the match table, mixers
    return (std::size_t{64} << p.line_bits(n_bytes)) + fixed;
}

Coded encode_segment(Bytes content, int predictor, Monitor* monitor) {
    const std::size_t profile = profile_index(predictor);
    Choice choice = classify(content);
    std::vector<std::uint8_t> symbols;
    if (choice.kind == Kind::text) {
        symbols = abbreviate(content);
        // The dictionary pays where it shortens; other text is better served as it is.
        if (symbols.size() * 20 < content.size() * 17) choice.kind = Kind::words;
    }
    Coded out{static_cast<int>(choice.kind), {}};
    const Bytes coded = choice.kind == Kind::words ? Bytes(symbols) : content;
    isa().encode(profile, choice.kind, choice.stride, coded, content.size(), out.payload, monitor);
    return out;
}

std::vector<std::uint8_t> decode_segment(Bytes payload, std::size_t n_bytes, int predictor, int kind, Monitor* monitor) {
    const std::size_t profile = profile_index(predictor);
    if (kind < 0 || kind >= n_kinds) throw std::invalid_argument("unknown kind");
    return isa().decode(profile, static_cast<Kind>(kind), payload, n_bytes, monitor);
}

}  // namespace codelength
