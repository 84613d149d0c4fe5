// Compiled once for each instruction set, with its flags: see core.cmake.
#include "isa.hpp"
#include "segment_coding.hpp"

namespace codelength {
namespace {

// The kind's parameter travels in front of the symbols, each bit with probability 1/2.
constexpr int n_stride_bits = 16;
constexpr std::uint32_t half = 32768;

template <class Encoder>
void run(std::size_t profile, Kind kind, std::uint32_t stride, Bytes symbols, std::size_t n_bytes, Encoder& encoder,
         Monitor* monitor) {
    if (kind == Kind::records)
        for (int k = n_stride_bits - 1; k >= 0; --k) encoder.encode(static_cast<int>(stride >> k & 1), half);
    CODELENGTH_ISA::with_predictor(profile, kind, stride, n_bytes, [&](auto& predictor) {
        CODELENGTH_ISA::encode_with(predictor, symbols, n_bytes, encoder, monitor);
    });
}

void encode(std::size_t profile, Kind kind, std::uint32_t stride, Bytes symbols, std::size_t n_bytes,
            std::vector<std::uint8_t>& payload, Monitor* monitor) {
    CODELENGTH_ISA::BitEncoder encoder(payload);
    run(profile, kind, stride, symbols, n_bytes, encoder, monitor);
    encoder.finish();
}

double ideal_length_bits(std::size_t profile, Kind kind, std::uint32_t stride, Bytes symbols, std::size_t n_bytes) {
    CODELENGTH_ISA::IdealEncoder encoder;
    run(profile, kind, stride, symbols, n_bytes, encoder, nullptr);
    return encoder.length_bits;
}

std::vector<std::uint8_t> decode(std::size_t profile, Kind kind, Bytes payload, std::size_t n_bytes, Monitor* monitor) {
    CODELENGTH_ISA::BitDecoder decoder(payload);
    std::uint32_t stride = 0;
    if (kind == Kind::records)
        for (int k = 0; k < n_stride_bits; ++k) stride = stride << 1 | static_cast<std::uint32_t>(decoder.decode(half));
    return CODELENGTH_ISA::with_predictor(profile, kind, stride, n_bytes, [&](auto& predictor) {
        return CODELENGTH_ISA::decode_with(predictor, kind, n_bytes, decoder, monitor);
    });
}

}  // namespace

#if defined(__AVX2__)
const Isa isa_avx2 = {"avx2", encode, ideal_length_bits, decode};
#else
const Isa isa_portable = {"portable", encode, ideal_length_bits, decode};
#endif

}  // namespace codelength
