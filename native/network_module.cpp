// The Python face of the network.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <cstring>

#include "echoes.hpp"
#include "network.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace codelength;

namespace {

template <class T>
T field(const nb::dict& fields, const char* name) {
    if (!fields.contains(name)) throw BadNetwork(std::string("no ") + name + " in the shape");
    T value;
    if (!nb::try_cast<T>(fields[name], value)) throw BadNetwork(std::string(name) + " is not what it should be");
    return value;
}

NetworkShape shape_of(const nb::dict& fields) {
    return {field<int>(fields, "width"), field<int>(fields, "layers"), field<int>(fields, "hidden"), field<int>(fields, "taps"),
            field<int>(fields, "rows"), field<int>(fields, "columns"), field<std::vector<int>>(fields, "orders"),
            field<std::vector<int>>(fields, "echoes")};
}

std::unique_ptr<Network> make(const nb::dict& shape, const nb::dict& tensors) {
    std::vector<NetworkTensor> all;
    std::vector<nb::bytes> held;
    for (const auto [name, value] : tensors) {
        const auto parts = nb::cast<nb::tuple>(value);
        if (parts.size() != 3) throw nb::type_error("a tensor is (dtype, shape, bytes)");
        held.push_back(nb::cast<nb::bytes>(parts[2]));
        const auto* const data = reinterpret_cast<const std::uint8_t*>(held.back().c_str());
        all.push_back({nb::cast<std::string>(name), nb::cast<std::string>(parts[0]),
                       nb::cast<std::vector<std::size_t>>(parts[1]), {data, held.back().size()}});
    }
    const NetworkShape checked = shape_of(shape);
    nb::gil_scoped_release release;
    return std::make_unique<Network>(checked, all);
}

nb::bytes as_bytes(const std::vector<std::uint32_t>& frequencies) {
    return nb::bytes(frequencies.data(), frequencies.size() * sizeof(std::uint32_t));
}

// Frequencies of every position of equally long lanes, read `by` so many steps a call.
nb::bytes frequencies_of(const Network& network, const std::vector<nb::bytes>& lanes, nb::object by) {
    const std::size_t n = lanes.empty() ? 0 : lanes.front().size();
    for (const nb::bytes& lane : lanes)
        if (lane.size() != n) throw nb::value_error("lanes must be equally long");
    std::size_t stride = 0;
    if (nb::isinstance<nb::str>(by)) {
        const auto word = nb::cast<std::string>(by);
        if (word == "stretch") stride = n;
        else if (word == "step") stride = 1;
    } else {
        stride = nb::cast<std::size_t>(by);
    }
    if ((stride == 0 && n > 0) || stride > 1 << 30) throw nb::value_error("by must be 'stretch', 'step' or positive");

    std::vector<const std::uint8_t*> starts;
    for (const nb::bytes& lane : lanes) starts.push_back(reinterpret_cast<const std::uint8_t*>(lane.c_str()));
    std::vector<std::uint32_t> all(lanes.size() * n * 256), part;
    {
        nb::gil_scoped_release release;
        const auto run = network.start(static_cast<int>(lanes.size()));
        for (std::size_t position = 0; position < n; position += stride) {
            const std::size_t steps = std::min(stride, n - position);
            part.resize(lanes.size() * steps * 256);
            run->forward(starts, 0, position, static_cast<int>(steps), part.data());
            for (std::size_t i = 0; i < lanes.size(); ++i)
                std::memcpy(&all[(i * n + position) * 256], &part[i * steps * 256], steps * 256 * sizeof(std::uint32_t));
        }
    }
    return as_bytes(all);
}

// The rows of a sequence's echoes before each of its bytes.
nb::bytes echoes_of(nb::bytes content, std::vector<int> lengths) {
    if (!are_echo_lengths(lengths)) throw nb::value_error("lengths of echoes must be 1 to 8, and increase");
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(content.c_str());
    const std::size_t n = content.size();
    std::vector<std::uint16_t> rows(n * lengths.size());
    {
        nb::gil_scoped_release release;
        Echoes echoes(lengths);
        for (std::size_t i = 0; i < n; ++i) echoes.next(bytes, i, rows.data() + i * lengths.size());
    }
    return nb::bytes(rows.data(), rows.size() * sizeof(std::uint16_t));
}

// Lanes fed byte by byte. Keeps the last bytes that the network looks back at.
class Stepper {
public:
    Stepper(const Network& network, int n_lanes) : run_(network.start(n_lanes)), n_lanes_(static_cast<std::size_t>(n_lanes)) {
        read();
    }
    Stepper(const Stepper& other)
        : run_(other.run_->copy()), n_lanes_(other.n_lanes_), position_(other.position_), history_(other.history_),
          frequencies_(other.frequencies_) {}

    void feed(std::span<const std::uint8_t> bytes) {
        if (bytes.size() != n_lanes_) throw nb::value_error("one byte for each lane");
        if (position_ == capacity) {
            for (std::size_t i = 0; i < n_lanes_; ++i)
                std::memmove(&history_[i * capacity], &history_[(i + 1) * capacity - look_back], look_back);
            position_ = look_back;
        }
        for (std::size_t i = 0; i < n_lanes_; ++i) history_[i * capacity + position_] = bytes[i];
        ++position_;
        read();
    }
    const std::vector<std::uint32_t>& frequencies() const { return frequencies_; }
    std::size_t n_lanes() const { return n_lanes_; }

private:
    static constexpr std::size_t look_back = 8, capacity = 256;

    void read() {
        history_.resize(n_lanes_ * capacity);
        frequencies_.resize(n_lanes_ * 256);
        std::vector<const std::uint8_t*> starts;
        for (std::size_t i = 0; i < n_lanes_; ++i) starts.push_back(&history_[i * capacity]);
        run_->forward(starts, 0, position_, 1, frequencies_.data());
    }

    std::unique_ptr<NetworkRun> run_;
    std::size_t n_lanes_, position_ = 0;
    std::vector<std::uint8_t> history_;  // of each lane, its last bytes
    std::vector<std::uint32_t> frequencies_;
};

}  // namespace

void bind_network(nb::module_& m) {
    static nb::exception<BadNetwork> bad(m, "BadNetwork", PyExc_ValueError);

    m.attr("ECHO_ROWS") = echo_rows;
    m.def("echoes", &echoes_of, "content"_a, "lengths"_a,
          "Rows of the echoes before each byte of a sequence, counted over all ECHO_ROWS times lengths of them, and one beyond "
          "where there is none: uint16 (bytes, lengths) in the machine's byte order.");

    nb::class_<Network>(m, "Network", "The integer network of docs/format.md, section 5.")
        .def(nb::new_(&make), "shape"_a, "tensors"_a,
             "shape: the JSON object of a model file; tensors: name -> (dtype, shape, little-endian bytes). Raises "
             "BadNetwork for what the format forbids.")
        .def("frequencies", &frequencies_of, "lanes"_a, "by"_a = "stretch",
             "Frequencies of every position of equally long lanes: uint32 (lanes, positions, 256) in the machine's byte "
             "order. `by`: 'stretch', 'step', or a number of positions to read at once; it changes nothing.")
        .def(
            "start", [](const Network& self, int n_lanes) { return std::make_unique<Stepper>(self, n_lanes); },
            "n_lanes"_a = 1, nb::keep_alive<0, 1>(), "Lanes at their beginning.")
        .def_prop_ro("memory_bytes", &Network::memory_bytes)
        .def_prop_ro("multiply_adds_per_byte", &Network::multiply_adds_per_byte)
        .def_prop_ro("isa_name", &Network::isa_name, "The kernels in use: CODELENGTH_ISA, or the fastest.");

    nb::class_<Stepper>(m, "NetworkRun", "Lanes that are fed byte by byte.")
        .def(
            "frequencies", [](const Stepper& self) { return as_bytes(self.frequencies()); },
            "Frequencies of each lane's next byte: uint32 (lanes, 256) in the machine's byte order.")
        .def(
            "feed",
            [](Stepper& self, nb::bytes next) {
                self.feed({reinterpret_cast<const std::uint8_t*>(next.c_str()), next.size()});
            },
            "next"_a, "Takes in one byte for each lane.")
        .def(
            "copy", [](const Stepper& self) { return std::make_unique<Stepper>(self); }, nb::keep_alive<0, 1>(),
            "Another run in the same state.")
        .def_prop_ro("n_lanes", &Stepper::n_lanes);
}
