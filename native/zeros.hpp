// A large table of zeros, aligned to cache lines, whose pages cost nothing before they are touched.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace codelength {

template <class T>
class Zeros {
    static_assert(std::is_trivial_v<T> && alignof(T) <= 64);

public:
    explicit Zeros(std::size_t n) : memory_(nullptr, Free{n * sizeof(T) + 64}) {
        if (n == 0) return;
        std::size_t size = memory_.get_deleter().size;
#if defined(__unix__) || defined(__APPLE__)
        // Not from calloc, which keeps what is freed and clears it for the next table.
        void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc();
#else
        void* at = std::calloc(size, 1);
        if (!at) throw std::bad_alloc();
#endif
        memory_.reset(at);
        data_ = static_cast<T*>(std::align(64, n * sizeof(T), at, size));
    }
    T& operator[](std::size_t i) const { return data_[i]; }

private:
    struct Free {
        std::size_t size;
        void operator()(void* p) const {
#if defined(__unix__) || defined(__APPLE__)
            munmap(p, size);
#else
            std::free(p);
#endif
        }
    };
    std::unique_ptr<void, Free> memory_;
    T* data_ = nullptr;
};

}  // namespace codelength
