// Threads that take turns in a fixed order.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "simd.hpp"

namespace codelength::CODELENGTH_ISA {

class Turns {
public:
    // Waits for turn number n. Throws Stopped if another thread has failed.
    struct Stopped {};
    void wait(std::uint64_t n) const {
        // What comes before a turn takes some 10 us: spinning is cheaper than sleeping, unless a CPU is missing.
        for (int i = 0; i < 4096; ++i) {
            const std::uint64_t now = turn_.load(std::memory_order_acquire);
            if (now == n) return;
            if (now == stopped) throw Stopped();
            pause();
        }
        for (std::uint64_t now; (now = turn_.load(std::memory_order_acquire)) != n;) {
            if (now == stopped) throw Stopped();
            turn_.wait(now, std::memory_order_acquire);
        }
    }
    // Ends turn number n.
    void pass(std::uint64_t n) {
        std::uint64_t expected = n;
        turn_.compare_exchange_strong(expected, n + 1, std::memory_order_acq_rel);
        turn_.notify_all();
    }

    // Runs work(0) .. work(n - 1), each on a thread, the first on this one; throws what the first of them to fail threw.
    void run(int n, const std::function<void(int)>& work) {
        std::vector<std::thread> others;
        attempt([&](int) {
            for (int i = 1; i < n; ++i) others.emplace_back([&, i] { attempt(work, i); });
            work(0);
        }, 0);
        for (std::thread& thread : others) thread.join();
        if (error_) std::rethrow_exception(error_);
    }

private:
    static constexpr std::uint64_t stopped = ~std::uint64_t{0};

    static void pause() {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    void attempt(const std::function<void(int)>& work, int i) {
        try {
            work(i);
        } catch (const Stopped&) {
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!error_) error_ = std::current_exception();
            turn_.store(stopped, std::memory_order_release);
            turn_.notify_all();
        }
    }

    std::atomic<std::uint64_t> turn_{0};
    std::mutex mutex_;
    std::exception_ptr error_;
};

}  // namespace codelength::CODELENGTH_ISA
