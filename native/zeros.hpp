// Large tables of zeros, aligned to cache lines, that cost nothing before they are touched: calloc's pages come so from the
// system. A table of anything else keeps what differs from its first contents.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace codelength {

template <class T>
class Zeros {
public:
    explicit Zeros(std::size_t n) : memory_(n > 0 ? std::calloc(n * sizeof(T) + line, 1) : nullptr) {
        if (n > 0 && !memory_) throw std::bad_alloc();
        const auto at = reinterpret_cast<std::uintptr_t>(memory_.get());
        data_ = reinterpret_cast<T*>((at + line - 1) / line * line);
    }
    T& operator[](std::size_t i) const { return data_[i]; }

private:
    static constexpr std::size_t line = 64;
    struct Free {
        void operator()(void* p) const { std::free(p); }
    };
    std::unique_ptr<void, Free> memory_;
    T* data_;
};

}  // namespace codelength
