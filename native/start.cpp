#include "start.hpp"

#include <charconv>
#include <string_view>

#include "contexts.hpp"
#include "network_tensors.hpp"
#include "profile.hpp"

namespace codelength {
namespace {

struct Name {
    int predictor, kind;
    std::string_view part;
};

// Of "mixing.5.1.match". Throws BadNetwork for a predictor without a network, or a kind that is no text.
Name parse(const std::string& name) {
    const char *at = name.data() + starts_prefix.size(), *const end = name.data() + name.size();
    int numbers[2] = {};
    for (int& number : numbers) {
        const auto [rest, error] = std::from_chars(at, end, number);
        if (error != std::errc() || rest == end || *rest != '.') throw BadNetwork("no tensor is called " + name);
        at = rest + 1;
    }
    const auto [predictor, kind] = numbers;
    const std::string_view part(at, static_cast<std::size_t>(end - at));
    if (name != std::string(starts_prefix) + std::to_string(predictor) + "." + std::to_string(kind) + "." + std::string(part))
        throw BadNetwork("no tensor is called " + name);
    if (predictor < 1 || predictor > static_cast<int>(profiles.size()) || !profiles[static_cast<std::size_t>(predictor - 1)].networked)
        throw BadNetwork("tensor " + name + " is for no predictor with a network");
    if (kind < 0 || kind >= n_kinds || !is_text(static_cast<Kind>(kind))) throw BadNetwork("tensor " + name + " is for no kind of text");
    return {predictor, kind, part};
}

template <class T>
std::vector<T> numbers(const NetworkTensor& tensor, std::string_view dtype, const std::vector<std::size_t>& shape) {
    if (tensor.dtype != dtype || tensor.shape != shape) throw BadNetwork("tensor " + tensor.name + " has another dtype or shape");
    std::vector<T> out(shape.size() == 1 ? shape[0] : shape[0] * shape[1]);
    if (tensor.bytes.size() != 2 * out.size()) throw BadNetwork("tensor " + tensor.name + " has another number of bytes");
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<T>(tensor.bytes[2 * i] | tensor.bytes[2 * i + 1] << 8);
        // A mixer's weights are symmetric.
        if (std::is_signed_v<T> && static_cast<int>(out[i]) == -32768) throw BadNetwork("tensor " + tensor.name + " holds -32768");
    }
    return out;
}

}  // namespace

Starts read_starts(const std::vector<NetworkTensor>& tensors) {
    Starts starts;
    for (const NetworkTensor& tensor : tensors) {
        if (!tensor.name.starts_with(starts_prefix)) continue;
        const auto [predictor, kind, part] = parse(tensor.name);
        const auto n = static_cast<std::size_t>(profiles[static_cast<std::size_t>(predictor - 1)].n_contexts);
        Start& start = starts[{predictor, kind}];
        if (part == "histories") start.histories = numbers<std::uint16_t>(tensor, "U16", {n, 256});
        else if (part == "match") start.match = numbers<std::uint16_t>(tensor, "U16", {64});
        else if (part == "weights") start.weights = numbers<std::int16_t>(tensor, "I16", {Start::n_sets, n + Start::n_more_inputs});
        else if (part == "last") start.last = numbers<std::int16_t>(tensor, "I16", {256, Start::n_last_inputs});
        else if (part == "phrases") start.phrases = numbers<std::uint16_t>(tensor, "U16", {n_phrase_probabilities});
        else throw BadNetwork("no tensor is called " + tensor.name);
    }
    for (const auto& [of, start] : starts)
        if (start.histories.empty() || start.match.empty() || start.phrases.empty() || start.weights.empty() || start.last.empty())
            throw BadNetwork("the start of predictor " + std::to_string(of.first) + " for kind " + std::to_string(of.second) +
                             " is not complete");
    return starts;
}

}  // namespace codelength
