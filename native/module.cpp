// The Python face of the native core: buffers in, bytes out, the GIL released while a segment runs.
#include <Python.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <tuple>

#include "contexts.hpp"
#include "network.hpp"
#include "segment.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace codelength;

void bind_network(nb::module_& m);

namespace {

// Any contiguous Python buffer, held for the time of a call.
class Buffer {
public:
    explicit Buffer(nb::handle object) {
        if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
    }
    ~Buffer() { PyBuffer_Release(&view_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    Bytes bytes() const { return {static_cast<const std::uint8_t*>(view_.buf), static_cast<std::size_t>(view_.len)}; }

private:
    Py_buffer view_;
};

std::vector<Bytes> views_of(const std::vector<nb::bytes>& documents) {
    std::vector<Bytes> views;
    for (const nb::bytes& d : documents) views.emplace_back(reinterpret_cast<const std::uint8_t*>(d.c_str()), d.size());
    return views;
}

nb::bytes to_bytes(const std::vector<std::uint8_t>& v) { return nb::bytes(v.data(), v.size()); }

}  // namespace

NB_MODULE(_native, m) {
    m.doc() = "The native core: segments of an archive, coded and decoded. Use the package's API instead.";

    nb::set_leak_warnings(false);  // networks are kept for the life of the process

    static nb::exception<CorruptPayload> corrupt(m, "CorruptPayload");
    static nb::exception<Cancelled> cancelled(m, "Cancelled");

    nb::class_<Monitor>(m, "Monitor", "Watches and stops a running segment from another thread.")
        .def(nb::init<>())
        .def_prop_ro("n_bytes", [](const Monitor& self) { return self.n_bytes.load(); }, "bytes of content done")
        .def("cancel", [](Monitor& self) { self.cancelled.store(true); }, "the segment raises Cancelled soon");

    bind_network(m);
    m.attr("N_PREDICTORS") = n_predictors();
    nb::dict kinds;
    for (const auto& [name, kind] : std::initializer_list<std::pair<const char*, Kind>>{{"text", Kind::text},
             {"messages", Kind::messages}, {"programs", Kind::programs}, {"tables", Kind::tables}, {"logs", Kind::logs}})
        kinds[name] = static_cast<int>(kind);
    m.attr("TEXT_KINDS") = kinds;
    m.def("is_networked", &is_networked, "predictor"_a, "Whether a predictor needs a network.");
    m.def("isa_name", &isa_name, "The instruction set in use: avx2 or portable.");

    m.def(
        "encode_segment",
        [](nb::handle content, int predictor, const Network* network, int threads, Monitor* monitor,
           std::optional<std::size_t> name_bytes) {
            Buffer buffer(content);
            Coded coded;
            {
                nb::gil_scoped_release release;
                coded = name_bytes && network
                            ? encode_segment_either(buffer.bytes(), predictor, *network, *name_bytes, threads, monitor)
                            : encode_segment(buffer.bytes(), predictor, network, threads, monitor);
            }
            return std::make_tuple(coded.predictor, coded.kind, to_bytes(coded.payload));
        },
        "content"_a, "predictor"_a, "network"_a.none() = nb::none(), "threads"_a = 1, "monitor"_a.none() = nb::none(),
        "name_bytes"_a.none() = nb::none(),
        "Codes one segment; returns (predictor, kind, payload): a predictor that needs a network leaves content other than "
        "text to one that does not; and text too on which that one does better, as far as it is tried, if `name_bytes` says "
        "how many bytes it costs to name the network. The payload may be larger than the content.");

    m.def(
        "decode_segment",
        [](nb::handle payload, std::size_t n_bytes, int predictor, int kind, const Network* network, int threads,
           Monitor* monitor) {
            Buffer buffer(payload);
            std::vector<std::uint8_t> content;
            {
                nb::gil_scoped_release release;
                content = decode_segment(buffer.bytes(), n_bytes, predictor, kind, network, threads, monitor);
            }
            return to_bytes(content);
        },
        "payload"_a, "n_bytes"_a, "predictor"_a, "kind"_a, "network"_a.none() = nb::none(), "threads"_a = 1,
        "monitor"_a.none() = nb::none(),
        "Restores one segment. Raises CorruptPayload, ValueError for a predictor that is unknown or does not take the kind.");

    m.def(
        "ideal_length_bits",
        [](nb::handle content, int predictor, const Network* network) {
            Buffer buffer(content);
            nb::gil_scoped_release release;
            return ideal_length_bits(buffer.bytes(), predictor, network);
        },
        "content"_a, "predictor"_a, "network"_a.none() = nb::none(), "Sum of -log2 p over the bits that encode_segment codes.");

    m.def(
        "learn_start",
        [](const std::vector<nb::bytes>& documents, int predictor, const Network& network) {
            const std::vector<Bytes> views = views_of(documents);
            Start start;
            {
                nb::gil_scoped_release release;
                start = learn_start(views, predictor, network);
            }
            const auto numbers = [](const auto& v) {
                std::vector<std::uint8_t> bytes;
                for (const auto x : v) {
                    bytes.push_back(static_cast<std::uint8_t>(x));
                    bytes.push_back(static_cast<std::uint8_t>(x >> 8));
                }
                return to_bytes(bytes);
            };
            return std::make_tuple(numbers(start.histories), numbers(start.match), numbers(start.phrases), numbers(start.weights), numbers(start.last));
        },
        "documents"_a, "predictor"_a, "network"_a,
        "What a predictor that needs a network learns from documents of text, on average over the later half: the tensors histories, match, phrases, weights, "
        "last of docs/format.md, 6.6, little-endian.");

    m.def(
        "learn_phrases",
        [](const std::vector<nb::bytes>& documents, std::size_t n_lines, int threads) {
            const std::vector<Bytes> views = views_of(documents);
            nb::gil_scoped_release release;
            const std::vector<std::uint8_t> lines = learn_phrases(views, n_lines, threads).bytes();
            nb::gil_scoped_acquire acquire;
            return to_bytes(lines);
        },
        "documents"_a, "n_lines"_a, "threads"_a = 1,
        "The tensor phrases of docs/format.md, 6.3: (n_lines, 64) bytes. Raises ValueError unless n_lines is a power of two, "
        "2 to 2^24, and for more than 65,536 documents. The threads change nothing.");

    m.def("memory_bytes", &memory_bytes, "predictor"_a, "n_bytes"_a, "Bytes of tables for a segment of n_bytes.");
}
