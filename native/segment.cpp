#include "segment.hpp"

#include <cstdlib>
#include <string_view>

#include "classify.hpp"
#include "isa.hpp"
#include "profile.hpp"

namespace codelength {
namespace {

// The fastest instruction set here, or the one that CODELENGTH_ISA names. The archive is the same.
const Isa& isa() {
    static const Isa& chosen = []() -> const Isa& {
        const char* wish = std::getenv("CODELENGTH_ISA");
        if (wish && std::string_view(wish) == "portable") return isa_portable;
#if defined(CODELENGTH_X86)
        if (cpu_runs_avx2()) return isa_avx2;
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

bool cpu_runs_avx2() {
#if defined(CODELENGTH_X86)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}

int n_predictors() { return static_cast<int>(profiles.size()); }
const char* isa_name() { return isa().name; }

std::size_t memory_bytes(int predictor, std::size_t n_bytes) {
    const Profile& p = profiles[profile_index(predictor)];
    constexpr std::size_t fixed = 9 << 20;  // the final map, the match table, mixers
    return (std::size_t{64} << p.line_bits(n_bytes)) + fixed;
}

namespace {

// A content as its kind's symbols.
struct Prepared {
    explicit Prepared(Bytes content) : choice(classify(content)), symbols(content) {
        if (choice.kind != Kind::text) return;
        words = abbreviate(content);
        // The dictionary pays where it shortens; other text is better served as it is.
        if (words.size() * 20 >= content.size() * 19) return;
        choice.kind = Kind::words;
        symbols = words;
    }
    Choice choice;
    std::vector<std::uint8_t> words;
    Bytes symbols;
};

}  // namespace

Coded encode_segment(Bytes content, int predictor, Monitor* monitor) {
    const std::size_t profile = profile_index(predictor);
    const Prepared p(content);
    Coded out{static_cast<int>(p.choice.kind), {}};
    isa().encode(profile, p.choice.kind, p.choice.stride, p.symbols, content.size(), out.payload, monitor);
    return out;
}

double ideal_length_bits(Bytes content, int predictor) {
    const std::size_t profile = profile_index(predictor);
    const Prepared p(content);
    return isa().ideal_length_bits(profile, p.choice.kind, p.choice.stride, p.symbols, content.size());
}

std::vector<std::uint8_t> decode_segment(Bytes payload, std::size_t n_bytes, int predictor, int kind, Monitor* monitor) {
    const std::size_t profile = profile_index(predictor);
    if (kind < 0 || kind >= n_kinds) throw std::invalid_argument("unknown kind");
    return isa().decode(profile, static_cast<Kind>(kind), payload, n_bytes, monitor);
}

}  // namespace codelength
