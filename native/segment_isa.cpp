// Compiled once for each instruction set, with its flags: see core.cmake.
#include <algorithm>
#include <array>

#include "isa.hpp"
#include "segment_coding.hpp"

namespace codelength {
namespace {

using namespace CODELENGTH_ISA;

// The kind's parameter travels in front of the symbols, each bit with probability 1/2.
constexpr int n_stride_bits = 16;
constexpr std::uint32_t half = 32768;

// Returns what the network's forecasts alone would have cost, in bits.
template <class Encoder>
std::uint64_t run(const Job& job, std::uint32_t stride, Bytes symbols, Encoder& encoder) {
    if (job.kind == Kind::records)
        for (int k = n_stride_bits - 1; k >= 0; --k) encoder.encode(static_cast<int>(stride >> k & 1), half);
    const Lanes lanes = job.network ? Lanes::for_network(job.n_bytes, profiles[job.profile].most_lanes) : Lanes();
    std::uint64_t forecast_length_bits = 0;
    with_predictor(job.profile, job.kind, stride, job.n_bytes, lanes, job.start(job.kind), job.phrases(), [&](auto& predictor) {
        code_symbols(predictor, symbols, true, job, [&](std::size_t i) { encode_symbol(predictor, symbols[i], encoder); });
        forecast_length_bits = predictor.forecast_length_bits();
    });
    return forecast_length_bits;
}

std::uint64_t encode(const Job& job, std::uint32_t stride, Bytes symbols, std::vector<std::uint8_t>& payload) {
    BitEncoder encoder(payload);
    const std::uint64_t forecast_length_bits = run(job, stride, symbols, encoder);
    encoder.finish();
    return forecast_length_bits;
}

double ideal_length_bits(const Job& job, std::uint32_t stride, Bytes symbols) {
    IdealEncoder encoder;
    run(job, stride, symbols, encoder);
    return encoder.length_bits;
}

std::vector<std::uint8_t> decode(const Job& job, Bytes payload) {
    BitDecoder decoder(payload);
    std::uint32_t stride = 0;
    if (job.kind == Kind::records)
        for (int k = 0; k < n_stride_bits; ++k) stride = stride << 1 | static_cast<std::uint32_t>(decoder.decode(half));
    const Lanes lanes = job.network ? Lanes::for_network(job.n_bytes, profiles[job.profile].most_lanes) : Lanes();
    std::vector<std::uint8_t> content(job.n_bytes);
    with_predictor(job.profile, job.kind, stride, job.n_bytes, lanes, job.start(job.kind), job.phrases(), [&](auto& predictor) {
        if (job.kind == Kind::words)
            decode_words(predictor, content, decoder, job.monitor);
        else
            code_symbols(predictor, content, false, job, [&](std::size_t i) { content[i] = decode_symbol(predictor, decoder); });
    });
    if (!decoder.consumed()) throw CorruptPayload("the payload goes on after its content");
    return content;
}

// Bits, in 1/4096, that put a start out of the race.
constexpr std::uint64_t clearly_behind = 20 << 12;

// One of the starts that race through a sample.
template <class Predictor>
struct Racer {
    Kind kind;
    std::unique_ptr<Predictor> predictor;
    LengthEncoder length;
};

Kind kind_of_text(const Job& job, Bytes sample, const std::uint32_t* frequencies) {
    Kind best = Kind::text;
    const auto race = [&]<std::size_t profile>() {
        constexpr Profile p = profiles[profile];
        using Predictor = MixingPredictor<p.n_contexts, p.deep, p.networked>;
        std::vector<Racer<Predictor>> racers;
        for (const Kind kind : text_kinds) {
            const Start* const start = job.start(kind);
            if (kind != Kind::text && !start) continue;
            racers.push_back({kind, std::make_unique<Predictor>(p, kind, 0, sample.size(), Lanes(), start, job.phrases()), {}});
        }
        const auto length = [](const auto& racer) { return racer.length.length; };
        for (std::size_t i = 0; i < sample.size() && racers.size() > 1; ++i) {
            for (auto& racer : racers) {
                racer.predictor->begin_symbol(0, sample.data(), frequencies + 256 * i);
                encode_symbol(*racer.predictor, sample[i], racer.length);
                racer.predictor->end_symbol(sample.data());
            }
            const auto first = std::ranges::min_element(racers, {}, length);
            best = first->kind;
            std::erase_if(racers, [least = length(*first)](const auto& racer) { return racer.length.length > least + clearly_behind; });
        }
    };
    with_networked(job.profile, race);
    return best;
}

std::vector<std::uint8_t> lengths(Bytes content) {
    std::vector<std::uint8_t> found;
    with_predictor(1, Kind::text, 0, content.size(), Lanes(), nullptr, nullptr, [&](auto& predictor) {
        code_alone(predictor, content, content.size(), nullptr, [&](std::size_t i) {
            IdealEncoder encoder;
            encode_symbol(predictor, content[i], encoder);
            found.push_back(static_cast<std::uint8_t>(std::min(255.0, std::round(16 * encoder.length_bits))));
        });
    });
    return found;
}

// Codes the documents one after another and keeps what it learns, on average over the later half of them.
Start learn(const Job& job, std::span<const Bytes> documents) {
    IdealEncoder encoder;
    MeanStart mean;
    Start start;
    const Start* before = nullptr;
    for (std::size_t number = 0; number < documents.size(); ++number) {
        const Bytes document = documents[number];
        Job each = job;
        each.n_bytes = document.size();
        const auto run = [&]<std::size_t profile>() {
            constexpr Profile p = profiles[profile];
            MixingPredictor<p.n_contexts, p.deep, p.networked> predictor(p, Kind::text, 0, document.size(),
                                                                         Lanes(document.size(), 1), before, job.phrases());
            code_symbols(predictor, document, true, each, [&](std::size_t i) { encode_symbol(predictor, document[i], encoder); });
            start = predictor.learned();
        };
        with_networked(job.profile, run);
        if (number >= documents.size() / 2) mean.add(start);
        start.settled = 448;
        start.n_symbols = 1 << 20;
        before = &start;
    }
    return mean.mean();
}

}  // namespace

#if defined(__AVX2__)
const Isa isa_avx2 = {"avx2", encode, ideal_length_bits, decode, kind_of_text, lengths, learn};
#else
const Isa isa_portable = {"portable", encode, ideal_length_bits, decode, kind_of_text, lengths, learn};
#endif

}  // namespace codelength
