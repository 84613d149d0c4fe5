// The fused loops of training on a CPU: plain C interface, one thread, float32, row-major.
//
// B streams, T bytes of a window, D width, M hidden width, J taps, H heads, K key rows and V value columns of a head,
// N = B*T. `age` (B, T) counts the bytes of the document before each position: 0 at a document's first byte,
// where the recurrent state is dropped.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// exp by a range reduction and a Taylor polynomial of degree 6: |r| <= ln2/2, relative error about 1e-7.
// Written out because the vectoriser can inline it, which it cannot do to the library's.
inline float exp_inline(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 87.0f ? 87.0f : x;
    const float n = std::floor(x * 1.44269504f + 0.5f);
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
    float scale;
    std::memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

inline float sigmoid(float x) { return 1.0f / (1.0f + exp_inline(-x)); }
inline float tanh_inline(float x) { return 2.0f / (1.0f + exp_inline(-2.0f * x)) - 1.0f; }

}  // namespace

extern "C" {

// raw (B, T, 3D) = forget, candidate, output before their nonlinearities; active (B, T, 3D) the same after them.
// h_t = f h_{t-1} + (1 - f) c, y_t = o h_t.
void gated_scan_forward(int64_t B, int64_t T, int64_t D, const float* raw, const int32_t* age, const float* h0,
                        float* active, float* h, float* y) {
    for (int64_t b = 0; b < B; ++b) {
        const float* __restrict before = h0 + b * D;
        for (int64_t t = 0; t < T; ++t) {
            const int64_t row = b * T + t;
            const float keep = age[row] == 0 ? 0.0f : 1.0f;
            const float* __restrict in = raw + row * 3 * D;
            float* __restrict act = active + row * 3 * D;
            float* __restrict hn = h + row * D;
            float* __restrict out = y + row * D;
#pragma omp simd
            for (int64_t d = 0; d < D; ++d) {
                const float f = sigmoid(in[d]);
                const float c = tanh_inline(in[D + d]);
                const float o = sigmoid(in[2 * D + d]);
                const float state = f * (keep * before[d]) + (1.0f - f) * c;
                act[d] = f;
                act[D + d] = c;
                act[2 * D + d] = o;
                hn[d] = state;
                out[d] = o * state;
            }
            before = hn;
        }
    }
}

// dh (B, D) enters as the gradient of the last state and leaves as the gradient of the first.
void gated_scan_backward(int64_t B, int64_t T, int64_t D, const float* active, const int32_t* age, const float* h0,
                         const float* h, const float* dy, float* dh, float* draw) {
    for (int64_t b = 0; b < B; ++b) {
        float* __restrict carry = dh + b * D;
        for (int64_t t = T - 1; t >= 0; --t) {
            const int64_t row = b * T + t;
            const float keep = age[row] == 0 ? 0.0f : 1.0f;
            const float* __restrict before = t > 0 ? h + (row - 1) * D : h0 + b * D;
            const float* __restrict act = active + row * 3 * D;
            const float* __restrict hn = h + row * D;
            const float* __restrict dout = dy + row * D;
            float* __restrict dr = draw + row * 3 * D;
#pragma omp simd
            for (int64_t d = 0; d < D; ++d) {
                const float f = act[d], c = act[D + d], o = act[2 * D + d];
                const float ds = carry[d] + dout[d] * o;
                dr[d] = ds * (keep * before[d] - c) * f * (1.0f - f);
                dr[D + d] = ds * (1.0f - f) * (1.0f - c * c);
                dr[2 * D + d] = dout[d] * hn[d] * o * (1.0f - o);
                carry[d] = ds * f * keep;
            }
        }
    }
}

// S_t[k, v] = f_t[k] S_{t-1}[k, v] + (1 - f_t[k]) c_t[v];  y_t[v] = sum_k q_t[k] S_t[k, v], for each head.
// f, q (B, T, H, K), c, y (B, T, H, V); state (B, H, K, V) enters as the first and leaves as the last;
// kept (B, H, ceil(T / 16), K, V): the state in front of every 16th step, from which the backward pass starts again.
void matrix_scan_forward(int64_t B, int64_t T, int64_t H, int64_t K, int64_t V, const float* f, const float* q,
                         const float* c, const int32_t* age, float* state, float* kept, float* y) {
    const int64_t chunks = (T + 15) / 16;
    for (int64_t b = 0; b < B; ++b)
        for (int64_t t = 0; t < T; ++t)
            for (int64_t g = 0; g < H; ++g) {
                const int64_t row = (b * T + t) * H + g;
                float* __restrict s = state + (b * H + g) * K * V;
                if (t % 16 == 0)
                    std::memcpy(kept + ((b * H + g) * chunks + t / 16) * K * V, s, sizeof(float) * K * V);
                const float keep = age[b * T + t] == 0 ? 0.0f : 1.0f;
                const float* __restrict cc = c + row * V;
                float* __restrict out = y + row * V;
                for (int64_t v = 0; v < V; ++v) out[v] = 0.0f;
                for (int64_t k = 0; k < K; ++k) {
                    const float fk = f[row * K + k], rest = 1.0f - fk, fkeep = fk * keep, qk = q[row * K + k];
#pragma omp simd
                    for (int64_t v = 0; v < V; ++v) {
                        const float sn = fkeep * s[k * V + v] + rest * cc[v];
                        s[k * V + v] = sn;
                        out[v] += qk * sn;
                    }
                }
            }
}

// ds (B, H, K, V) enters as the gradient of the last state and leaves as the gradient of the first.
void matrix_scan_backward(int64_t B, int64_t T, int64_t H, int64_t K, int64_t V, const float* f, const float* q,
                          const float* c, const int32_t* age, const float* kept, const float* dy, float* ds,
                          float* df, float* dq, float* dc) {
    const int64_t chunks = (T + 15) / 16, size = K * V;
    std::vector<float> buffer(17 * size);
    for (int64_t b = 0; b < B; ++b)
        for (int64_t g = 0; g < H; ++g) {
            float* __restrict carry = ds + (b * H + g) * size;
            for (int64_t chunk = chunks - 1; chunk >= 0; --chunk) {
                const int64_t first = chunk * 16, last = first + 16 < T ? first + 16 : T;
                std::memcpy(buffer.data(), kept + ((b * H + g) * chunks + chunk) * size, sizeof(float) * size);
                for (int64_t t = first; t < last; ++t) {
                    const int64_t row = (b * T + t) * H + g;
                    const float keep = age[b * T + t] == 0 ? 0.0f : 1.0f;
                    const float* __restrict cc = c + row * V;
                    const float* __restrict s = buffer.data() + (t - first) * size;
                    float* __restrict sn = buffer.data() + (t - first + 1) * size;
                    for (int64_t k = 0; k < K; ++k) {
                        const float fk = f[row * K + k], rest = 1.0f - fk, fkeep = fk * keep;
#pragma omp simd
                        for (int64_t v = 0; v < V; ++v) sn[k * V + v] = fkeep * s[k * V + v] + rest * cc[v];
                    }
                }
                for (int64_t t = last - 1; t >= first; --t) {
                    const int64_t row = (b * T + t) * H + g;
                    const float keep = age[b * T + t] == 0 ? 0.0f : 1.0f;
                    const float* __restrict cc = c + row * V;
                    const float* __restrict dout = dy + row * V;
                    const float* __restrict s = buffer.data() + (t - first) * size;
                    const float* __restrict sn = buffer.data() + (t - first + 1) * size;
                    float* __restrict dcc = dc + row * V;
                    for (int64_t v = 0; v < V; ++v) dcc[v] = 0.0f;
                    for (int64_t k = 0; k < K; ++k) {
                        const float fk = f[row * K + k], qk = q[row * K + k], rest = 1.0f - fk, fkeep = fk * keep;
                        float sum_q = 0.0f, sum_f = 0.0f;
#pragma omp simd reduction(+ : sum_q, sum_f)
                        for (int64_t v = 0; v < V; ++v) {
                            const float d = carry[k * V + v] + qk * dout[v];
                            sum_q += dout[v] * sn[k * V + v];
                            sum_f += d * (keep * s[k * V + v] - cc[v]);
                            dcc[v] += d * rest;
                            carry[k * V + v] = d * fkeep;
                        }
                        dq[row * K + k] = sum_q;
                        df[row * K + k] = sum_f;
                    }
                }
            }
        }
}

// y_t = sum_j w_j x_{t-j}, over the taps j that lie in the same document; tail (B, J-1, D): x before the window.
void short_convolution_forward(int64_t B, int64_t T, int64_t D, int64_t J, const float* x, const float* w,
                               const int32_t* age, const float* tail, float* y) {
    for (int64_t b = 0; b < B; ++b)
        for (int64_t t = 0; t < T; ++t) {
            const int64_t row = b * T + t;
            float* __restrict out = y + row * D;
            for (int64_t d = 0; d < D; ++d) out[d] = 0.0f;
            for (int64_t j = 0; j < J && j <= age[row]; ++j) {
                const float* __restrict in =
                    t >= j ? x + (row - j) * D : tail + (b * (J - 1) + (J - 1) + t - j) * D;
                const float* __restrict wj = w + j * D;
#pragma omp simd
                for (int64_t d = 0; d < D; ++d) out[d] += wj[d] * in[d];
            }
        }
}

// dx (B, T, D) and dw (J, D) must enter as zeros. No gradient goes to the tail: it belongs to the window before.
void short_convolution_backward(int64_t B, int64_t T, int64_t D, int64_t J, const float* x, const float* w,
                                const int32_t* age, const float* tail, const float* dy, float* dx, float* dw) {
    for (int64_t b = 0; b < B; ++b)
        for (int64_t t = 0; t < T; ++t) {
            const int64_t row = b * T + t;
            const float* __restrict dout = dy + row * D;
            for (int64_t j = 0; j < J && j <= age[row]; ++j) {
                const float* __restrict in =
                    t >= j ? x + (row - j) * D : tail + (b * (J - 1) + (J - 1) + t - j) * D;
                const float* __restrict wj = w + j * D;
                float* __restrict dwj = dw + j * D;
#pragma omp simd
                for (int64_t d = 0; d < D; ++d) dwj[d] += dout[d] * in[d];
                if (t < j) continue;
                float* __restrict din = dx + (row - j) * D;
#pragma omp simd
                for (int64_t d = 0; d < D; ++d) din[d] += dout[d] * wj[d];
            }
        }
}

// y = x / sqrt(mean(x^2) + eps), a row at a time; inverse (N,) keeps 1 / sqrt(...).
void rms_norm_forward(int64_t N, int64_t D, float eps, const float* x, float* y, float* inverse) {
    for (int64_t n = 0; n < N; ++n) {
        const float* __restrict in = x + n * D;
        float* __restrict out = y + n * D;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t d = 0; d < D; ++d) sum += in[d] * in[d];
        const float r = 1.0f / std::sqrt(sum / static_cast<float>(D) + eps);
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) out[d] = in[d] * r;
        inverse[n] = r;
    }
}

void rms_norm_backward(int64_t N, int64_t D, const float* y, const float* inverse, const float* dy, float* dx) {
    for (int64_t n = 0; n < N; ++n) {
        const float* __restrict out = y + n * D;
        const float* __restrict dout = dy + n * D;
        float* __restrict din = dx + n * D;
        float dot = 0.0f;
#pragma omp simd reduction(+ : dot)
        for (int64_t d = 0; d < D; ++d) dot += out[d] * dout[d];
        const float mean = dot / static_cast<float>(D), r = inverse[n];
#pragma omp simd
        for (int64_t d = 0; d < D; ++d) din[d] = r * (dout[d] - mean * out[d]);
    }
}

// u (N, 2M) = gate, value; y (N, M) = gate * sigmoid(gate) * value.
void swiglu_forward(int64_t N, int64_t M, const float* u, float* y) {
    for (int64_t n = 0; n < N; ++n) {
        const float* __restrict in = u + n * 2 * M;
        float* __restrict out = y + n * M;
#pragma omp simd
        for (int64_t m = 0; m < M; ++m) out[m] = in[m] * sigmoid(in[m]) * in[M + m];
    }
}

void swiglu_backward(int64_t N, int64_t M, const float* u, const float* dy, float* du) {
    for (int64_t n = 0; n < N; ++n) {
        const float* __restrict in = u + n * 2 * M;
        const float* __restrict dout = dy + n * M;
        float* __restrict din = du + n * 2 * M;
#pragma omp simd
        for (int64_t m = 0; m < M; ++m) {
            const float a = in[m], s = sigmoid(a), value = in[M + m];
            din[m] = dout[m] * value * s * (1.0f + a * (1.0f - s));
            din[M + m] = dout[m] * a * s;
        }
    }
}

}  // extern "C"
