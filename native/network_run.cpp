// The forward pass of docs/format.md, 5.2 to 5.4. Compiled once for each instruction set, with its flags: see core.cmake.
#include <cmath>

#include "dot.hpp"

namespace codelength {
namespace kernels::CODELENGTH_NETWORK_ISA {
namespace {

using std::size_t;

Int16s sat8(Int16s x) { return min(max(x, Int16s::all(-127)), Int16s::all(127)); }

// No sum here leaves 16 bits, for any x: tests/unit/test_network_engine.py tries all.
Int16s sig(Int16s x) {
    const auto c = [](int value) { return Int16s::all(value); };
    const Int16s t = abs(x);
    const Int16s q = mul(mul(mul(c(-3444), t) + c(15326), t) - c(32604), t) + c(32767);
    Int16s e = mul(q, q);
    e = mul(e, e);
    e = mul(e, e);
    const Int16s r = mul(mul(mul(c(-7796), e) + c(22834), e) - c(31422), e) + c(32767);
    const Int16s s = mul(e, r);
    return Int16s::select_positive(x, c(32767) - s, s);
}

// norm(x) = x R / 2^15, in two steps: x R = 2^15 x (R >> 15) + x (R & 32767), and the sum is at most 2^14.
class Norm {
public:
    Norm(const std::int16_t* x, int width) {
        SumOfSquares squares;
        for (int i = 0; i < width; i += Int16s::size) squares.add(Int16s::load(x + i));
        const std::uint64_t sum = squares.total(), s = sum > 0 ? sum : 1;
        // The largest R with R^2 <= 2^58 / s: floating point guesses, integers decide. s < 2^42, so nothing overflows.
        constexpr std::uint64_t one = std::uint64_t{1} << 58;
        auto r = static_cast<std::uint64_t>(536870912.0 / std::sqrt(static_cast<double>(s)));
        while (r * r * s > one) --r;
        while ((r + 1) * (r + 1) * s <= one) ++r;
        high_ = Int16s::all(static_cast<int>(r >> 15));
        low_ = Int16s::all(static_cast<int>(r & 32767));
    }
    Int16s operator()(Int16s x) const { return x * high_ + mul(x, low_); }

private:
    Int16s high_, low_;
};

// sat8((norm(x) * scale + 2^17) >> 18)
void normalise(const std::int16_t* x, int width, const std::int16_t* scale, Input* out) {
    const Norm norm(x, width);
    const Int16s half = Int16s::all(2);
    for (int i = 0; i < width; i += Int16s::size)
        store_inputs(sat8((high(norm(Int16s::load(x + i)), Int16s::load(scale + i)) + half).right<2>()), out + i);
}

// One step of the convolution. y[j]: the vector of j steps ago; this step's is written to `newest`, which may be y of
// the oldest. n_taps is even, at least 2.
void convolve(const std::int16_t* x, const std::int16_t* const* y, std::int16_t* newest, const std::int16_t* taps,
              int n_taps, int width, Input* out) {
    const Norm norm(x, width);
    for (int i = 0; i < width; i += Int16s::size) {
        const Int16s y0 = norm(Int16s::load(x + i));
        const auto tap = [&](int j) { return Int16s::load(taps + static_cast<size_t>(j) * static_cast<size_t>(width) + i); };
        Int32Pair v = dot2(y0, Int16s::load(y[1] + i), tap(0), tap(1));
        for (int j = 2; j < n_taps; j += 2)
            v = v + dot2(Int16s::load(y[j] + i), Int16s::load(y[j + 1] + i), tap(j), tap(j + 1));
        y0.store(newest + i);
        store_inputs(sat8(narrow<18>(v)), out + i);
    }
}

// One step of the recurrence: gates (f, c, o) and h to m and the next h.
// (u (z - h) + 2^14 >> 15) + h = (u z + (2^15 - u) h + 2^14) >> 15, between z and h.
void recur(const std::int16_t* gates, std::int16_t* h, int mixed_scale, int width, Input* out) {
    const Int16s scale = Int16s::all(mixed_scale), zero = Int16s::all(0);
    const std::int16_t *const f = gates, *const c = gates + width, *const o = c + width;
    for (int i = 0; i < width; i += Int16s::size) {
        const Int16s u = sig(zero - Int16s::load(f + i)), candidate = sig(Int16s::load(c + i));
        const Int16s z = candidate + candidate - Int16s::all(32767);
        const Int16s next = narrow<15>(dot2(z, zero - Int16s::load(h + i), u, u + Int16s::all(-32768)));
        next.store(h + i);
        store_inputs(sat8(mul(mul(sig(Int16s::load(o + i)), next), scale)), out + i);
    }
}

void gate_hidden(const std::int16_t* gate, int width, Input* out) {
    const std::int16_t* const value = gate + width;
    for (int i = 0; i < width; i += Int16s::size) {
        const Int16s g = Int16s::load(gate + i);
        const Int16s p = mul(g, sig(max(twice_saturated(g), Int16s::all(-32767))));
        store_inputs(sat8((high(p, Int16s::load(value + i)) + Int16s::all(1)).right<1>()), out + i);
    }
}

void to_frequencies(const std::int32_t* w, std::uint32_t* out) {
    std::int32_t top = w[0];
    for (int i = 1; i < 256; ++i) top = w[i] > top ? w[i] : top;
    for (int i = 0; i < 256; ++i) {
        const auto d = static_cast<std::uint32_t>(top - w[i]);  // < 2^25
        const std::uint32_t k = (d + 255) >> 8, f = 256 * k - d;
        const std::uint32_t shift = k < 31 ? k : 31;
        const std::uint32_t frequency = ((65536 + ((f * (43008 + 88 * f)) >> 8)) << 5) >> shift;
        out[i] = frequency > 1 ? frequency : 1;
    }
}

class Pass {
public:
    Pass(const NetworkView& network, const NetworkScratch& scratch, const NetworkStep& step)
        : net_(network), scratch_(scratch), step_(step), width_(static_cast<size_t>(network.width)), n_rows_(step.n_lanes * step.n_steps),
          x_(scratch.x), inputs_(reinterpret_cast<Input*>(scratch.inputs)), maps_(scratch.maps), logits_(scratch.logits),
          stride_((network.n_inputs_max() + 63) & ~size_t{63}) {}

    void run() {
        look_up();
        apply(net_.widen, inputs_, stride_, n_rows_, Added{x_, width_});
        for (int l = 0; l < net_.n_layers; ++l) layer(l);
        for (int row = 0; row < n_rows_; ++row) normalise(x(row), net_.width, net_.norm_scale, inputs(row));
        apply(net_.head, inputs_, stride_, n_rows_, Wide{logits_, 256});
        for (int i = 0, row = 0; i < step_.n_lanes; ++i)
            for (int t = 0; t < step_.n_steps; ++t, ++row)
                to_frequencies(logits_ + row * 256, step_.out + static_cast<size_t>(i) * step_.out_stride + t * 256);
        if (net_.n_taps > 1)
            for (int i = 0; i < step_.n_lanes; ++i) oldest(i) = (oldest(i) + step_.n_steps) % (net_.n_taps - 1);
    }

private:
    std::int16_t* x(int row) const { return x_ + static_cast<size_t>(row) * width_; }
    Input* inputs(int row) const { return inputs_ + static_cast<size_t>(row) * stride_; }
    std::int16_t* state(int lane) const {
        return reinterpret_cast<std::int16_t*>(step_.states + static_cast<size_t>(lane) * net_.state_bytes());
    }
    std::int32_t& oldest(int lane) const { return *reinterpret_cast<std::int32_t*>(state(lane) + net_.state_numbers()); }

    // x becomes the last byte's embedding, the inputs the rows of the n-grams and of the echoes.
    void look_up() {
        const std::int8_t* found[network_max_rows][network_max_orders + network_max_echoes];
        const int n_orders = net_.n_orders, n_echoes = net_.n_echoes, longest = net_.orders[n_orders - 1];
        const auto columns = static_cast<size_t>(net_.n_columns);
        for (int i = 0, row = 0; i < step_.n_lanes; ++i)
            for (int t = 0; t < step_.n_steps; ++t, ++row) {
                const size_t p = step_.position + static_cast<size_t>(t);
                std::uint32_t h = 0;
                for (int j = 1, n = 0; j <= longest; ++j) {
                    const std::uint32_t b = p >= static_cast<size_t>(j) ? step_.lanes[i][p - static_cast<size_t>(j)] : 0;
                    if (j == 1) std::memcpy(x(row), net_.embed + b * width_, width_ * 2);
                    h = hash_on(h, b);
                    if (j != net_.orders[n]) continue;
                    const size_t number = static_cast<size_t>(std::uint64_t{h} >> (32 - net_.row_bits));
                    found[row][n] = net_.ngrams + ((static_cast<size_t>(n) << net_.row_bits) + number) * columns;
                    prefetch(found[row][n]);
                    prefetch(found[row][n] + columns - 1);
                    ++n;
                }
                for (int n = 0; n < n_echoes; ++n)
                    found[row][n_orders + n] = net_.echoes + scratch_.heard[row * n_echoes + n] * columns;
            }
        for (int row = 0; row < n_rows_; ++row) {
            Input* out = inputs(row);
            for (int n = 0; n < n_orders + n_echoes; ++n)
                for (size_t c = 0; c < columns; ++c) *out++ = static_cast<Input>(found[row][n][c] + input_offset);
        }
    }

    static void prefetch(const void* p) {
#if defined(__GNUC__)
        __builtin_prefetch(p);
#else
        (void)p;
#endif
    }

    void layer(int l) {
        const LayerView& layer = net_.layers[l];
        for (int i = 0, row = 0; i < step_.n_lanes; ++i) convolve_lane(i, l, row);
        apply(layer.gates, inputs_, stride_, n_rows_, Saturated{maps_, 3 * width_});
        for (int i = 0, row = 0; i < step_.n_lanes; ++i)
            for (int t = 0; t < step_.n_steps; ++t, ++row)
                recur(maps_ + static_cast<size_t>(row) * 3 * width_, layer_state(i, l), layer.mixed_scale, net_.width,
                      inputs(row));
        apply(layer.mix, inputs_, stride_, n_rows_, Added{x_, width_});
        for (int row = 0; row < n_rows_; ++row) normalise(x(row), net_.width, layer.norm_scale, inputs(row));
        const auto hidden = static_cast<size_t>(net_.hidden);
        apply(layer.hidden, inputs_, stride_, n_rows_, Saturated{maps_, 2 * hidden});
        for (int row = 0; row < n_rows_; ++row)
            gate_hidden(maps_ + static_cast<size_t>(row) * 2 * hidden, net_.hidden, inputs(row));
        apply(layer.project, inputs_, stride_, n_rows_, Added{x_, width_});
    }

    // h, then the ring of vectors y
    std::int16_t* layer_state(int lane, int l) const {
        return state(lane) + static_cast<size_t>(l) * static_cast<size_t>(net_.n_taps) * width_;
    }

    void convolve_lane(int lane, int l, int& row) {
        const LayerView& layer = net_.layers[l];
        const int n_past = net_.n_taps - 1, n_taps = (net_.n_taps + 1) & ~1;
        std::int16_t* const ring = layer_state(lane, l) + width_;
        int place = oldest(lane);
        for (int t = 0; t < step_.n_steps; ++t, ++row) {
            // With an odd number of taps the last one is zero, and any vector will do.
            const std::int16_t* y[network_max_taps] = {};
            for (int j = 1; j < n_taps; ++j)
                y[j] = j <= n_past ? ring + static_cast<size_t>((place + n_past - j) % n_past) * width_ : x(row);
            // A network of one tap remembers nothing: this step's vector goes where nobody reads it.
            std::int16_t* const newest = n_past > 0 ? ring + static_cast<size_t>(place) * width_ : maps_;
            convolve(x(row), y, newest, layer.taps, n_taps, net_.width, inputs(row));
            if (n_past > 0) place = (place + 1) % n_past;
        }
    }

    const NetworkView& net_;
    const NetworkScratch& scratch_;
    const NetworkStep& step_;
    const size_t width_;
    const int n_rows_;
    std::int16_t* const x_;
    Input* const inputs_;
    std::int16_t* const maps_;
    std::int32_t* const logits_;
    const size_t stride_;
};

void forward(const NetworkView& network, const NetworkScratch& scratch, const NetworkStep& step) {
    Pass(network, scratch, step).run();
}

}  // namespace
}  // namespace kernels::CODELENGTH_NETWORK_ISA

#define CODELENGTH_TEXT_OF(x) #x
#define CODELENGTH_TEXT(x) CODELENGTH_TEXT_OF(x)

const NetworkIsa CODELENGTH_NETWORK_ISA = {&CODELENGTH_TEXT(CODELENGTH_NETWORK_ISA)[sizeof("network_") - 1],
                                           sizeof(kernels::CODELENGTH_NETWORK_ISA::Input),
                                           kernels::CODELENGTH_NETWORK_ISA::input_offset,
                                           kernels::CODELENGTH_NETWORK_ISA::inputs_together,
                                           kernels::CODELENGTH_NETWORK_ISA::panel_outputs,
                                           kernels::CODELENGTH_NETWORK_ISA::forward};

}  // namespace codelength
