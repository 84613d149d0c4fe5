// A quick look at a segment: which contexts will serve it. An encoder is free to choose otherwise; a decoder is told.
#pragma once
#include <cstdint>

#include "contexts.hpp"
#include "segment.hpp"

namespace codelength {

struct Choice {
    Kind kind;
    std::uint32_t stride;  // bytes a row, for Kind::records
};

// Never answers Kind::words: whether the dictionary pays is seen by trying it. networked: a network will read it, which
// serves texts with zeros between them too.
Choice classify(Bytes content, bool networked);

}  // namespace codelength
