// Whatever the content, it comes back. The first byte chooses the predictor and, for one with a network, lanes and threads;
// the rest is the content.
#include <algorithm>
#include <cstdlib>

#include "fuzz_input.hpp"
#include "lane_coding.hpp"
#include "random_network.hpp"

using namespace codelength;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return -1;
    const int predictor = 1 + data[0] % n_predictors(), how = data[0] / n_predictors();
    const Bytes content(data + 1, size - 1);
    const Network* const network = is_networked(predictor) ? &samples::tiny_network_with_starts() : nullptr;
    const std::uint32_t n_lanes = 1u << how % 7;
    if (network && how > 0 && lane_coding::fits(content.size(), n_lanes)) {
        const int n_threads = 1 + how / 7 % 3;
        const auto payload = lane_coding::encode(content, predictor, *network, n_lanes, n_threads);
        expect(std::ranges::equal(lane_coding::decode(payload, content.size(), predictor, *network, n_lanes, 1), content));
        return 0;
    }
    const Coded coded = encode_segment(content, predictor, network, 1, nullptr);
    const auto decoded = decode_segment(coded.payload, content.size(), coded.predictor, coded.kind,
                                        is_networked(coded.predictor) ? network : nullptr, 1, nullptr);
    expect(std::ranges::equal(decoded, content));
    return 0;
}
