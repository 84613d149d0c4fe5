// fuzz_seeds DIR: writes DIR/decode, DIR/round_trip and DIR/network, what the fuzzers start from: real payloads, their
// contents, sound networks and some with one thing wrong.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "fuzz_input.hpp"
#include "random_network.hpp"
#include "samples.hpp"

using namespace codelength;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, std::vector<std::uint8_t> head, Bytes rest) {
    head.insert(head.end(), rest.begin(), rest.end());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(head.data()), static_cast<std::streamsize>(head.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::cerr << "usage: fuzz_seeds DIR\n";
        return 2;
    }
    const fs::path dir = argv[1];
    fs::create_directories(dir / "decode");
    fs::create_directories(dir / "round_trip");
    fs::create_directories(dir / "network");
    const auto makers = {samples::noise, samples::prose, samples::verse, samples::rows, samples::code, samples::zeros};
    int n = 0;
    for (const auto make : makers)
        for (const std::size_t size : {0, 1, 30, 60, 200, 800})
            for (int predictor = 1; predictor <= n_predictors(); ++predictor) {
                const auto content = make(size);
                const bool other = n % 16 >= 8;
                const Network& network = other ? samples::tiny_network_with_starts() : samples::tiny_network();
                const auto coded = encode_segment(content, predictor, is_networked(predictor) ? &network : nullptr, 1, nullptr);
                const std::string name = std::to_string(n++);
                write(dir / "decode" / name, fuzz::header(coded.predictor, coded.kind, size, n % 8 == 0, other), coded.payload);
                const int how = is_networked(predictor) ? n / 2 % 21 : 0;  // lanes and threads
                write(dir / "round_trip" / name, {static_cast<std::uint8_t>(predictor - 1 + n_predictors() * how)}, content);
            }
    for (const int choice : {0, 1, 2, 3, 64, 65, 66, 67, 128, 192})
        for (int sort = 0; sort < 256; sort += choice == 0 ? 1 : 64) {
            const std::uint8_t spoilt[] = {static_cast<std::uint8_t>(sort), 2, 0, 0, 0, 0, 128};
            write(dir / "network" / std::to_string(n++), {static_cast<std::uint8_t>(choice), 0}, sort ? Bytes(spoilt) : Bytes());
        }
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
