// Whatever the payload, decoding returns content of the size asked for, or throws what segment.hpp says it may.
#include <cstdlib>
#include <optional>

#include "fuzz_input.hpp"
#include "isa.hpp"

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
    const bool registered = in.predictor >= 1 && in.predictor <= n_predictors() && in.kind >= 0 && in.kind < n_kinds;
    try {
        const auto content = unless_corrupt([&] { return decode_segment(in.rest, in.n_bytes, in.predictor, in.kind, nullptr); });
        expect(registered);
        expect(!content || content->size() == in.n_bytes);
#if defined(CODELENGTH_X86)
        if (in.flags & fuzz::both_isas) {
            const auto with = [&](const Isa& isa) {
                return unless_corrupt([&] {
                    const auto profile = static_cast<std::size_t>(in.predictor - 1);
                    return isa.decode(profile, static_cast<Kind>(in.kind), in.rest, in.n_bytes, nullptr);
                });
            };
            expect(with(isa_portable) == content);
            if (__builtin_cpu_supports("avx2")) expect(with(isa_avx2) == content);
        }
#endif
    } catch (const std::invalid_argument&) {
        expect(!registered);
    }
    return 0;
}
