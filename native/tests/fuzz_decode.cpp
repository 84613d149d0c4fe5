// Whatever the payload, decoding returns content of the size asked for, or throws what segment.hpp says it may.
#include <cstdlib>
#include <optional>
#include <string_view>

#include "fuzz_input.hpp"
#include "isa.hpp"
#include "random_network.hpp"

using namespace codelength;

namespace {

// The content, or nothing for a payload that was refused.
template <class F>
std::optional<std::vector<std::uint8_t>> unless_corrupt(F decode) {
    try {
        return decode();
    } catch (const CorruptPayload&) {
        return std::nullopt;
    }
}

void expect(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < fuzz::header_size) return -1;
    const fuzz::Input in = fuzz::parse(data, size);
    const bool known = in.predictor >= 1 && in.predictor <= n_predictors() && in.kind >= 0 && in.kind < n_kinds;
    const bool networked = known && is_networked(in.predictor);
    const Network* const network = !networked ? nullptr : in.other ? &samples::tiny_network_with_starts() : &samples::tiny_network();
    const bool registered = known && serves(networked, static_cast<Kind>(in.kind));
    try {
        const auto content =
            unless_corrupt([&] { return decode_segment(in.rest, in.n_bytes, in.predictor, in.kind, network, 1, nullptr); });
        expect(registered);
        expect(!content || content->size() == in.n_bytes);
#if defined(CODELENGTH_X86)
        if (in.both) {
            const bool avx2 = std::string_view(isa_name()) == "portable" && cpu_runs_avx2();
            const auto decode = (avx2 ? isa_avx2 : isa_portable).decode;
            Job job{};
            job.profile = static_cast<std::size_t>(in.predictor - 1);
            job.kind = static_cast<Kind>(in.kind);
            job.n_bytes = in.n_bytes;
            job.network = network;
            expect(content == unless_corrupt([&] { return decode(job, in.rest); }));
        }
#endif
    } catch (const std::invalid_argument&) {
        expect(!registered);
    }
    return 0;
}
