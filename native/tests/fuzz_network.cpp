// Whatever a model file holds, it is refused with BadNetwork, or every instruction set runs it and gives the same. The input
// says which random network to begin with, and how to spoil it.
#include <cstdlib>
#include <string>

#include "network_runs.hpp"
#include "random_network.hpp"

using namespace codelength;
using samples::NetworkParts;

namespace {

void expect(bool condition) {
    if (!condition) std::abort();
}

// Zeros after the end.
class Reader {
public:
    explicit Reader(Bytes data) : data_(data) {}
    bool empty() const { return at_ >= data_.size(); }
    std::uint32_t number(int n_bytes) {
        std::uint32_t x = 0;
        for (int k = 0; k < n_bytes; ++k) x |= (empty() ? 0u : std::uint32_t{data_[at_++]}) << 8 * k;
        return x;
    }
    int integer() { return static_cast<int>(number(4)); }

private:
    const Bytes data_;
    std::size_t at_ = 0;
};

const NetworkShape shapes[] = {
    samples::tiny_shape, {16, 1, 16, 1, 2, 4, {1}}, {32, 2, 48, 4, 64, 6, {2, 3}, {1, 4}}, {48, 1, 16, 3, 16, 3, {1, 2, 5, 8}},
};

void spoil(NetworkParts& parts, Reader& in) {
    const std::uint32_t sort = in.number(1);
    auto& tensors = parts.tensors;
    if (sort % 16 == 0 || tensors.empty()) {
        NetworkShape& s = parts.shape;
        int* const fields[] = {&s.width, &s.layers, &s.hidden, &s.taps, &s.rows, &s.columns};
        const std::uint32_t field = sort / 16;
        if (field < std::size(fields)) *fields[field] = in.integer();
        else {
            std::vector<int>& list = field % 4 < 2 ? s.orders : s.echoes;
            if (list.empty() || field % 2) list.push_back(in.integer());
            else list.pop_back();
        }
        return;
    }
    auto& tensor = tensors[in.number(1) % tensors.size()];
    const std::uint32_t variant = sort / 16;
    switch (sort % 16) {
        case 1: tensor.bytes.resize(in.number(2)); break;
        case 2: tensor.dtype = std::to_array({"I8", "I16", "I32", "U16", "U8", "F32", ""})[variant % 7]; break;
        case 3:
            if (tensor.shape.empty() || variant % 4 == 0) tensor.shape.push_back(in.number(1));
            else if (variant % 4 == 1) tensor.shape.pop_back();
            else tensor.shape[variant % tensor.shape.size()] = static_cast<std::size_t>(in.integer());
            break;
        case 4: tensor.name = std::to_array({"", "mixing.", "mixing.5.1.match", "mixing.6.7.", "mixing.7.1.match", "head", "x"})[variant % 7]; break;
        case 5: tensors.erase(tensors.begin() + (&tensor - tensors.data())); break;
        case 6: tensors.push_back(NetworkParts::Tensor(tensor)); break;
        case 7: std::ranges::fill(tensor.bytes, static_cast<std::uint8_t>(in.number(1))); break;
        default: {
            const std::size_t n = tensor.bytes.size() / samples::dtype_size(tensor.dtype);
            if (n > 0) samples::put(tensor, in.number(2) % n, in.integer());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Reader in(Bytes(data, size));
    const std::uint32_t choice = in.number(1);
    NetworkParts parts = samples::network_parts(shapes[choice % std::size(shapes)], in.number(1),
                                                choice & 64 ? samples::Style::extreme : samples::Style::plain, (choice & 128) != 0);
    while (!in.empty()) spoil(parts, in);

    const auto text = samples::verse(40);
    const std::vector<const std::uint8_t*> starts = {text.data(), text.data() + 9, text.data() + 20};
    std::vector<std::uint32_t> expected;
    try {
        network_runs::for_each_isa([&] { return parts.build(); }, [&](const Network& network) {
            const auto found = network_runs::frequencies(network, starts, 20, expected.empty() ? 7 : 1);
            expect(std::ranges::all_of(found, [](std::uint32_t f) { return f >= 1 && f <= 1 << 21; }));
            if (expected.empty()) expected = found;
            expect(found == expected);
        });
        const Network network = parts.build();
        for (const int predictor : {5, 6}) {
            const Coded coded = encode_segment(text, predictor, &network, 1, nullptr);
            expect(decode_segment(coded.payload, text.size(), predictor, coded.kind, &network, 1, nullptr) == text);
        }
    } catch (const BadNetwork&) {
        network_runs::set_isa(nullptr);
    }
    return 0;
}
