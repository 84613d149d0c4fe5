#include "words.hpp"

#include <algorithm>
#include <unordered_map>

namespace codelength {

extern const char words_text[];  // reference/words.txt, embedded by the build
extern const std::size_t words_size;

namespace {

// Words 0..79 have codes of one byte (80..CF), the next 40 * 128 of two (D0..F7, 80..FF), the rest of three
// (F8.., 80..FF, 80..FF): the high bit is set in every byte of a code, the first byte tells the length.
constexpr std::size_t n_one = 80, n_two = 40 * 128;

int code_length(std::uint8_t first) { return first < 0x80 + n_one ? 1 : first < 0x80 + n_one + 40 ? 2 : 3; }

struct Dictionary {
    std::vector<std::string_view> words;
    std::unordered_map<std::string_view, std::uint32_t> index;
    std::size_t longest = 0;

    Dictionary() {
        const std::string_view text(words_text, words_size);
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = text.find('\n', begin);
            words.push_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
        index.reserve(words.size());
        for (std::size_t i = 0; i < words.size(); ++i) {
            index.emplace(words[i], static_cast<std::uint32_t>(i));
            longest = std::max(longest, words[i].size());
        }
    }
};

const Dictionary& dictionary() {
    static const Dictionary instance;  // built on first use: about 5 ms
    return instance;
}

bool is_lower(std::uint8_t c) { return c >= 'a' && c <= 'z'; }
bool is_upper(std::uint8_t c) { return c >= 'A' && c <= 'Z'; }

void append_code(std::size_t i, std::vector<std::uint8_t>& out) {
    const auto byte = [&](std::size_t x) { out.push_back(static_cast<std::uint8_t>(x)); };
    if (i < n_one) return byte(0x80 + i);
    i -= n_one;
    if (i < n_two) {
        byte(0x80 + n_one + i / 128);
        return byte(0x80 + i % 128);
    }
    i -= n_two;
    byte(0x80 + n_one + n_two / 128 + i / 16384);
    byte(0x80 + i / 128 % 128);
    byte(0x80 + i % 128);
}

}  // namespace

std::vector<std::uint8_t> abbreviate(Bytes content) {
    const Dictionary& d = dictionary();
    std::vector<std::uint8_t> out;
    out.reserve(content.size());
    std::vector<char> lower(d.longest);
    for (std::size_t i = 0; i < content.size();) {
        const std::uint8_t c = content[i];
        if (!is_lower(c) && !is_upper(c)) {
            if (c >= 0x80 || c == capitalised || c == upper_case) out.push_back(literal);
            out.push_back(c);
            ++i;
            continue;
        }
        std::size_t end = i, n_upper = 0;
        for (; end < content.size() && (is_lower(content[end]) || is_upper(content[end])); ++end)
            n_upper += is_upper(content[end]);
        const std::size_t n = end - i;
        const bool shape_known = n_upper == 0 || n_upper == n || (n_upper == 1 && is_upper(c));
        auto found = d.index.end();
        if (n <= d.longest && shape_known) {
            for (std::size_t k = 0; k < n; ++k) lower[k] = static_cast<char>(content[i + k] | 0x20);
            found = d.index.find(std::string_view(lower.data(), n));
        }
        if (found == d.index.end()) {
            out.insert(out.end(), content.begin() + static_cast<std::ptrdiff_t>(i), content.begin() + static_cast<std::ptrdiff_t>(end));
        } else {
            if (n_upper > 0) out.push_back(n_upper == 1 ? capitalised : upper_case);  // words have two letters or more
            append_code(found->second, out);
        }
        i = end;
    }
    return out;
}

bool Expander::expand(std::uint8_t symbol, std::vector<std::uint8_t>& out) {
    if (flag_ == literal) {
        flag_ = 0;
        out.push_back(symbol);
        return symbol >= 0x80 || symbol == capitalised || symbol == upper_case;
    }
    if (n_pending_ == 0 && symbol < 0x80) {
        if (flag_ != 0) return false;  // a capital without a word
        if (symbol == capitalised || symbol == upper_case) flag_ = symbol;
        else out.push_back(symbol);
        return true;
    }
    if (symbol < 0x80) return false;  // inside a code
    if (n_pending_ == 0 && symbol == literal) {
        if (flag_ != 0) return false;
        flag_ = literal;
        return true;
    }
    pending_ = pending_ << 8 | symbol;
    ++n_pending_;
    const int n_code = code_length(static_cast<std::uint8_t>(pending_ >> (8 * (n_pending_ - 1))));
    if (n_pending_ < n_code) return true;
    const std::size_t low = pending_ & 127, middle = pending_ >> 8 & 127;
    std::size_t i = 0;
    if (n_code == 1) i = pending_ - 0x80;
    else if (n_code == 2) i = n_one + ((pending_ >> 8) - 0x80 - n_one) * 128 + low;
    else i = n_one + n_two + ((pending_ >> 16) - 0x80 - n_one - n_two / 128) * 16384 + middle * 128 + low;
    const Dictionary& d = dictionary();
    if (i >= d.words.size()) return false;
    for (std::size_t k = 0; k < d.words[i].size(); ++k) {
        const bool upper = flag_ == upper_case || (flag_ == capitalised && k == 0);
        out.push_back(static_cast<std::uint8_t>(upper ? d.words[i][k] & ~0x20 : d.words[i][k]));
    }
    flag_ = 0;
    pending_ = 0;
    n_pending_ = 0;
    return true;
}

}  // namespace codelength
