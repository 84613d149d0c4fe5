// Text in any number of lanes. encode_segment sets their number by the size of the content; here small contents reach what
// otherwise only large ones do.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "network.hpp"
#include "segment_coding.hpp"

namespace codelength::lane_coding {

// As in a segment, no lane is without a symbol.
inline bool fits(std::size_t n_bytes, std::uint32_t n_lanes) {
    return n_lanes == 1 || (n_lanes - 1) * ((n_bytes + n_lanes - 1) / n_lanes) < n_bytes;
}

// Of every other size the kind is logs, for whose start the network may have other values.
inline Job job_of(std::size_t n_bytes, int predictor, const Network& network, int n_threads, Monitor* monitor) {
    Job job{};
    job.profile = static_cast<std::size_t>(predictor - 1);
    job.kind = n_bytes % 2 ? Kind::logs : Kind::text;
    job.n_bytes = n_bytes;
    job.network = &network;
    job.n_threads = n_threads;
    job.monitor = monitor;
    return job;
}

template <class Code>
void run(const Job& job, std::uint32_t n_lanes, Code code) {
    using namespace portable;
    const Lanes lanes(job.n_bytes, n_lanes);
    with_predictor(job.profile, job.kind, 0, job.n_bytes, lanes, job.start(job.kind), job.phrases(), code);
}

inline std::vector<std::uint8_t> encode(Bytes content, int predictor, const Network& network, std::uint32_t n_lanes,
                                        int n_threads, Monitor* monitor = nullptr) {
    using namespace portable;
    std::vector<std::uint8_t> payload;
    BitEncoder encoder(payload);
    const Job job = job_of(content.size(), predictor, network, n_threads, monitor);
    run(job, n_lanes, [&](auto& p) {
        code_symbols(p, content, true, job, [&](std::size_t i) { encode_symbol(p, content[i], encoder); });
    });
    encoder.finish();
    return payload;
}

// Throws CorruptPayload.
inline std::vector<std::uint8_t> decode(Bytes payload, std::size_t n_bytes, int predictor, const Network& network,
                                        std::uint32_t n_lanes, int n_threads, Monitor* monitor = nullptr) {
    using namespace portable;
    BitDecoder decoder(payload);
    std::vector<std::uint8_t> content(n_bytes);
    const Job job = job_of(n_bytes, predictor, network, n_threads, monitor);
    run(job, n_lanes, [&](auto& p) {
        code_symbols(p, content, false, job, [&](std::size_t i) { content[i] = decode_symbol(p, decoder); });
    });
    if (!decoder.consumed()) throw CorruptPayload("the payload goes on after its content");
    return content;
}

}  // namespace codelength::lane_coding
