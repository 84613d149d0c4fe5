#include "network_model.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "echoes.hpp"
#include "network_tensors.hpp"

namespace codelength {
namespace {

using Size = std::size_t;

Size padded(Size n) { return (n + network_granule - 1) / network_granule * network_granule; }

// A linear map. Its outputs are n_parts vectors one after another, each of which is padded on its own.
struct Linear {
    std::string name;
    Size n_parts, part, n_inputs, n_packed_inputs;
    Numbers weight, multiplier, bias;
    int shift;

    Linear(Tensors& tensors, std::string name_, Size n_parts_, Size part_, Size n_inputs_, Size n_packed_inputs_)
        : name(std::move(name_)), n_parts(n_parts_), part(part_), n_inputs(n_inputs_), n_packed_inputs(n_packed_inputs_) {
        weight = tensors.take(name + ".weight", "I8", {n_outputs(), n_inputs});
        multiplier = tensors.take(name + ".multiplier", "I16", {n_outputs()});
        bias = tensors.take(name + ".bias", "I32", {n_outputs()});
        shift = tensors.take(name + ".shift", "I32", {1}).i32(0);
    }

    Size n_outputs() const { return n_parts * part; }
    Size n_packed_outputs() const { return n_parts * padded(part); }
    Size packed_bytes() const { return n_packed_outputs() * (n_packed_inputs + 8); }

    // 127 * multiplier * sum |weight| + |bias| must be less than 2^31: then products, and what is added to them, wrap
    // nowhere. The head's outputs have 24 bits.
    void check(bool is_head) const {
        require(shift >= 1 && shift <= 30, name, ".shift must be 1 to 30");
        for (Size o = 0; o < n_outputs(); ++o) {
            int sum = 0, least = 0;
            for (Size k = 0; k < n_inputs; ++k) {
                const int w = weight.i8(o * n_inputs + k);
                sum += std::abs(w);
                least = std::min(least, w);
            }
            require(least >= -127, name, ".weight must be -127 to 127");
            const std::int64_t m = multiplier.i16(o), b = bias.i32(o);
            require(m >= 1, name, ".multiplier must be 1 to 32767");
            const std::int64_t most = 127 * m * sum + (b < 0 ? -b : b);
            require(most < std::int64_t{1} << 31, name, " may leave 32 bits");
            require(!is_head || most >> shift < std::int64_t{1} << 24, name, " may leave 24 bits");
        }
    }

    // As LinearView says, into zeros.
    LinearView pack(std::uint8_t* at, const NetworkIsa& isa) const {
        const auto panel = static_cast<Size>(isa.panel_outputs), together = static_cast<Size>(isa.inputs_together);
        const Size n_packed = n_packed_outputs(), panel_bytes = panel * (n_packed_inputs + 8);
        for (Size o = 0; o < n_outputs(); ++o) {
            const Size to = o / part * padded(part) + o % part, place = to % panel;
            const Size n = std::min(panel, n_packed - (to - place));  // outputs of this panel
            std::uint8_t* const weights = at + to / panel * panel_bytes;
            const std::uint8_t* const row = weight.bytes + o * n_inputs;
            int sum = 0;
            for (Size k = 0; k < n_inputs; ++k) sum += static_cast<std::int8_t>(row[k]);
            for (Size k = 0; k < n_inputs; k += together)
                std::memcpy(weights + k * n + place * together, row + k, together);
            // multiplier * sum(weight * (a + offset)) + (bias - multiplier * offset * sum(weight)): both terms may
            // wrap, and the result is right since it fits.
            const auto m = static_cast<std::uint32_t>(multiplier.i16(o));
            const std::uint32_t b = static_cast<std::uint32_t>(bias.i32(o)) -
                                    m * static_cast<std::uint32_t>(isa.input_offset) * static_cast<std::uint32_t>(sum);
            std::uint8_t* const numbers = weights + n * n_packed_inputs;
            std::memcpy(numbers + place * 4, &m, 4);
            std::memcpy(numbers + (n + place) * 4, &b, 4);
        }
        return {at, static_cast<int>(n_packed_inputs), static_cast<int>(n_packed), shift};
    }
};

struct Layer {
    std::string name;
    Numbers taps, mixed_scale, norm_scale;
    Linear gates, mix, hidden, project;

    Layer(Tensors& tensors, Size number, Size d, Size m, Size n_taps)
        : name("layers." + std::to_string(number) + "."),
          taps(tensors.take(name + "taps", "I16", {n_taps, d})),
          mixed_scale(tensors.take_scales(name + "mixed_scale", 1)),
          norm_scale(tensors.take_scales(name + "norm_scale", d)),
          gates(tensors, name + "gates", 3, d, d, padded(d)),
          mix(tensors, name + "mix", 1, d, d, padded(d)),
          hidden(tensors, name + "hidden", 2, m, d, padded(d)),
          project(tensors, name + "project", 1, d, m, padded(m)) {}

    void check(Size d, Size n_taps) const {
        for (Size i = 0; i < d; ++i) {
            std::int64_t sum = 0;
            for (Size j = 0; j < n_taps; ++j) sum += std::abs(taps.i16(j * d + i));
            require((sum << 14) + (1 << 17) < std::int64_t{1} << 31, name, "taps may leave 32 bits");
        }
        for (const Linear* linear : {&gates, &mix, &hidden, &project}) linear->check(false);
    }
};

void check(const NetworkShape& s) {
    const auto in = [](int x, int least, int most) { return least <= x && x <= most; };
    require(in(s.width, 16, 4096) && s.width % 16 == 0, "width must be a multiple of 16, at most 4096");
    require(in(s.layers, 1, 64), "layers must be 1 to 64");
    require(in(s.hidden, 16, 4096) && s.hidden % 16 == 0, "hidden must be a multiple of 16, at most 4096");
    require(in(s.taps, 1, network_max_taps), "taps must be 1 to 8");
    require(in(s.rows, 1, 1 << 24) && (s.rows & (s.rows - 1)) == 0, "rows must be a power of two, at most 2^24");
    require(in(s.columns, 1, 256), "columns must be 1 to 256");
    require(!s.orders.empty(), "orders must be 1 to 8 numbers");
    for (Size n = 0; n < s.orders.size(); ++n) {
        require(in(s.orders[n], 1, network_max_orders), "orders must be 1 to 8");
        require(n == 0 || s.orders[n - 1] < s.orders[n], "orders must increase");
    }
    require(are_echo_lengths(s.echoes), "echoes must be 1 to 8, and increase");
    require(static_cast<int>(s.orders.size() + s.echoes.size()) * s.columns % 4 == 0,
            "columns times the number of orders and echoes must be a multiple of 4");
}

// Packs one thing after another into one allocation, in the order of their use, each aligned to 64 bytes.
class Packer {
public:
    Packer(std::uint8_t* memory, const NetworkIsa& isa) : at_(memory), isa_(isa) {}

    static Size rounded(Size n_bytes) { return (n_bytes + 63) / 64 * 64; }
    static Size rows_bytes(Size n, Size d) { return rounded(n * padded(d) * 2); }

    LinearView pack(const Linear& linear) { return linear.pack(take(linear.packed_bytes()), isa_); }
    // (n, d) numbers of 16 bits, in rows of padded(d)
    const std::int16_t* pack_rows(const Numbers& numbers, Size n, Size d) {
        auto* const out = reinterpret_cast<std::int16_t*>(take(rows_bytes(n, d)));
        for (Size i = 0; i < numbers.n; ++i) out[i / d * padded(d) + i % d] = static_cast<std::int16_t>(numbers.i16(i));
        return out;
    }
    const std::int16_t* pack_scales(const Numbers& scales) {
        auto* const out = reinterpret_cast<std::int16_t*>(take(rows_bytes(1, scales.n)));
        for (Size i = 0; i < scales.n; ++i) out[i] = static_cast<std::int16_t>(scales.i32(i));
        return out;
    }
    // and n_zeros after them
    const std::int8_t* pack_bytes(const Numbers& numbers, Size n_zeros = 0) {
        std::uint8_t* const out = take(rounded(numbers.n + n_zeros));
        if (numbers.n > 0) std::memcpy(out, numbers.bytes, numbers.n);
        return reinterpret_cast<const std::int8_t*>(out);
    }

private:
    std::uint8_t* take(Size n_bytes) { return std::exchange(at_, at_ + n_bytes); }

    std::uint8_t* at_;
    const NetworkIsa& isa_;
};

}  // namespace

NetworkModel::NetworkModel(const NetworkShape& shape, const std::vector<NetworkTensor>& tensors, const NetworkIsa& isa) {
    check(shape);
    const auto d = static_cast<Size>(shape.width), m = static_cast<Size>(shape.hidden);
    const auto n_taps = static_cast<Size>(shape.taps), n_packed_taps = (n_taps + 1) / 2 * 2;
    const Size n_orders = shape.orders.size(), n_echoes = shape.echoes.size(), n_columns = static_cast<Size>(shape.columns);
    const Size n_found = (n_orders + n_echoes) * n_columns;

    // What is there, before anything is allocated.
    Tensors all(tensors);
    const Numbers embed = all.take("embed", "I16", {256, d});
    const Numbers ngrams = all.take("ngrams", "I8", {n_orders, static_cast<Size>(shape.rows), n_columns});
    const Numbers echoes = n_echoes == 0 ? Numbers() : all.take("echoes", "I8", {n_echoes, echo_rows, n_columns});
    const Linear widen(all, "widen", 1, d, n_found, n_found);
    std::vector<Layer> layers;
    for (Size l = 0; l < static_cast<Size>(shape.layers); ++l) layers.emplace_back(all, l, d, m, n_taps);
    const Numbers norm_scale = all.take_scales("norm_scale", d);
    const Linear head(all, "head", 1, 256, d, padded(d));
    all.finish();

    // Its values. -128 in a table is no input of a linear map.
    for (const auto& [table, name] : {std::pair(&ngrams, "ngrams"), std::pair(&echoes, "echoes")})
        require(table->n == 0 || !std::memchr(table->bytes, 0x80, table->n), name, " must be -127 to 127");
    widen.check(false);
    for (const Layer& layer : layers) layer.check(d, n_taps);
    head.check(true);

    Size n_bytes = Packer::rows_bytes(256, d) + Packer::rounded(ngrams.n) + Packer::rounded(echoes.n + n_columns) +
                   Packer::rows_bytes(1, d);
    std::vector<const Linear*> linears = {&widen, &head};
    for (const Layer& layer : layers) {
        n_bytes += Packer::rows_bytes(n_packed_taps, d) + Packer::rows_bytes(1, d);
        linears.insert(linears.end(), {&layer.gates, &layer.mix, &layer.hidden, &layer.project});
    }
    for (const Linear* linear : linears) {
        n_bytes += linear->packed_bytes();
        multiply_adds_ += linear->weight.n;
    }
    // Kernels fetch ahead, beyond the last panel too.
    memory_ = AlignedBytes(n_bytes + static_cast<Size>(isa.panel_outputs) * padded(std::max(d, m)));

    Packer packer(memory_.data(), isa);
    view_.width = static_cast<int>(padded(d));
    view_.hidden = static_cast<int>(padded(m));
    view_.n_layers = shape.layers;
    view_.n_taps = shape.taps;
    view_.n_orders = static_cast<int>(n_orders);
    view_.n_echoes = static_cast<int>(n_echoes);
    view_.n_columns = shape.columns;
    view_.row_bits = std::bit_width(static_cast<unsigned>(shape.rows)) - 1;
    std::copy(shape.orders.begin(), shape.orders.end(), view_.orders);
    view_.embed = packer.pack_rows(embed, 256, d);
    view_.ngrams = packer.pack_bytes(ngrams);
    view_.echoes = packer.pack_bytes(echoes, n_columns);
    view_.widen = packer.pack(widen);
    for (const Layer& layer : layers) {
        LayerView packed{};
        packed.taps = packer.pack_rows(layer.taps, n_packed_taps, d);
        packed.gates = packer.pack(layer.gates);
        packed.mixed_scale = layer.mixed_scale.i32(0);
        packed.mix = packer.pack(layer.mix);
        packed.norm_scale = packer.pack_scales(layer.norm_scale);
        packed.hidden = packer.pack(layer.hidden);
        packed.project = packer.pack(layer.project);
        layers_.push_back(packed);
    }
    view_.layers = layers_.data();
    view_.norm_scale = packer.pack_scales(norm_scale);
    view_.head = packer.pack(head);
}

}  // namespace codelength
