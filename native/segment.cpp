#include "segment.hpp"

#include <cstring>

#include "coder.hpp"

namespace codelength {
namespace {
constexpr std::size_t monitor_interval = 4096;

struct Toy {
    std::vector<std::uint16_t> p = std::vector<std::uint16_t>(1 << 24, 32768);
    std::uint32_t h = 0;
    std::uint32_t c0 = 1;
    std::uint32_t idx() const { return ((h & 0xffff) * 256 + c0) & 0xffffff; }
    std::uint32_t predict() const {
        std::uint32_t v = p[idx()];
        return v < 32 ? 32 : v > 65504 ? 65504 : v;
    }
    void update(int bit) {
        auto& v = p[idx()];
        v += bit ? (65535 - v) >> 4 : -(v >> 4);
        c0 = c0 * 2 + bit;
        if (c0 > 255) {
            h = h << 8 | (c0 & 255);
            c0 = 1;
        }
    }
};

void report(Monitor* monitor, std::size_t done) {
    if (!monitor || done % monitor_interval) return;
    monitor->n_bytes.store(done, std::memory_order_relaxed);
    if (monitor->cancelled.load(std::memory_order_relaxed)) throw Cancelled();
}
}  // namespace

int n_predictors() { return 4; }

std::size_t memory_bytes(int, std::size_t) { return std::size_t{1} << 25; }

Coded encode_segment(Bytes content, int predictor, Monitor* monitor) {
    if (predictor < 1 || predictor > n_predictors()) throw std::invalid_argument("unknown predictor");
    Coded out{0, {}};
    Toy model;
    BitEncoder encoder(out.payload);
    std::size_t done = 0;
    for (std::uint8_t c : content) {
        for (int i = 7; i >= 0; --i) {
            const int bit = c >> i & 1;
            encoder.encode(bit, model.predict());
            model.update(bit);
        }
        report(monitor, ++done);
    }
    encoder.finish();
    return out;
}

std::vector<std::uint8_t> decode_segment(Bytes payload, std::size_t n_bytes, int predictor, int kind, Monitor* monitor) {
    if (predictor < 1 || predictor > n_predictors() || kind != 0) throw std::invalid_argument("unknown predictor");
    std::vector<std::uint8_t> out;
    Toy model;
    BitDecoder decoder(payload);
    while (out.size() < n_bytes) {
        int c = 1;
        while (c < 256) {
            const int bit = decoder.decode(model.predict());
            model.update(bit);
            c = c * 2 + bit;
        }
        if (decoder.overrun()) throw CorruptPayload("the payload ends before its content");
        out.push_back(static_cast<std::uint8_t>(c));
        report(monitor, out.size());
    }
    if (!decoder.consumed()) throw CorruptPayload("the payload goes on after its content");
    return out;
}

}  // namespace codelength
