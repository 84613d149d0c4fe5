// Which phrases are worth their place: those that save most bits in documents other than the ones they were seen in.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>

#include "phrase_model.hpp"
#include "segment.hpp"
#include "turns.hpp"

namespace codelength {
namespace {

using namespace portable;

// Of the entries, for each context: such that the least worthy of each is worth alike.
constexpr double shares[n_phrase_contexts] = {0.48, 0.25, 0.27};
// More than there is room for, as lines do not fill evenly.
constexpr double overfull = 1.15;

struct Document {
    Bytes content;
    std::vector<std::uint8_t> lengths;  // of each symbol, in 1/16 bit, as far as other means know it
};

constexpr std::size_t most_documents = 1 << 16;

// An occurrence of a context: its hash, the document, the symbol after it and that symbol's length, from the top down.
using Occurrence = std::uint64_t;
Occurrence occurrence(std::uint32_t hash, std::size_t document, std::uint8_t symbol, std::uint8_t length) {
    return std::uint64_t{hash} << 32 | document << 16 | std::uint64_t{symbol} << 8 | length;
}
std::uint32_t hash_of(Occurrence o) { return static_cast<std::uint32_t>(o >> 32); }
std::uint32_t document_of(Occurrence o) { return static_cast<std::uint32_t>(o >> 16) & 0xFFFF; }
std::uint8_t symbol_of(Occurrence o) { return static_cast<std::uint8_t>(o >> 8); }
double length_of(Occurrence o) { return static_cast<double>(o & 255) / 16; }

struct Entry {
    double gain_bits;
    std::uint32_t hash;
    std::uint8_t symbol, strength;
};
bool worthier(const Entry& a, const Entry& b) {
    return a.gain_bits != b.gain_bits ? a.gain_bits > b.gain_bits : a.hash != b.hash ? a.hash < b.hash : a.symbol < b.symbol;
}

// In how many documents (two bits), and how often the symbol was right (three, about 0.75 nats each from -1.5 on).
constexpr double first_odds = -1.5, odds_step = 0.75;
std::uint8_t strength_of(double n_right, double n, std::size_t n_documents) {
    const double odds = std::log((n_right + 0.3) / (n - n_right + 0.3));
    const int often = n_documents < 3 ? 0 : n_documents < 6 ? 1 : n_documents < 16 ? 2 : 3;
    return static_cast<std::uint8_t>(often * 8 + std::clamp(static_cast<int>(std::floor((odds - first_odds) / odds_step)), 0, 7));
}
double length_if_right(std::uint8_t strength) {
    return std::log2(1 + std::exp(-(first_odds + odds_step * ((strength & 7) + 0.5))));
}

// f(hash, position) for every position of a document.
template <class F>
void each_context(Context context, const Document& document, F f) {
    Followers followers;
    Features features(Kind::text, 0, 0, followers);
    for (std::size_t i = 0; i < document.content.size(); ++i) {
        f(features.hash(context, nullptr), i);
        features.add(document.content[i]);
    }
}

// All occurrences of one context: what it expects, and what that saves in each document if the others are known. An entry
// more where it saves anything.
void weigh(std::span<const Occurrence> all, std::vector<Entry>& entries) {
    std::uint32_t counts[256] = {};
    std::size_t n_documents = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        ++counts[symbol_of(all[i])];
        n_documents += i == 0 || document_of(all[i]) != document_of(all[i - 1]);
    }
    if (n_documents < 2) return;
    const auto top = static_cast<std::uint8_t>(std::max_element(counts, counts + 256) - counts);
    double known = 0;  // sum of the probabilities that the symbol had where it came
    for (const Occurrence o : all)
        if (symbol_of(o) == top) known += std::exp2(-length_of(o));
    const double usual = std::min(0.98, known / counts[top]);

    double gain_bits = 0;
    for (std::size_t begin = 0, end; begin < all.size(); begin = end) {
        double n_here = 0, right_here = 0, length_bits = 0;
        for (end = begin; end < all.size() && document_of(all[end]) == document_of(all[begin]); ++end) {
            ++n_here;
            if (symbol_of(all[end]) != top) continue;
            ++right_here;
            length_bits += length_of(all[end]);
        }
        const double p = (counts[top] - right_here + 0.3) / (static_cast<double>(all.size()) - n_here + 0.9);
        gain_bits += length_bits + right_here * std::log2(p) + (n_here - right_here) * std::log2((1 - p) / (1 - usual));
    }
    const std::uint8_t strength = strength_of(counts[top], static_cast<double>(all.size()), n_documents);
    if (gain_bits > 0) entries.push_back({gain_bits, hash_of(all[0]), top, strength});
}

std::vector<Entry> worthiest(Context context, const std::vector<Document>& documents, std::size_t n_most) {
    std::size_t n = 0;
    for (const Document& d : documents) n += d.content.size();
    std::vector<Entry> entries;
    {
        std::vector<Occurrence> all;
        all.reserve(n);
        for (std::size_t k = 0; k < documents.size(); ++k)
            each_context(context, documents[k], [&](std::uint32_t hash, std::size_t i) {
                all.push_back(occurrence(hash, k, documents[k].content[i], documents[k].lengths[i]));
            });
        std::ranges::sort(all);
        for (std::size_t begin = 0, end; begin < n; begin = end) {
            for (end = begin + 1; end < n && hash_of(all[end]) == hash_of(all[begin]);) ++end;
            if (end - begin > 1) weigh(std::span(all).subspan(begin, end - begin), entries);
        }
    }
    std::ranges::sort(entries, worthier);
    entries.resize(std::min(entries.size(), n_most));
    return entries;
}

// What the entries tell need not be told by others again.
void take_in(Context context, std::vector<Entry> entries, std::vector<Document>& documents) {
    std::ranges::sort(entries, {}, &Entry::hash);
    constexpr int filter_bits = 26;
    std::vector<bool> filter(std::size_t{1} << filter_bits);
    for (const Entry& e : entries) filter[e.hash >> (32 - filter_bits)] = true;
    for (Document& document : documents)
        each_context(context, document, [&](std::uint32_t hash, std::size_t i) {
            if (!filter[hash >> (32 - filter_bits)]) return;
            const auto found = std::ranges::lower_bound(entries, hash, {}, &Entry::hash);
            if (found == entries.end() || found->hash != hash || found->symbol != document.content[i]) return;
            const auto length = static_cast<std::uint8_t>(std::lround(16 * length_if_right(found->strength)));
            document.lengths[i] = std::min(document.lengths[i], length);
        });
}

}  // namespace

PhraseTable learn_phrases(std::span<const Bytes> contents, std::size_t n_lines, int n_threads) {
    PhraseTable::check_lines(n_lines);
    PhraseTable table(std::vector<std::uint8_t>(n_lines * PhraseTable::line_bytes));
    if (contents.size() > most_documents) throw std::invalid_argument("at most 65,536 documents");
    std::vector<Document> documents;
    for (const Bytes content : contents) documents.push_back({content, {}});
    std::atomic<std::size_t> next{0};
    Turns().run(std::max(n_threads, 1), [&](int) {
        for (std::size_t k; (k = next++) < documents.size();) documents[k].lengths = text_lengths(documents[k].content);
    });

    std::vector<Entry> chosen;
    const double room = static_cast<double>(n_lines * PhraseTable::line_entries) * overfull;
    for (std::size_t t = 0; t < n_phrase_contexts; ++t) {
        const std::vector<Entry> entries = worthiest(phrase_contexts[t], documents, static_cast<std::size_t>(room * shares[t]));
        take_in(phrase_contexts[t], entries, documents);
        chosen.insert(chosen.end(), entries.begin(), entries.end());
    }
    std::ranges::sort(chosen, worthier);
    for (const Entry& e : chosen) {
        if (table.find(e.hash) < PhraseTable::line_entries) continue;
        PhraseTable::Line& line = table.line(e.hash);
        auto* const free = std::ranges::find(line.tags, 0);
        if (free == std::end(line.tags)) continue;
        *free = static_cast<std::uint16_t>(PhraseTable::check(e.hash) << 5 | e.strength);
        line.symbols[free - line.tags] = e.symbol;
    }
    return table;
}

}  // namespace codelength
