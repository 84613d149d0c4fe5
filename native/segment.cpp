#include "segment.hpp"

#include <algorithm>
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
    constexpr std::size_t fixed = 9 << 20;      // the final map, the match table, mixers
    constexpr std::size_t forecast = 28 << 20;  // two more maps, the network that comes with the package, what it works in
    return (std::size_t{64} << p.line_bits(n_bytes)) + fixed + (p.networked ? forecast : 0);
}

bool is_networked(int predictor) { return profiles[profile_index(predictor)].networked; }

Kind kind_of_text(const Job& job, Bytes sample) {
    if (std::ranges::none_of(text_kinds, [&](Kind kind) { return kind != Kind::text && job.start(kind); })) return Kind::text;
    std::vector<std::uint32_t> frequencies(256 * sample.size());
    const std::uint8_t* const lane = sample.data();
    job.network->start(1)->forward({&lane, 1}, 0, 0, static_cast<int>(sample.size()), frequencies.data());
    return isa().kind_of_text(job, sample, frequencies.data());
}

namespace {

// A content as its kind's symbols, and what codes them.
struct Prepared {
    Prepared(Bytes content, int wanted, const Network* network, int n_threads, Monitor* monitor)
        : symbols(content), predictor(wanted) {
        const Profile& profile = profiles[checked_index(wanted, network)];
        const Choice choice = classify(content, profile.networked);
        stride = choice.stride;
        if (profile.networked && choice.kind != Kind::text) {
            predictor = profile.otherwise;
            network = nullptr;
        }
        job = {profile_index(predictor), choice.kind, content.size(), network, n_threads, monitor};
        if (network) job.kind = kind_of_text(job, content.first(std::min(content.size(), sample_size)));
        if (choice.kind == Kind::text && !network) {
            words = abbreviate(content);
            // The dictionary pays where it shortens; other text is better served as it is.
            if (words.size() * 20 < content.size() * 19) {
                job.kind = Kind::words;
                symbols = words;
            }
        }
    }
    static std::size_t checked_index(int predictor, const Network* network) {
        const std::size_t profile = profile_index(predictor);
        if (profiles[profile].networked != (network != nullptr))
            throw std::invalid_argument(network ? "a predictor without a network" : "a predictor that needs a network");
        return profile;
    }

    // Text whose kind is not clear by then is of several.
    static constexpr std::size_t sample_size = 1024;

    std::vector<std::uint8_t> words;
    Bytes symbols;
    std::uint32_t stride = 0;
    int predictor;
    Job job{};
};

}  // namespace

Coded encode_segment(Bytes content, int predictor, const Network* network, int n_threads, Monitor* monitor) {
    const Prepared p(content, predictor, network, n_threads, monitor);
    Coded out{p.predictor, static_cast<int>(p.job.kind), {}};
    out.forecast_length_bits = isa().encode(p.job, p.stride, p.symbols, out.payload);
    return out;
}

Coded encode_segment_either(Bytes content, int predictor, const Network& network, std::size_t name_bytes, int n_threads,
                            Monitor* monitor) {
    Coded out = encode_segment(content, predictor, &network, n_threads, monitor);
    // Where contexts add little to what the network knows, they are no match for it by themselves.
    if (out.predictor != predictor || out.forecast_length_bits * 5 <= std::uint64_t{out.payload.size()} * 8 * 7) return out;
    if (monitor) monitor->quiet = true;
    Coded plain = encode_segment(content, profiles[profile_index(predictor)].otherwise, nullptr, 1, monitor);
    if (monitor) monitor->quiet = false;
    return plain.payload.size() <= out.payload.size() + name_bytes ? plain : out;
}

double ideal_length_bits(Bytes content, int predictor, const Network* network) {
    const Prepared p(content, predictor, network, 1, nullptr);
    return isa().ideal_length_bits(p.job, p.stride, p.symbols);
}

std::vector<std::uint8_t> decode_segment(Bytes payload, std::size_t n_bytes, int predictor, int kind, const Network* network,
                                         int n_threads, Monitor* monitor) {
    const std::size_t profile = Prepared::checked_index(predictor, network);
    if (kind < 0 || kind >= n_kinds || !serves(network, static_cast<Kind>(kind))) throw std::invalid_argument("unknown kind");
    return isa().decode({profile, static_cast<Kind>(kind), n_bytes, network, n_threads, monitor}, payload);
}

std::vector<std::uint8_t> text_lengths(Bytes content) { return isa().text_lengths(content); }

Start learn_start(std::span<const Bytes> documents, int predictor, const Network& network) {
    const std::size_t profile = Prepared::checked_index(predictor, &network);
    return isa().learn({profile, Kind::text, 0, &network, 1, nullptr}, documents);
}

}  // namespace codelength
