#include "phrases.hpp"

#include <bit>
#include <stdexcept>

#include "network_tensors.hpp"

namespace codelength {

void PhraseTable::check_lines(std::size_t n_lines) {
    if (n_lines < 2 || n_lines > most_lines || !std::has_single_bit(n_lines))
        throw std::invalid_argument("the lines of phrases are a power of two, 2 to 2^24");
}

PhraseTable::PhraseTable(std::span<const std::uint8_t> lines)
    : lines_(lines.size() / line_bytes), shift_(33 - static_cast<int>(std::bit_width(lines_.size()))) {
    check_lines(lines_.size());
    if (lines.size() % line_bytes != 0) throw std::invalid_argument("a part of a line of phrases");
    const std::uint8_t* p = lines.data();
    for (Line& line : lines_) {
        for (std::size_t i = 0; i < line_entries; ++i) {
            line.tags[i] = static_cast<std::uint16_t>(p[2 * i] | p[2 * i + 1] << 8);
            line.symbols[i] = p[2 * line_entries + i];
        }
        p += line_bytes;
    }
}

std::vector<std::uint8_t> PhraseTable::bytes() const {
    std::vector<std::uint8_t> out;
    out.reserve(lines_.size() * line_bytes);
    for (const Line& line : lines_) {
        for (const std::uint16_t tag : line.tags) {
            out.push_back(static_cast<std::uint8_t>(tag));
            out.push_back(static_cast<std::uint8_t>(tag >> 8));
        }
        out.insert(out.end(), line.symbols, line.symbols + line_entries);
        out.push_back(0);
    }
    return out;
}

std::unique_ptr<const PhraseTable> read_phrases(const std::vector<NetworkTensor>& tensors) {
    for (const NetworkTensor& tensor : tensors) {
        if (tensor.name != phrases_name) continue;
        require(tensor.dtype == "U8", "tensor phrases is ", tensor.dtype, ", not U8");
        require(tensor.shape.size() == 2 && tensor.shape[1] == PhraseTable::line_bytes && tensor.shape[0] >= 2 &&
                    tensor.shape[0] <= PhraseTable::most_lines && std::has_single_bit(tensor.shape[0]),
                "tensor phrases has another shape");
        require(tensor.bytes.size() == tensor.shape[0] * PhraseTable::line_bytes, "tensor phrases has another number of bytes");
        return std::make_unique<const PhraseTable>(tensor.bytes);
    }
    return nullptr;
}

}  // namespace codelength
