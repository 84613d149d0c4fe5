// How long the network takes for a byte:  bench_network [lanes steps]
// CPU time, and the best of several runs, since other programs share the machine.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <random>

#include "echoes.hpp"
#include "network.hpp"

using namespace codelength;

namespace {

// A network of random numbers, whose activations are of a sensible size.
class RandomNetwork {
public:
    explicit RandomNetwork(const NetworkShape& s) : shape_(s) {
        const auto d = static_cast<std::size_t>(s.width), m = static_cast<std::size_t>(s.hidden);
        const std::size_t n_echoes = s.echoes.size(), n_columns = static_cast<std::size_t>(s.columns);
        const std::size_t n_found = (s.orders.size() + n_echoes) * n_columns;
        add("embed", "I16", {256, d}, -4000, 4000);
        add("ngrams", "I8", {s.orders.size(), static_cast<std::size_t>(s.rows), n_columns}, -127, 127);
        if (n_echoes > 0) add("echoes", "I8", {n_echoes, echo_rows, n_columns}, -127, 127);
        linear("widen", d, n_found, 12, 60);
        for (int l = 0; l < s.layers; ++l) {
            const std::string name = "layers." + std::to_string(l) + ".";
            add(name + "taps", "I16", {static_cast<std::size_t>(s.taps), d}, -15000, 15000);
            linear(name + "gates", 3 * d, d, 12, 80);
            add(name + "mixed_scale", "I32", {1}, 200, 200);
            linear(name + "mix", d, d, 13, 40);
            add(name + "norm_scale", "I32", {d}, 6000, 12000);
            linear(name + "hidden", 2 * m, d, 12, 80);
            linear(name + "project", d, m, 13, 40);
        }
        add("norm_scale", "I32", {d}, 6000, 12000);
        linear("head", 256, d, 13, 40);
    }
    Network make() const { return {shape_, tensors_}; }

private:
    void linear(const std::string& name, std::size_t n_outputs, std::size_t n_inputs, int shift, int multiplier) {
        add(name + ".weight", "I8", {n_outputs, n_inputs}, -127, 127);
        add(name + ".multiplier", "I16", {n_outputs}, multiplier, 2 * multiplier);
        add(name + ".bias", "I32", {n_outputs}, -100000, 100000);
        add(name + ".shift", "I32", {1}, shift, shift);
    }
    void add(const std::string& name, const std::string& dtype, std::vector<std::size_t> dims, int least, int most) {
        std::size_t n = 1;
        for (const std::size_t k : dims) n *= k;
        const std::size_t size = dtype == "I8" ? 1 : dtype == "I16" ? 2 : 4;
        std::vector<std::uint8_t>& bytes = storage_.emplace_back();
        std::uniform_int_distribution<int> value(least, most);
        for (std::size_t i = 0; i < n; ++i) {
            const auto x = static_cast<std::uint32_t>(value(random_));
            for (std::size_t b = 0; b < size; ++b) bytes.push_back(static_cast<std::uint8_t>(x >> 8 * b));
        }
        tensors_.push_back({name, dtype, std::move(dims), bytes});
    }

    NetworkShape shape_;
    std::mt19937 random_{1};
    std::deque<std::vector<std::uint8_t>> storage_;
    std::vector<NetworkTensor> tensors_;
};

double best_us_per_byte(const Network& network, int n_lanes, int n_steps) {
    const int n_calls = std::max(2, 256 / (n_lanes * n_steps));
    const auto n = static_cast<std::size_t>(n_calls * n_steps);
    std::mt19937 random(2);
    std::vector<std::vector<std::uint8_t>> lanes(static_cast<std::size_t>(n_lanes), std::vector<std::uint8_t>(n));
    std::vector<const std::uint8_t*> starts;
    for (auto& lane : lanes) {
        for (auto& b : lane) b = static_cast<std::uint8_t>("etaoin shrdlu\n.,E"[random() % 17]);
        starts.push_back(lane.data());
    }
    std::vector<std::uint32_t> out(static_cast<std::size_t>(n_lanes * n_steps) * 256);
    double best = 1e9;
    for (int repeat = 0; repeat < 50; ++repeat) {
        const auto run = network.start(n_lanes);
        const std::clock_t begin = std::clock();
        for (std::size_t p = 0; p < n; p += static_cast<std::size_t>(n_steps)) run->forward(starts, 0, p, n_steps, out.data());
        const double us = static_cast<double>(std::clock() - begin) * 1e6 / CLOCKS_PER_SEC;
        best = std::min(best, us / (static_cast<double>(n) * n_lanes));
    }
    return best;
}

}  // namespace

int main(int argc, char** argv) {
    const Network network = RandomNetwork({256, 5, 320, 4, 32768, 24, {2, 3, 4, 5, 6}, {2, 4, 6}}).make();
    const auto n = static_cast<double>(network.multiply_adds_per_byte());
    std::printf("%s: %.2f M multiply-adds a byte, %.1f MB\n", network.isa_name(), n / 1e6,
                static_cast<double>(network.memory_bytes()) / 1e6);
    const auto measure = [&](int lanes, int steps) {
        const double us = best_us_per_byte(network, lanes, steps);
        std::printf("%2d lanes x %2d steps: %7.2f us a byte, %5.0f G multiply-adds a second\n", lanes, steps, us, n / us / 1e3);
    };
    if (argc == 3) return measure(std::atoi(argv[1]), std::atoi(argv[2])), 0;
    for (const int lanes : {32, 16, 8, 4, 2, 1}) measure(lanes, 1);
    measure(1, 64);
    measure(8, 16);
    measure(32, 4);
}
