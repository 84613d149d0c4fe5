// fuzz_seeds DIR: writes DIR/decode and DIR/round_trip, what the fuzzers start from: real payloads, and their contents.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "fuzz_input.hpp"
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
    const auto makers = {samples::noise, samples::prose, samples::verse, samples::rows, samples::code, samples::zeros};
    int n = 0;
    for (const auto make : makers)
        for (const std::size_t size : {0, 1, 30, 60, 200, 800})
            for (int predictor = 1; predictor <= n_predictors(); ++predictor) {
                const auto content = make(size);
                const auto coded = encode_segment(content, predictor, nullptr);
                const std::string name = std::to_string(n++);
                write(dir / "decode" / name, fuzz::header(predictor, coded.kind, size, n % 8 == 0), coded.payload);
                write(dir / "round_trip" / name, {static_cast<std::uint8_t>(predictor - 1)}, content);
            }
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
