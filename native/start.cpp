#include "start.hpp"

#include <charconv>
#include <string_view>

#include "network_tensors.hpp"
#include "profile.hpp"

namespace codelength {
namespace {

// The profile that a tensor's name asks for, as "5." of "mixing.5.match"; throws BadNetwork.
int predictor_of(const std::string& name) {
    int number = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + starts_prefix.size(), end, number);
    if (error != std::errc() || rest == end || *rest != '.' || number < 1 ||
        number > static_cast<int>(profiles.size()) || !profiles[static_cast<std::size_t>(number - 1)].networked)
        throw BadNetwork("tensor " + name + " is for no predictor with a network");
    return number;
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

std::map<int, Start> read_starts(const std::vector<NetworkTensor>& tensors) {
    std::map<int, Start> starts;
    for (const NetworkTensor& tensor : tensors) {
        if (!tensor.name.starts_with(starts_prefix)) continue;
        const int predictor = predictor_of(tensor.name);
        const auto n = static_cast<std::size_t>(profiles[static_cast<std::size_t>(predictor - 1)].n_contexts);
        const std::string_view part = std::string_view(tensor.name).substr(tensor.name.rfind('.') + 1);
        Start& start = starts[predictor];
        if (tensor.name != std::string(starts_prefix) + std::to_string(predictor) + "." + std::string(part)) throw BadNetwork("no tensor is called " + tensor.name);
        if (part == "histories") start.histories = numbers<std::uint16_t>(tensor, "U16", {n, 256});
        else if (part == "match") start.match = numbers<std::uint16_t>(tensor, "U16", {64});
        else if (part == "weights") start.weights = numbers<std::int16_t>(tensor, "I16", {Start::n_sets, n + Start::n_more_inputs});
        else if (part == "last") start.last = numbers<std::int16_t>(tensor, "I16", {256, Start::n_last_inputs});
        else if (part == "phrases") start.phrases = numbers<std::uint16_t>(tensor, "U16", {n_phrase_probabilities});
        else throw BadNetwork("no tensor is called " + tensor.name);
    }
    for (const auto& [predictor, start] : starts)
        if (start.histories.empty() || start.match.empty() || start.phrases.empty() || start.weights.empty() || start.last.empty())
            throw BadNetwork("the start of predictor " + std::to_string(predictor) + " is not complete");
    return starts;
}

}  // namespace codelength
