// Networks of random numbers, made the same way on every machine.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contexts.hpp"
#include "echoes.hpp"
#include "network.hpp"
#include "profile.hpp"
#include "samples.hpp"
#include "segment.hpp"

namespace codelength::samples {

// What a model file holds, for a test to spoil before it is built.
struct NetworkParts {
    struct Tensor {
        std::string name, dtype;
        std::vector<std::size_t> shape;
        std::vector<std::uint8_t> bytes;
    };

    NetworkShape shape;
    std::vector<Tensor> tensors;

    Network build() const {
        std::vector<NetworkTensor> views;
        for (const Tensor& t : tensors) views.push_back({t.name, t.dtype, t.shape, t.bytes});
        return {shape, views};
    }
    Tensor& operator[](std::string_view name) {
        return *std::ranges::find(tensors, name, &Tensor::name);
    }
};

inline std::size_t dtype_size(std::string_view dtype) { return dtype == "I8" || dtype == "U8" ? 1 : dtype == "I32" ? 4 : 2; }

// Element number i of a tensor.
inline void put(NetworkParts::Tensor& tensor, std::size_t i, std::int64_t value) {
    const std::size_t size = dtype_size(tensor.dtype);
    for (std::size_t k = 0; k < size; ++k) tensor.bytes[i * size + k] = static_cast<std::uint8_t>(value >> 8 * k);
}

// plain: activations of a sensible size. extreme: every number as large as the format allows, with any sign.
enum class Style { plain, extreme };

class NetworkMaker {
public:
    NetworkMaker(NetworkShape shape, std::uint64_t seed, Style style) : random_(seed), extreme_(style == Style::extreme) {
        parts_.shape = std::move(shape);
        const NetworkShape& s = parts_.shape;
        const auto d = size(s.width), m = size(s.hidden), n_taps = size(s.taps);
        add("embed", "I16", {256, d}, -4000, 4000, -32768, 32767);
        add("ngrams", "I8", {s.orders.size(), size(s.rows), size(s.columns)}, -127, 127, -127, 127);
        if (!s.echoes.empty()) add("echoes", "I8", {s.echoes.size(), echo_rows, size(s.columns)}, -127, 127, -127, 127);
        linear("widen", d, (s.orders.size() + s.echoes.size()) * size(s.columns));
        for (int l = 0; l < s.layers; ++l) {
            const std::string name = "layers." + std::to_string(l) + ".";
            const auto tap = static_cast<int>(std::min<std::size_t>(32767, 131063 / n_taps));  // sum |taps| < 2^17 - 8
            add(name + "taps", "I16", {n_taps, d}, -tap / 3, tap / 3, -tap, tap);
            linear(name + "gates", 3 * d, d);
            add(name + "mixed_scale", "I32", {1}, 3000, 3000, 32767, 32767);
            linear(name + "mix", d, d);
            add(name + "norm_scale", "I32", {d}, 5000, 9000, 32767, 32767);
            linear(name + "hidden", 2 * m, d);
            linear(name + "project", d, m);
        }
        add("norm_scale", "I32", {d}, 5000, 9000, 32767, 32767);
        linear("head", 256, d);
    }

    // What the predictors that use the network start from.
    void add_starts() {
        for (std::size_t i = 0; i < profiles.size(); ++i) {
            if (!profiles[i].networked) continue;
            const std::size_t n = size(profiles[i].n_contexts);
            for (const Kind kind : text_kinds) {
                const std::string name = "mixing." + std::to_string(i + 1) + "." + std::to_string(static_cast<int>(kind)) + ".";
                add(name + "histories", "U16", {n, 256}, 20000, 45000, 0, 65535);
                add(name + "match", "U16", {64}, 20000, 45000, 0, 65535);
                add(name + "phrases", "U16", {n_phrase_probabilities}, 20000, 45000, 0, 65535);
                add(name + "weights", "I16", {Start::n_sets, n + Start::n_more_inputs}, -300, 1000, -32767, 32767);
                add(name + "last", "I16", {256, Start::n_last_inputs}, 0, 1300, -32767, 32767);
            }
        }
    }

    // Of so few checks that some are met.
    void add_phrases(std::size_t n_lines) {
        const std::size_t n = tensor("phrases", "U8", {n_lines, PhraseTable::line_bytes});
        for (std::size_t i = 0; i < n; ++i) put(parts_.tensors.back(), i, between(0, 255));
    }

    NetworkParts parts() const { return parts_; }

private:
    using Shape = std::vector<std::size_t>;
    static std::size_t size(int n) { return static_cast<std::size_t>(n); }

    int between(int least, int most) { return least + static_cast<int>(random_.below(size(most - least + 1))); }
    std::size_t tensor(const std::string& name, const char* dtype, Shape shape) {
        std::size_t n = 1;
        for (const std::size_t k : shape) n *= k;
        parts_.tensors.push_back({name, dtype, std::move(shape), std::vector<std::uint8_t>(n * dtype_size(dtype))});
        return n;
    }
    void add(const std::string& name, const char* dtype, Shape shape, int least, int most, int extreme_least, int extreme_most) {
        const std::size_t n = tensor(name, dtype, std::move(shape));
        for (std::size_t i = 0; i < n; ++i)
            put(parts_.tensors.back(), i,
                extreme_ ? (random_.below(2) ? extreme_least : extreme_most) : between(least, most));
    }

    // An output of the plain sort is some 2^12: inputs of 64, weights of 64, K of them of either sign.
    void linear(const std::string& name, std::size_t n_outputs, std::size_t n_inputs) {
        constexpr std::int64_t limit = std::int64_t{1} << 31;
        const auto most = static_cast<int>(std::min<std::int64_t>(32767, (limit - 1) / (127 * 127 * static_cast<std::int64_t>(n_inputs))));
        std::size_t root = 1;
        while (root * root < n_inputs) ++root;
        const int usual = std::clamp(static_cast<int>(8192 / root), 1, std::max(1, most / 2));
        const bool is_head = name == "head";
        add(name + ".weight", "I8", {n_outputs, n_inputs}, -127, 127, -127, 127);
        add(name + ".multiplier", "I16", {n_outputs}, usual, usual, most, most);
        tensor(name + ".bias", "I32", {n_outputs});
        const std::int64_t rest = limit - 1 - std::int64_t{127} * 127 * most * static_cast<std::int64_t>(n_inputs);
        for (std::size_t o = 0; o < n_outputs; ++o)
            put(parts_.tensors.back(), o, extreme_ ? (random_.below(2) ? rest : -rest) : between(-100'000, 100'000));
        add(name + ".shift", "I32", {1}, is_head ? 14 : 13, is_head ? 14 : 13, is_head ? 7 : 1, is_head ? 7 : 1);
    }

    Random random_;
    const bool extreme_;
    NetworkParts parts_;
};

inline NetworkParts network_parts(NetworkShape shape, std::uint64_t seed, Style style, bool with_starts = false) {
    NetworkMaker maker(std::move(shape), seed, style);
    if (with_starts) {
        maker.add_starts();
        maker.add_phrases(4);
    }
    return maker.parts();
}

// As small as can be, for tests in which a network takes part and is not what is tested.
inline const NetworkShape tiny_shape = {16, 1, 16, 2, 16, 4, {1, 3}};

inline const Network& tiny_network() {
    static const Network network = network_parts(tiny_shape, 1, Style::plain).build();
    return network;
}

inline const Network& tiny_network_with_starts() {
    static const Network network = network_parts(tiny_shape, 2, Style::plain, true).build();
    return network;
}

// The one to give to encode_segment and decode_segment.
inline const Network* network_for(int predictor) { return is_networked(predictor) ? &tiny_network() : nullptr; }

}  // namespace codelength::samples
