#include "synqc/text/text_index.h"

#include <random>

#include "perf/perf.h"
#include "synqc/base/at_every_level.h"
#include "synqc/text/text_examples.h"

using namespace synqc;
using namespace synqc::text;

namespace {

/// Of 468 letters: 464 shingles of five.
std::string row_of_464_shingles(std::mt19937& random) {
    return examples::random_sentence(random, 200).substr(0, 467) + "x";
}

}  // namespace

PERF(signature_of_464_shingles_with_folding) {
    std::mt19937 random(1);
    std::vector<std::string> rows;
    for (int k = 0; k < 64; ++k) {
        rows.push_back(row_of_464_shingles(random));
    }
    at_every_level([&](const std::string& level) {
        RunControl control;
        StopCheck stop(control);
        ShingledText text;
        MinHasher hasher(128, 0);
        // The share of equal places is the similarity: five standard errors at 128 places are 0.15.
        text.assign(rows[0], {}, false, stop);
        perf::refuse_if_different({static_cast<Real>(text.count())}, {464}, 0);
        const std::vector<std::uint32_t> signature = hasher.sign(text, stop);
        std::string changed = rows[0];
        changed.replace(200, 24, "########################");
        text.assign(changed, {}, false, stop);
        const std::vector<std::uint32_t>& second = hasher.sign(text, stop);
        Real equal = 0;
        for (std::size_t k = 0; k < signature.size(); ++k) {
            equal += signature[k] == second[k] ? 1.0 / 128 : 0;
        }
        const Real exact =
            examples::plain_jaccard(examples::plain_shingles(rows[0], {}), examples::plain_shingles(changed, {}));
        perf::refuse_if_different({equal}, {exact}, 0.15);
        std::size_t at = 0;
        perf::measure([&] {
            text.assign(rows[at++ % rows.size()], {}, false, stop);
            hasher.sign(text, stop);
        })
            .goal_of_micros(4)
            .labelled(level);
    });
}
