// Runs of the network with each instruction set.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "network.hpp"

namespace codelength::network_runs {

inline void set_isa(const char* name) {
#if defined(_WIN32)
    _putenv_s("CODELENGTH_ISA", name ? name : "");
#else
    name ? setenv("CODELENGTH_ISA", name, 1) : unsetenv("CODELENGTH_ISA");
#endif
}

// Calls f with a network for each instruction set that there is here, the portable one first. make() builds a network.
template <class Make, class F>
void for_each_isa(Make make, F f) {
    const char* const before = std::getenv("CODELENGTH_ISA");
    const std::string wish = before ? before : "";
    for (const char* name : {"portable", "avx2", "avx512vnni", "neon", "neon_dot"}) {
        set_isa(name);
        const Network network = make();
        if (std::string_view(network.isa_name()) == name) f(network);
    }
    set_isa(before ? wish.c_str() : nullptr);
}

// Of n bytes from each start on, read `stride` at a time.
inline std::vector<std::uint32_t> frequencies(const Network& network, const std::vector<const std::uint8_t*>& starts,
                                              std::size_t n, std::size_t stride) {
    std::vector<std::uint32_t> all(starts.size() * n * 256), part;
    const auto run = network.start(static_cast<int>(starts.size()));
    for (std::size_t position = 0; position < n; position += stride) {
        const std::size_t n_steps = std::min(stride, n - position);
        part.assign(starts.size() * n_steps * 256, 0);
        run->forward(starts, 0, position, static_cast<int>(n_steps), part.data());
        for (std::size_t i = 0; i < starts.size(); ++i)
            std::copy_n(part.begin() + static_cast<std::ptrdiff_t>(i * n_steps * 256), n_steps * 256,
                        all.begin() + static_cast<std::ptrdiff_t>((i * n + position) * 256));
    }
    return all;
}

}  // namespace codelength::network_runs
