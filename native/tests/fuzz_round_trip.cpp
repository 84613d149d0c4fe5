// Whatever the content, it comes back. The first byte chooses the predictor, the rest is the content.
#include <algorithm>
#include <cstdlib>

#include "fuzz_input.hpp"

using namespace codelength;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return -1;
    const int predictor = 1 + data[0] % n_predictors();
    const Bytes content(data + 1, size - 1);
    const Coded coded = encode_segment(content, predictor, nullptr);
    const auto decoded = decode_segment(coded.payload, content.size(), predictor, coded.kind, nullptr);
    if (!std::ranges::equal(decoded, content)) std::abort();
    return 0;
}
