// Binary arithmetic coder: 32-bit range, 16-bit probabilities, carry propagated through a run of FF bytes
// (Martin 1979, range coding; the carry-less alternatives lose precision when the range straddles a byte).
//
// Invariants: range >= 2^24 before each bit, 0 < p1 < 2^16, so that both parts of the split are >= 2^8 and the
// product range * p1 < 2^48 fits in 64 bits. The split loses at most 2^-24 of the range: under 2^-16 bits a bit.
#pragma once
#include <cstdint>
#include <vector>

#include "segment.hpp"
#include "simd.hpp"

namespace codelength::CODELENGTH_ISA {

class BitEncoder {
public:
    explicit BitEncoder(std::vector<std::uint8_t>& out) : out_(out) {}

    // p1: probability of a one, in 1/65536.
    void encode(int bit, std::uint32_t p1) {
        const std::uint32_t split = static_cast<std::uint32_t>((std::uint64_t{range_} * p1) >> 16);
        low_ += bit ? 0 : split;
        range_ = bit ? split : range_ - split;
        while (range_ < (1u << 24)) {
            range_ <<= 8;
            shift_low();
        }
    }

    // Writes a number in [low, low + range) with the most zero bytes at its end and leaves up to four of them out: the
    // decoder reads zeros past the end.
    void finish() {
        const std::uint64_t top = low_ + range_ - 1;
        for (int n = 32; n >= 0; n -= 8) {  // the most zero bytes that still leave a value inside
            const std::uint64_t value = (top >> n) << n;
            if (value >= low_) {
                low_ = value;
                break;
            }
        }
        for (int i = 0; i < 5; ++i) shift_low();
        for (int i = 0; i < 4 && !out_.empty() && out_.back() == 0; ++i) out_.pop_back();
    }

private:
    void shift_low() {
        if (low_ < 0xFF000000u || low_ > 0xFFFFFFFFu) {
            const std::uint8_t carry = static_cast<std::uint8_t>(low_ >> 32);
            if (started_) out_.push_back(static_cast<std::uint8_t>(cache_ + carry));
            started_ = true;
            for (; pending_ > 0; --pending_) out_.push_back(static_cast<std::uint8_t>(0xFF + carry));
            cache_ = static_cast<std::uint8_t>(low_ >> 24);
        } else {
            ++pending_;
        }
        low_ = (low_ & 0x00FFFFFFu) << 8;
    }

    std::vector<std::uint8_t>& out_;
    std::uint64_t low_ = 0;   // < 2^32 + 2^32: bit 32 is a carry not yet propagated
    std::uint32_t range_ = 0xFFFFFFFFu;
    std::uint64_t pending_ = 0;  // bytes FF that a carry would turn into 00
    std::uint8_t cache_ = 0;
    bool started_ = false;  // the first byte out is always 0 and is not written
};

class BitDecoder {
public:
    explicit BitDecoder(Bytes in) : in_(in) {
        for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next();
    }

    int decode(std::uint32_t p1) {
        const std::uint32_t split = static_cast<std::uint32_t>((std::uint64_t{range_} * p1) >> 16);
        const int bit = code_ < split;
        code_ -= bit ? 0 : split;
        range_ = bit ? split : range_ - split;
        while (range_ < (1u << 24)) {
            range_ <<= 8;
            code_ = code_ << 8 | next();
        }
        return bit;
    }

    // True once more has been read than an encoder can have left out: its four last bytes, if zero.
    bool overrun() const { return position_ > in_.size() + 4; }
    // True if the whole payload was read: an encoder writes nothing that a decoder does not read.
    bool consumed() const { return position_ >= in_.size(); }

private:
    std::uint32_t next() {
        const std::uint32_t byte = position_ < in_.size() ? in_[position_] : 0;
        ++position_;
        return byte;
    }

    Bytes in_;
    std::size_t position_ = 0;
    std::uint32_t code_ = 0;
    std::uint32_t range_ = 0xFFFFFFFFu;
};

}  // namespace codelength::CODELENGTH_ISA
