// Unit tests of the native core, one plain program: prints what failed, exits with 1 if anything did.
//   round_trip [WORD]: all of them, or those whose name has the word in it
// Meant to run under the sanitizers, which check what no comparison shows.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "coder.hpp"
#include "counters.hpp"
#include "isa.hpp"
#include "lane_coding.hpp"
#include "mixer.hpp"
#include "network_runs.hpp"
#include "profile.hpp"
#include "random_network.hpp"
#include "samples.hpp"
#include "tables.hpp"
#include "words.hpp"

namespace codelength {
extern const char words_text[];
extern const std::size_t words_size;
}  // namespace codelength

using namespace codelength;
using portable::BitDecoder, portable::BitEncoder;
using samples::Content;
using samples::Random;

namespace {

int n_failures = 0;

#define CHECK(condition)                                                             \
    do {                                                                             \
        if (!(condition)) {                                                          \
            if (++n_failures <= 20) std::printf("line %d: %s\n", __LINE__, #condition); \
        }                                                                            \
    } while (false)

template <class Error, class F>
bool throws(F f) {
    try {
        f();
    } catch (const Error&) {
        return true;
    }
    return false;
}

// ---- The coder

struct Bit {
    int bit;
    std::uint32_t p1;
    double cost_bits() const { return -std::log2((bit ? p1 : 65536 - p1) / 65536.0); }
};

Content coded(const std::vector<Bit>& bits) {
    Content out;
    BitEncoder encoder(out);
    for (const auto [bit, p1] : bits) encoder.encode(bit, p1);
    encoder.finish();
    return out;
}

bool decodes_to(Bytes payload, const std::vector<Bit>& bits) {
    BitDecoder decoder(payload);
    const bool same = std::ranges::all_of(bits, [&](Bit b) { return decoder.decode(b.p1) == b.bit; });
    return same && decoder.consumed() && !decoder.overrun();
}

void check_code(const std::vector<Bit>& bits) {
    const Content payload = coded(bits);
    CHECK(decodes_to(payload, bits));
    double ideal = 0;
    for (const Bit b : bits) ideal += b.cost_bits();
    CHECK(8.0 * static_cast<double>(payload.size()) < ideal + static_cast<double>(bits.size()) / 65536 + 40);
}

void coder_extremes() {
    check_code({});
    CHECK(coded({}).empty());
    for (const std::uint32_t p1 : {1u, 2u, 255u, 256u, 32767u, 32768u, 65279u, 65534u, 65535u})
        for (const int bit : {0, 1}) {
            check_code({{bit, p1}});
            check_code(std::vector<Bit>(10'000, {bit, p1}));
            std::vector<Bit> one_exception(5'000, {bit, p1});
            one_exception[4'000].bit = 1 - bit;
            check_code(one_exception);
        }
}

void coder_random() {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Random random(seed);
        std::vector<Bit> bits(random.below(400));
        for (Bit& b : bits) {
            const std::size_t sort = random.below(4);
            b.p1 = sort == 0 ? 1 : sort == 1 ? 65535 : static_cast<std::uint32_t>(1 + random.below(65535));
            b.bit = random.below(8) ? random.below(65536) < b.p1 : static_cast<int>(random.below(2));
        }
        check_code(bits);
    }
}

// Keeps 2^31 inside the interval for a long time: each byte out waits for a carry that comes, or not, at the very end.
void coder_carries() {
    for (const int last : {0, 1}) {
        std::vector<Bit> bits;
        double below = 2147483648.0, range = 4294967295.0;  // 2^31 - low, and the range, exact: both are integers
        while (bits.size() < 50'000) {
            Bit best{};
            double margin = -1, best_below = 0, best_range = 0;
            for (std::uint32_t p1 = 8192; p1 < 65536; p1 += 8192) {
                const double split = std::floor(range * p1 / 65536);
                const bool upper = below >= split;
                const double b = upper ? below - split : below, r = upper ? range - split : split;
                const double m = std::min(b, r - b) / r;
                if (m > margin) margin = m, best = {upper ? 0 : 1, p1}, best_below = b, best_range = r;
            }
            bits.push_back(best);
            below = best_below, range = best_range;
            while (range < 16777216.0) below *= 256, range *= 256;
        }
        bits.insert(bits.end(), 40, {last, 32768});  // to one side of 2^31
        check_code(bits);
        const Content payload = coded(bits);
        // 7F FF FF ... without the carry, 80 00 00 ... with it
        CHECK(payload[0] == (last ? 0x7F : 0x80));
        CHECK(std::search_n(payload.begin(), payload.end(), 1000, last ? 0xFF : 0x00) == payload.begin() + 1);
    }
}

void coder_zeros_at_the_end() {
    const std::vector<Bit> bits(800, {1, 32768});  // low stays 0: a hundred bytes of zeros, four of them left out
    const Content payload = coded(bits);
    CHECK(std::ranges::count(payload, 0) == static_cast<std::ptrdiff_t>(payload.size()));
    CHECK(payload.size() == 100);
    CHECK(decodes_to(payload, bits));
    BitDecoder short_by_five(Bytes(payload).first(payload.size() - 5));
    for (const Bit b : bits) short_by_five.decode(b.p1);
    CHECK(short_by_five.overrun());
    Content longer = payload;
    longer.insert(longer.end(), 5, 0);
    CHECK(!decodes_to(longer, bits));
}

// ---- Tables

void states() {
    std::array<bool, 256> reached{true};
    std::vector<std::size_t> todo{0};
    while (!todo.empty()) {
        const std::size_t state = todo.back();
        todo.pop_back();
        for (const std::size_t next : tables.next[state])
            if (!std::exchange(reached[next], true)) todo.push_back(next);
    }
    // The format numbers 255; 70 of them, as (4, 5), are skipped: one count fades before the other gets there.
    CHECK(std::ranges::count(reached, true) == 185 && reached[254] && !reached[255]);
    CHECK(tables.n_seen[0] == 0);
    for (std::size_t s = 0; s < 255; ++s) {
        for (const std::size_t next : tables.next[s]) {
            CHECK(next > 0 && next < 255);
            CHECK(tables.n_seen[next] > 0 && tables.n_seen[next] <= tables.n_seen[s] + 1);
        }
        CHECK(tables.prior[s] > 0 && tables.prior[s] < 1 << 22);
        CHECK(tables.prior[tables.next[s][0]] <= tables.prior[s] && tables.prior[s] <= tables.prior[tables.next[s][1]]);
    }
}

void logistic() {
    for (int x = -stretch_max; x <= stretch_max; ++x) {
        CHECK(squash(x) >= 1 && squash(x) <= 65535);
        CHECK(x == -stretch_max || squash(x - 1) <= squash(x));
        CHECK(squash(x) + squash(-x) == 65536);
        CHECK(std::abs(squash(x) - 65536 / (1 + std::exp(-x / 256.0))) < 1.0);
    }
    CHECK(clip(-2147483647 - 1) == -stretch_max && clip(2147483647) == stretch_max);
    for (int p = 0; p < 65536; ++p) {
        CHECK(std::abs(stretch(p)) < stretch_max);
        CHECK(p == 0 || stretch(p - 1) <= stretch(p));
        const double middle = p + 0.5, rarer = std::min(middle, 65536 - middle);
        CHECK(std::abs(stretch(p) - 256 * std::log(middle / (65536 - middle))) < 4);  // 1.6 % of the odds
        CHECK(std::abs(squash(stretch(p)) - middle) < 1 + 0.016 * rarer);
    }
}

// ---- Counters: the vector and the scalar form of one definition

void counters() {
    using namespace codelength::portable;
    Random random(1);
    alignas(32) std::int32_t words[vec_size], out[vec_size], x[vec_size];
    for (int i = 0; i < vec_size; ++i) words[i] = fresh(i * (p_max / (vec_size - 1)));
    for (int t = 0; t < 20'000; ++t) {
        // Long runs of one bit, so that probabilities reach both ends.
        const int bit = t / 3000 % 3 == 2 ? static_cast<int>(random.below(2)) : t / 3000 & 1;
        learned(Vec::load(words), bit).store(out);
        stretch_of(Vec::load(words)).store(x);
        for (int i = 0; i < vec_size; ++i) {
            CHECK(out[i] == learned(words[i], bit));
            CHECK(x[i] == stretch(probability16(words[i])));
            const auto before = static_cast<std::uint32_t>(words[i]) >> 10, after = static_cast<std::uint32_t>(out[i]) >> 10;
            CHECK(bit ? after >= before : after <= before);
        }
        std::copy(out, out + vec_size, words);
    }
}

// ---- The mixer

// The definition in plain int, where UBSan sees every overflow.
template <int width>
struct PlainMixer {
    std::array<std::int32_t, width> w;
    int p = 0;
    int mix(const std::int32_t* x) {
        std::array<int, 8> sums{};
        for (std::size_t i = 0; i < width; ++i) sums[i % 8] += (w[i] * x[i]) >> 8;
        int sum = 0;
        for (const int s : sums) sum += s;
        const int y = clip(sum >> 8);
        p = squash(y);
        return y;
    }
    void learn(const std::int32_t* x, int bit, int rate) {
        const int e = ((bit * 65536 - p) * rate) >> 9;
        for (std::size_t i = 0; i < width; ++i)
            w[i] = std::clamp(w[i] + ((x[i] * e + 8192) >> 14), -portable::weight_max, portable::weight_max);
    }
};

template <int width>
void mixer_of() {
    using namespace codelength::portable;
    for (const int sign_w : {-1, 1})
        for (const int sign_x : {-1, 0, 1})  // 0: mixed signs
            for (const int bit : {0, 1}) {
                PlainMixer<width> plain;
                plain.w.fill(sign_w * weight_max);
                Mixer<width> mixer(2, plain.w);
                alignas(32) std::int32_t x[width];
                Random random(width);
                for (int& v : x) v = (sign_x ? sign_x : random.below(2) ? 1 : -1) * stretch_max;
                for (int t = 0; t < 200; ++t) {
                    CHECK(mixer.mix(x, 1) == plain.mix(x));
                    const int rate = t % 2 ? 511 : 16;
                    const int now = t < 100 ? bit : 1 - bit;
                    mixer.learn(x, now, rate);
                    plain.learn(x, now, rate);
                    if (t % 10 == 9)
                        for (int& v : x) v = static_cast<int>(random.below(2 * stretch_max + 1)) - stretch_max;
                }
            }
}

void mixer() {
    mixer_of<8>();
    mixer_of<16>();
    mixer_of<40>();
    mixer_of<128>();  // the widest that it allows
}

void final_map() {
    portable::Apm apm(2);
    for (const int bit : {0, 1})
        for (int t = 0; t < 3; ++t)
            for (int x = -stretch_max; x <= stretch_max; ++x) {
                apm.select(1);
                const int p = apm.refine(x);
                CHECK(p >= 0 && p <= 65535);
                apm.learn(bit);
            }
    apm.select(0);
    for (int x = -stretch_max; x <= stretch_max; ++x) CHECK(std::abs(apm.refine(x) - squash(x)) < 1200);
}

// ---- The dictionary

std::vector<std::string_view> dictionary_words() {
    std::vector<std::string_view> words;
    const std::string_view text(words_text, words_size);
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        words.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

bool restores(Bytes content) {
    const Content symbols = abbreviate(content);
    Expander expander;
    Content out;
    const bool accepted = std::ranges::all_of(symbols, [&](std::uint8_t s) { return expander.expand(s, out); });
    return accepted && expander.complete() && std::ranges::equal(out, content) && symbols.size() <= 2 * content.size();
}

void words_round_trip() {
    Random random(3);
    Content all;
    for (const std::string_view word : dictionary_words()) {
        Content shapes;
        for (int shape = 0; shape < 5; ++shape) {  // word, Word, WORD, wORD, and one in which any letter may be a capital
            for (std::size_t k = 0; k < word.size(); ++k) {
                const bool upper = shape == 1 ? k == 0 : shape == 2 ? true : shape == 3 ? k > 0 : shape == 4 && random.below(2);
                shapes.push_back(static_cast<std::uint8_t>(upper ? word[k] - 32 : word[k]));
            }
            shapes.push_back(random.below(2) ? ' ' : random.byte());
        }
        CHECK(restores(shapes));
        all.insert(all.end(), shapes.begin(), shapes.end());
    }
    CHECK(restores(all));
    CHECK(restores({}));
    for (int t = 0; t < 3000; ++t) {
        Content content(random.below(60));
        const std::size_t sort = random.below(4);
        for (auto& c : content) {
            const auto letter = static_cast<std::uint8_t>("aeinorstz"[random.below(9)]);
            c = sort == 0                    ? random.byte()
                : sort == 1                  ? letter
                : random.below(5) == 0       ? static_cast<std::uint8_t>(" \x0E\x0F\x80\xFE\xFF."[random.below(7)])
                : sort == 2 || random.below(2) ? static_cast<std::uint8_t>(letter - 32)
                                             : letter;
        }
        CHECK(restores(content));
    }
}

// Section 3.3 of the format, token by token. Returns false for an error.
bool expand_by_the_book(Bytes symbols, const std::vector<std::string_view>& words, Content& out) {
    for (std::size_t i = 0; i < symbols.size();) {
        const std::uint8_t first = symbols[i];
        const bool flag = first == 0x0E || first == 0x0F;
        if (first < 0x80 && !flag) {
            out.push_back(first);
            ++i;
            continue;
        }
        if (first == 0xFF) {
            if (++i == symbols.size()) return false;
            const std::uint8_t c = symbols[i++];
            if (c != 0x0E && c != 0x0F && c < 0x80) return false;
            out.push_back(c);
            continue;
        }
        if (flag && ++i == symbols.size()) return false;
        const std::uint8_t c = symbols[i];
        if (c < 0x80 || c == 0xFF) return false;
        const std::size_t length = c <= 0xCF ? 1 : c <= 0xF7 ? 2 : 3;
        if (i + length > symbols.size()) return false;
        for (std::size_t k = 1; k < length; ++k)
            if (symbols[i + k] < 0x80) return false;
        const std::size_t number = length == 1   ? c - 0x80u
                                   : length == 2 ? 80 + (c - 0xD0u) * 128 + (symbols[i + 1] - 0x80u)
                                                 : 5200 + (c - 0xF8u) * 16384 + (symbols[i + 1] - 0x80u) * 128 + (symbols[i + 2] - 0x80u);
        if (number >= words.size()) return false;
        for (std::size_t k = 0; k < words[number].size(); ++k) {
            const bool upper = first == 0x0F || (first == 0x0E && k == 0);
            out.push_back(static_cast<std::uint8_t>(upper ? words[number][k] - 32 : words[number][k]));
        }
        i += length;
    }
    return true;
}

void words_by_the_book() {
    const auto words = dictionary_words();
    Content out, expected;
    const auto agree = [&](Bytes symbols) {
        out.clear();
        expected.clear();
        Expander expander;
        const bool accepted = std::ranges::all_of(symbols, [&](std::uint8_t s) { return expander.expand(s, out); }) && expander.complete();
        const bool valid = expand_by_the_book(symbols, words, expected);
        return accepted == valid && (!valid || out == expected);
    };
    std::vector<std::uint8_t> s(3);
    for (int a = 0; a < 256; ++a) {
        s[0] = static_cast<std::uint8_t>(a);
        CHECK(agree(Bytes(s).first(1)));
        for (int b = 0; b < 256; ++b) {
            s[1] = static_cast<std::uint8_t>(b);
            CHECK(agree(Bytes(s).first(2)));
            if (a < 0xF8) continue;
            for (int c = 0; c < 256; ++c) {
                s[2] = static_cast<std::uint8_t>(c);
                CHECK(agree(s));
            }
        }
    }
    // One symbol of every sort, five of them in every order.
    static constexpr std::uint8_t sorts[] = {0x00, 0x0E, 0x0F, 'a', 0x7F, 0x80, 0xCF, 0xD0, 0xF7, 0xF8, 0xF9, 0xFE, 0xFF};
    s.resize(5);
    for (std::size_t n = 0; n < 13 * 13 * 13 * 13 * 13; ++n) {
        std::size_t m = n;
        for (auto& symbol : s) {
            symbol = sorts[m % 13];
            m /= 13;
        }
        CHECK(agree(s));
    }
}

// ---- The network

using samples::NetworkParts;
using samples::Style;

// Every number of columns, taps, orders and echoes modulo what kernels handle at once, and widths that they must pad.
const std::vector<NetworkShape> shapes = {
    samples::tiny_shape,
    {16, 1, 16, 1, 2, 4, {1}},
    {32, 2, 48, 4, 64, 6, {2, 3}},
    {48, 2, 16, 3, 16, 3, {1, 2, 5, 8}},
    {80, 1, 112, 8, 32, 12, {4, 6}},
    {64, 1, 208, 5, 8, 5, {1, 2, 3, 4, 5, 6, 7, 8}},
    {32, 2, 48, 4, 64, 6, {2, 3}, {2, 4}},
    {16, 1, 16, 2, 4, 1, {3}, {1, 2, 8}},
};

void network_on_every_isa() {
    for (const NetworkShape& shape : shapes)
        for (const Style style : {Style::plain, Style::extreme}) {
            const NetworkParts parts = samples::network_parts(shape, 7, style);
            const Content text = samples::noise(300);
            std::vector<const std::uint8_t*> starts;
            for (std::size_t i = 0; i < 67; ++i) starts.push_back(text.data() + 4 * i);
            std::vector<std::uint32_t> expected;
            network_runs::for_each_isa([&] { return parts.build(); }, [&](const Network& network) {
                for (const std::size_t stride : {1, 5, 20}) {
                    const auto found = network_runs::frequencies(network, starts, 20, stride);
                    CHECK(std::ranges::all_of(found, [](std::uint32_t f) { return f >= 1 && f <= 1 << 21; }));
                    if (expected.empty()) expected = found;
                    CHECK(found == expected);
                }
                // One lane, from memory that ends with the last byte that may be read.
                const Content exact(text.begin(), text.begin() + 18);
                const auto alone = network_runs::frequencies(network, {exact.data()}, 19, 19);
                CHECK(std::equal(alone.begin(), alone.end(), expected.begin()));
            });
            CHECK(!expected.empty());
        }
}

void network_runs_that_part() {
    const Network network = samples::network_parts(shapes[2], 3, Style::plain).build();
    const Content a = samples::prose(30), b = samples::verse(30);
    const std::vector<const std::uint8_t*> to_a = {a.data()}, to_b = {b.data()}, both = {a.data(), b.data()};
    const auto together = network_runs::frequencies(network, both, 20, 20);
    const auto run = network.start(3);
    std::vector<std::uint32_t> out(20 * 256);
    run->forward(to_b, 2, 0, 8, out.data());
    const auto copy = run->copy();
    std::vector<std::uint32_t> tail(12 * 256);
    for (const auto& each : {&*run, &*copy}) {
        each->forward(to_b, 2, 8, 12, tail.data());
        CHECK(std::ranges::equal(tail, std::span(together).last(12 * 256)));
    }
    run->forward(to_a, 0, 0, 20, out.data());
    CHECK(std::ranges::equal(out, std::span(together).first(20 * 256)));
    run->forward({}, 3, 0, 20, out.data());
    run->forward(both, 1, 0, 0, out.data());
    for (const int first : {-1, 2, 3, 4, 2147483647})
        CHECK(throws<std::invalid_argument>([&] { run->forward(both, first, 0, 1, out.data()); }));
    CHECK(throws<std::invalid_argument>([&] { run->forward(to_a, 0, 0, -1, out.data()); }));
    CHECK(throws<std::invalid_argument>([&] { network.start(-1); }));
    network.start(0)->forward({}, 0, 0, 3, out.data());
}

bool is_refused(const NetworkParts& parts) {
    return throws<BadNetwork>([&] { parts.build(); });
}

void networks_out_of_shape() {
    const NetworkParts sound = samples::network_parts(shapes[2], 1, Style::plain, true);
    CHECK(!is_refused(sound));
    int NetworkShape::*const fields[] = {&NetworkShape::width, &NetworkShape::layers,  &NetworkShape::hidden,
                                         &NetworkShape::taps,  &NetworkShape::rows,    &NetworkShape::columns};
    for (const auto field : fields)
        for (const int value : {-2147483647 - 1, -16, -1, 0, 3, 17, 128, 8192, 1 << 24, 1 << 25, 1 << 30, 2147483647}) {
            NetworkParts bad = sound;
            bad.shape.*field = value;
            CHECK(is_refused(bad));
        }
    using Orders = std::vector<int>;
    for (const Orders& orders : {Orders{}, Orders{0, 1}, Orders{-1, 3}, Orders{3, 2}, Orders{2, 2}, Orders{2, 9}, Orders{2},
                                 Orders{2, 2147483647}, Orders{1, 2, 3, 4, 5, 6, 7, 8, 8}, Orders(1000, 1)}) {
        NetworkParts bad = sound;
        bad.shape.orders = orders;
        CHECK(is_refused(bad));
        bad = sound;
        bad.shape.echoes = orders;
        CHECK(is_refused(bad) != orders.empty());
    }
    NetworkParts none = sound;
    none.tensors.clear();
    CHECK(is_refused(none));
    for (std::size_t i = 0; i < sound.tensors.size(); ++i) {
        const auto refused = [&](auto change) {
            NetworkParts bad = sound;
            change(bad.tensors[i]);
            return is_refused(bad);
        };
        using Tensor = NetworkParts::Tensor;
        for (const char* dtype : {"", "I8", "I16", "I32", "U8", "U16", "I64", "F32"})
            CHECK(refused([&](Tensor& t) { t.dtype = dtype; }) == (sound.tensors[i].dtype != dtype));
        for (const char* name : {"", "x", "mixing.", "mixing.5", "mixing.5.", "mixing.5.x", "mixing.5.1", "mixing.5.1.", "mixing.5.1.x",
                                 "mixing.05.1.match", "mixing.5.01.match", "mixing.4.1.match", "mixing.-5.1.match", "mixing.5.2.match",
                                 "mixing.5.8.match", "mixing.5.-1.match", "mixing.99999999999.1.match", "layers.2.taps", "layers.0.taps.weight"})
            CHECK(refused([&](Tensor& t) { t.name = name; }));
        CHECK(refused([](Tensor& t) { t.shape.clear(); }));
        CHECK(refused([](Tensor& t) { t.shape.push_back(1); }));
        CHECK(refused([](Tensor& t) { t.shape.insert(t.shape.begin(), 1); }));
        CHECK(refused([](Tensor& t) { ++t.shape.front(); }));
        CHECK(refused([](Tensor& t) { t.shape.back() = 0; }));
        CHECK(refused([](Tensor& t) { t.shape.back() = ~std::size_t{0}; }));
        CHECK(refused([](Tensor& t) { t.shape.assign(100, std::size_t{1} << 63); }));
        CHECK(refused([](Tensor& t) { t.bytes.clear(); }));
        CHECK(refused([](Tensor& t) { t.bytes.pop_back(); }));
        CHECK(refused([](Tensor& t) { t.bytes.push_back(0); }));
        NetworkParts bad = sound;
        bad.tensors.erase(bad.tensors.begin() + static_cast<std::ptrdiff_t>(i));
        CHECK(is_refused(bad) == (sound.tensors[i].name != "phrases"));
        bad = sound;
        bad.tensors.push_back(Tensor(bad.tensors[i]));
        CHECK(is_refused(bad));
    }
    NetworkParts more = sound;
    more.tensors.push_back({"layers.0.gates", "I8", {1}, {0}});
    CHECK(is_refused(more));
}

void networks_out_of_range() {
    for (const Style style : {Style::plain, Style::extreme}) {
        const NetworkParts sound = samples::network_parts(shapes[3], 1, style, true);
        CHECK(!is_refused(sound));
        const auto refused = [&](const char* name, std::size_t i, std::int64_t value) {
            NetworkParts bad = sound;
            samples::put(bad[name], i, value);
            return is_refused(bad);
        };
        CHECK(refused("ngrams", 5, -128));
        for (const std::string linear : {"widen", "layers.0.gates", "layers.1.mix", "layers.1.hidden", "layers.0.project", "head"}) {
            const auto part = [&](const char* name) { return linear + "." + name; };
            CHECK(refused(part("weight").c_str(), 7, -128));
            for (const int value : {0, -1, -32768}) CHECK(refused(part("multiplier").c_str(), 3, value));
            for (const int value : {0, -1, 31, 32, -2147483647 - 1, 2147483647}) CHECK(refused(part("shift").c_str(), 0, value));
            for (const std::int64_t value : {std::int64_t{-2147483648}, std::int64_t{2147483647}}) CHECK(refused(part("bias").c_str(), 2, value));
        }
        CHECK(refused("head.shift", 0, 1) && refused("head.shift", 0, 6) == (style == Style::extreme));
        for (const char* name : {"norm_scale", "layers.0.norm_scale", "layers.1.mixed_scale"})
            for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{32768}, std::int64_t{-2147483648}})
                CHECK(refused(name, 0, value));
        NetworkParts bad = sound;
        for (std::size_t j = 0; j < 3; ++j) samples::put(bad["layers.1.taps"], j * 48 + 5, j ? -32768 : 32767);
        CHECK(!is_refused(bad));  // 98303, and sums to 131063 fit
        bad = samples::network_parts(shapes[4], 1, style);
        for (std::size_t j = 0; j < 8; ++j) samples::put(bad["layers.0.taps"], j * 80 + 5, j % 2 ? -16383 : 16383);
        CHECK(is_refused(bad));  // 131064
        samples::put(bad["layers.0.taps"], 5, 16382);
        CHECK(!is_refused(bad));
        for (const char* name : {"mixing.5.1.weights", "mixing.6.7.last"}) {
            CHECK(refused(name, 3, -32768));
            CHECK(!refused(name, 3, -32767));
        }
    }
}

// Numbers anywhere, whatever they may be: what is not refused, runs.
void networks_at_random() {
    Random random(5);
    const Content text = samples::verse(60);
    int n_refused = 0;
    for (int t = 0; t < 400; ++t) {
        NetworkParts parts = samples::network_parts(shapes[random.below(shapes.size())], random.next(), random.below(2) ? Style::plain : Style::extreme, random.below(2));
        for (std::size_t n = random.below(4); n > 0; --n) {
            auto& tensor = parts.tensors[random.below(parts.tensors.size())];
            samples::put(tensor, random.below(tensor.bytes.size() / samples::dtype_size(tensor.dtype)),
                         static_cast<std::int64_t>(random.next()) >> random.below(60));
        }
        try {
            const Network network = parts.build();
            const auto found = network_runs::frequencies(network, {text.data(), text.data() + 30}, 25, 10);
            CHECK(std::ranges::all_of(found, [](std::uint32_t f) { return f >= 1 && f <= 1 << 21; }));
            for (const int predictor : {5, 6}) {
                const Coded c = encode_segment(text, predictor, &network, 1, nullptr);
                CHECK(decode_segment(c.payload, text.size(), predictor, c.kind, &network, 1, nullptr) == text);
            }
        } catch (const BadNetwork&) {
            ++n_refused;
        }
    }
    CHECK(n_refused > 40 && n_refused < 360);
}

// ---- Segments

Content decoded(const Coded& c, std::size_t n_bytes) {
    return decode_segment(c.payload, n_bytes, c.predictor, c.kind, samples::network_for(c.predictor), 1, nullptr);
}
Coded encoded(Bytes content, int predictor, Monitor* monitor = nullptr) {
    return encode_segment(content, predictor, samples::network_for(predictor), 1, monitor);
}

constexpr Content (*makers[])(std::size_t) = {samples::noise, samples::prose, samples::verse, samples::rows, samples::code, samples::zeros};

void segments() {
    std::array<bool, n_kinds> met{};
    for (int predictor = 1; predictor <= n_predictors(); ++predictor)
        for (const auto make : makers)
            for (const std::size_t size : {0, 1, 2, 3, 7, 40, 255, 256, 1500, 9000}) {
                const Content content = make(size);
                const Coded c = encoded(content, predictor);
                met[static_cast<std::size_t>(c.kind)] = true;
                const bool served = serves(is_networked(predictor), static_cast<Kind>(c.kind));
                CHECK(c.predictor == (served ? predictor : profiles[static_cast<std::size_t>(predictor - 1)].otherwise));
                CHECK(decoded(c, size) == content);
                const double ideal = ideal_length_bits(content, predictor, samples::network_for(predictor));
                CHECK(8.0 * static_cast<double>(c.payload.size()) < ideal * 1.0001 + 40);
            }
    CHECK(std::ranges::count(met, true) == 4);  // the network here has no start for any kind of text
}

// Any kind is right for any content, only better or worse; and the instruction set never shows.
void segments_of_every_kind() {
    for (std::size_t profile = 0; profile < profiles.size(); ++profile)
        for (const auto make : makers)
            for (const std::size_t size : {0, 1, 40, 600})
                for (int kind = 0; kind < n_kinds; ++kind)
                    for (const std::uint32_t stride : {0u, 1u, 24u, 65535u}) {
                        if (static_cast<Kind>(kind) != Kind::records && stride > 0) continue;
                        if (!serves(profiles[profile].networked, static_cast<Kind>(kind))) continue;
                        const Content content = make(size);
                        const Content symbols = static_cast<Kind>(kind) == Kind::words ? abbreviate(content) : content;
                        Job job{};
                        job.profile = profile;
                        job.kind = static_cast<Kind>(kind);
                        job.n_bytes = size;
                        job.network = profiles[profile].networked ? &samples::tiny_network_with_starts() : nullptr;
                        Content payload;
                        isa_portable.encode(job, stride, symbols, payload);
#if defined(CODELENGTH_X86)
                        if (cpu_runs_avx2()) {
                            Content same;
                            isa_avx2.encode(job, stride, symbols, same);
                            CHECK(payload == same);
                        }
#endif
                        CHECK(isa_portable.decode(job, payload) == content);
                    }
}

// The start that serves a text best is found, and says so in the kind.
void kinds_of_text() {
    const Network& network = samples::tiny_network_with_starts();
    for (const int predictor : {5, 6})
        for (const std::size_t size : {1, 40, 600, 1024}) {
            const Content content = samples::prose(size);
            const Coded c = encode_segment(content, predictor, &network, 1, nullptr);
            CHECK(c.predictor == predictor && is_text(static_cast<Kind>(c.kind)));
            CHECK(decode_segment(c.payload, size, predictor, c.kind, &network, 1, nullptr) == content);
            Job job = lane_coding::job_of(size, predictor, network, 1, nullptr);
            std::vector<std::uint32_t> frequencies(256 * size);
            const std::uint8_t* const lane = content.data();
            network.start(1)->forward({&lane, 1}, 0, 0, static_cast<int>(size), frequencies.data());
            const Kind found = isa_portable.kind_of_text(job, content, frequencies.data());
#if defined(CODELENGTH_X86)
            if (cpu_runs_avx2()) CHECK(found == isa_avx2.kind_of_text(job, content, frequencies.data()));
#endif
            CHECK(c.kind == static_cast<int>(found));
            job.kind = found;
            Content best;
            isa_portable.encode(job, 0, content, best);
            for (const Kind kind : text_kinds) {
                job.kind = kind;
                Content payload;
                isa_portable.encode(job, 0, content, payload);
                CHECK(best.size() <= payload.size() + 3);
            }
        }
}

void refusals() {
    const Content content = samples::prose(2000);
    for (int predictor = 1; predictor <= n_predictors(); ++predictor) {
        const Coded c = encoded(content, predictor);
        Coded longer = c;
        longer.payload.insert(longer.payload.end(), 5, 0);
        CHECK(throws<CorruptPayload>([&] { decoded(longer, content.size()); }));
        Coded shorter = c;
        shorter.payload.resize(c.payload.size() / 2);
        CHECK(throws<CorruptPayload>([&] { decoded(shorter, content.size()); }));
        CHECK(throws<CorruptPayload>([&] { decoded(c, content.size() / 2); }));
        CHECK(throws<CorruptPayload>([&] { decoded(c, content.size() * 2); }));
        // A small payload cannot make a decoder run for long, whatever size it promises.
        CHECK(throws<CorruptPayload>([&] { decoded({predictor, c.kind, {}}, std::size_t{1} << 20); }));
        CHECK(throws<CorruptPayload>([&] { decoded({predictor, c.kind, {1, 2, 3}}, 0); }) == false);
        CHECK(throws<CorruptPayload>([&] { decoded({predictor, c.kind, {1, 2, 3, 4, 5}}, 0); }));
        Monitor monitor;
        monitor.cancelled = true;
        CHECK(throws<Cancelled>([&] { encoded(content, predictor, &monitor); }));
        // A network too many or too few, and what no network serves.
        const Network* const other = is_networked(predictor) ? nullptr : &samples::tiny_network();
        CHECK(throws<std::invalid_argument>([&] { encode_segment(content, predictor, other, 1, nullptr); }));
        CHECK(throws<std::invalid_argument>([&] { decode_segment(c.payload, 10, predictor, c.kind, other, 1, nullptr); }));
        for (int kind = 0; kind < n_kinds; ++kind)
            if (!serves(is_networked(predictor), static_cast<Kind>(kind)))
                CHECK(throws<std::invalid_argument>([&] { decoded({predictor, kind, c.payload}, 10); }));
    }
    for (const int predictor : {-1, 0, n_predictors() + 1, 255}) {
        CHECK(throws<std::invalid_argument>([&] { encode_segment(content, predictor, nullptr, 1, nullptr); }));
        CHECK(throws<std::invalid_argument>([&] { decode_segment(content, 10, predictor, 0, nullptr, 1, nullptr); }));
        CHECK(throws<std::invalid_argument>([&] { is_networked(predictor); }));
        CHECK(throws<std::invalid_argument>([&] { memory_bytes(predictor, 10); }));
    }
    for (const int kind : {-1, n_kinds, 7, 255})
        CHECK(throws<std::invalid_argument>([&] { decode_segment(content, 10, 1, kind, nullptr, 1, nullptr); }));
}

// ---- Lanes

void lanes_of_every_number() {
    for (const Network* network : {&samples::tiny_network(), &samples::tiny_network_with_starts()})
        for (std::uint32_t n_lanes = 1; n_lanes <= 64; n_lanes *= 2)
            for (const std::size_t size : {1, 63, 64, 65, 128, 700, 1001}) {
                if (!lane_coding::fits(size, n_lanes)) continue;
                const Content content = size % 2 ? samples::prose(size) : samples::noise(size);
                const Content payload = lane_coding::encode(content, 5, *network, n_lanes, 1);
                for (const int n_threads : {1, 2, 3}) {
                    CHECK(lane_coding::decode(payload, size, 5, *network, n_lanes, n_threads) == content);
                    if (n_threads > 1) CHECK(lane_coding::encode(content, 5, *network, n_lanes, n_threads) == payload);
                }
            }
}

void lanes_cancelled_and_corrupt() {
    const Content content = samples::prose(3000);
    for (const std::uint32_t n_lanes : {1u, 8u, 32u, 64u})
        for (const int n_threads : {1, 2}) {
            const Network& network = samples::tiny_network();
            const Content payload = lane_coding::encode(content, 6, network, n_lanes, n_threads);
            const auto decode = [&](Bytes p, Monitor* monitor) {
                return lane_coding::decode(p, content.size(), 6, network, n_lanes, n_threads, monitor);
            };
            for (const std::size_t part : {0, 1, 2, 3}) {
                const Bytes cut = Bytes(payload).first(payload.size() * part / 4);
                CHECK(throws<CorruptPayload>([&] { decode(cut, nullptr); }));
            }
            Monitor monitor;
            monitor.cancelled = true;
            CHECK(throws<Cancelled>([&] { decode(payload, &monitor); }));
            CHECK(throws<Cancelled>([&] { lane_coding::encode(content, 6, network, n_lanes, n_threads, &monitor); }));
        }
}

// As segments really divide, with the fastest instruction set.
void lanes_of_segments() {
    for (const std::size_t size : {65535, 65536, 131073}) {
        const Content content = samples::verse(size);
        const Coded c = encode_segment(content, 5, &samples::tiny_network_with_starts(), 2, nullptr);
        CHECK(c.predictor == 5 && c.payload.size() < size);
        CHECK(decode_segment(c.payload, size, 5, c.kind, &samples::tiny_network_with_starts(), 1, nullptr) == content);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    const auto run = [&](std::string_view name, void (*test)()) {
        if (name.find(wanted) == std::string_view::npos) return;
        const int before = n_failures;
        test();
        std::printf("%-28.*s %s\n", static_cast<int>(name.size()), name.data(), n_failures == before ? "ok" : "FAILED");
        std::fflush(stdout);
    };
    std::printf("instruction set: %s\n", isa_name());
    run("coder, extremes", coder_extremes);
    run("coder, random", coder_random);
    run("coder, carries", coder_carries);
    run("coder, zeros at the end", coder_zeros_at_the_end);
    run("states", states);
    run("logistic", logistic);
    run("counters", counters);
    run("mixer", mixer);
    run("final map", final_map);
    run("words, round trip", words_round_trip);
    run("words, by the book", words_by_the_book);
    run("network, every isa", network_on_every_isa);
    run("network, runs that part", network_runs_that_part);
    run("networks out of shape", networks_out_of_shape);
    run("networks out of range", networks_out_of_range);
    run("networks at random", networks_at_random);
    run("segments", segments);
    run("segments of every kind", segments_of_every_kind);
    run("kinds of text", kinds_of_text);
    run("refusals", refusals);
    run("lanes of every number", lanes_of_every_number);
    run("lanes, cancelled, corrupt", lanes_cancelled_and_corrupt);
    run("lanes of segments", lanes_of_segments);
    return n_failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
