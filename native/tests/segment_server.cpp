// The core for a test on another machine, or under an emulator of one:  segment_server < requests > replies
// A request is a line, then as many bytes as the line says at its end, and so is a reply: "ok ... N_BYTES", or else a line
// with what was thrown.
//   encode PREDICTOR NETWORK NAME_BYTES THREADS N_BYTES   ok PREDICTOR KIND N_BYTES      NETWORK: its number, or -1;
//                                                         NAME_BYTES: -1 if the network is not to be left out
//   decode PREDICTOR KIND SIZE NETWORK THREADS N_BYTES    ok N_BYTES
//   network WIDTH LAYERS HIDDEN TAPS ROWS COLUMNS N_ORDERS ORDER... N_TENSORS            ok NUMBER ISA 0
//     then for each tensor: NAME DTYPE N_DIMS DIM... N_BYTES, and the bytes
#include <deque>
#include <iostream>
#include <sstream>
#include <string>

#include "network.hpp"
#include "segment.hpp"

using namespace codelength;

namespace {

using Content = std::vector<std::uint8_t>;

template <class T = int>
T number(std::istream& in) {
    T value{};
    if (!(in >> value)) throw std::logic_error("a number is missing");
    return value;
}

std::istringstream line() {
    std::string text;
    std::getline(std::cin, text);
    return std::istringstream(text);
}

// As many bytes as the line says at its end.
Content bytes(std::istream& in) {
    Content out(number<std::size_t>(in));
    if (!std::cin.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size())))
        throw std::logic_error("bytes are missing");
    return out;
}

void reply(const std::string& text, const Content& data) {
    std::cout << "ok " << text << data.size() << '\n';
    std::cout.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
}

class Server {
public:
    void serve(std::istream& in) {
        std::string what;
        in >> what;
        if (what == "network") {
            add_network(in);
        } else if (what == "encode") {
            const int predictor = number(in), network = number(in), name_bytes = number(in), threads = number(in);
            const Content content = bytes(in);
            const Coded coded = network >= 0 && name_bytes >= 0
                                    ? encode_segment_either(content, predictor, *at(network),
                                                            static_cast<std::size_t>(name_bytes), threads, nullptr)
                                    : encode_segment(content, predictor, at(network), threads, nullptr);
            reply(std::to_string(coded.predictor) + ' ' + std::to_string(coded.kind) + ' ', coded.payload);
        } else if (what == "decode") {
            const int predictor = number(in), kind = number(in);
            const auto size = number<std::size_t>(in);
            const int network = number(in), threads = number(in);
            reply("", decode_segment(bytes(in), size, predictor, kind, at(network), threads, nullptr));
        } else {
            throw std::logic_error("no request is called " + what);
        }
    }

private:
    void add_network(std::istream& in) {
        NetworkShape s{};
        for (int* field : {&s.width, &s.layers, &s.hidden, &s.taps, &s.rows, &s.columns}) *field = number(in);
        for (std::vector<int>* list : {&s.orders, &s.echoes})
            for (int n = number(in); n > 0; --n) list->push_back(number(in));
        std::deque<Content> storage;
        std::vector<NetworkTensor> tensors;
        for (int n = number(in); n > 0; --n) {
            NetworkTensor tensor;
            std::istringstream head = line();
            head >> tensor.name >> tensor.dtype;
            for (int k = number(head); k > 0; --k) tensor.shape.push_back(number<std::size_t>(head));
            tensor.bytes = storage.emplace_back(bytes(head));
            tensors.push_back(std::move(tensor));
        }
        networks_.emplace_back(s, tensors);
        reply(std::to_string(networks_.size() - 1) + ' ' + networks_.back().isa_name() + ' ', {});
    }
    const Network* at(int i) const { return i < 0 ? nullptr : &networks_.at(static_cast<std::size_t>(i)); }

    std::deque<Network> networks_;
};

}  // namespace

int main() {
    std::ios::sync_with_stdio(false);
    Server server;
    while (std::cin.peek() != EOF) {
        try {
            std::istringstream request = line();
            server.serve(request);
        } catch (const CorruptPayload& error) {
            std::cout << "CorruptPayload " << error.what() << '\n';
        } catch (const BadNetwork& error) {
            std::cout << "BadNetwork " << error.what() << '\n';
        } catch (const std::invalid_argument& error) {
            std::cout << "invalid_argument " << error.what() << '\n';
        }
        std::cout.flush();
    }
}
