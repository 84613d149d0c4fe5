#include "start.hpp"

#include <string>
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

// Of "mixing.5.1.match". Throws BadNetwork for anything but a predictor with a network and a kind of text.
Name parse(std::string_view name) {
    for (std::size_t i = 0; i < profiles.size(); ++i)
        for (const Kind kind : text_kinds) {
            const int predictor = static_cast<int>(i) + 1, k = static_cast<int>(kind);
            const std::string prefix = std::string(starts_prefix) + std::to_string(predictor) + "." + std::to_string(k) + ".";
            if (profiles[i].networked && name.starts_with(prefix)) return {predictor, k, name.substr(prefix.size())};
        }
    throw BadNetwork("tensor " + std::string(name) + " is for no predictor with a network, or no kind of text");
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

// Prose is much alike; programs, tables and logs differ more from one another.
std::uint64_t symbols_before(Kind kind) { return kind == Kind::text || kind == Kind::messages ? 1 << 16 : 1 << 13; }

// Start is const or not.
template <class Start, class F>
void each_part(Start& start, F f) {
    f(0, start.histories);
    f(1, start.match);
    f(2, start.phrases);
    f(3, start.weights);
    f(4, start.last);
}

}  // namespace

void MeanStart::add(const Start& start) {
    ++n_;
    each_part(start, [&](std::size_t part, const auto& values) {
        sums_[part].resize(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) sums_[part][i] += values[i];
    });
}

Start MeanStart::mean() const {
    Start start;
    each_part(start, [&]<class T>(std::size_t part, std::vector<T>& values) {
        for (const std::int64_t sum : sums_[part]) values.push_back(static_cast<T>(sum / n_));
    });
    return start;
}

Starts read_starts(const std::vector<NetworkTensor>& tensors) {
    Starts starts;
    for (const NetworkTensor& tensor : tensors) {
        if (!tensor.name.starts_with(starts_prefix)) continue;
        const auto [predictor, kind, part] = parse(tensor.name);
        const auto n = static_cast<std::size_t>(profiles[static_cast<std::size_t>(predictor - 1)].n_contexts);
        Start& start = starts[{predictor, kind}];
        start.n_symbols = symbols_before(static_cast<Kind>(kind));
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
