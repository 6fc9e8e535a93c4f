#include "synqc/text/text_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "synqc/base/errors.h"
#include "synqc/text/text_examples.h"

using namespace synqc;
using namespace synqc::text;
using namespace synqc::text::examples;

namespace {

std::vector<std::string> random_rows(std::mt19937& random, int count) {
    std::vector<std::string> rows;
    for (int k = 0; k < count; ++k) {
        const unsigned kind = random() % 20;
        if (kind < 9 || rows.empty()) {
            rows.push_back(random_sentence(random, static_cast<int>(1 + random() % 60)));
        } else if (kind < 18) {
            rows.push_back(damaged(rows[random() % rows.size()], random));
        } else {
            rows.push_back(kind == 18 ? "" : std::string(random() % 7, 'x'));
        }
    }
    return rows;
}

std::vector<OfferedText> offered(const std::vector<std::string>& rows, std::size_t first = 0,
                                 std::size_t count = ~std::size_t{0}) {
    std::vector<OfferedText> texts;
    for (std::size_t k = first; k < std::min(rows.size(), first + std::min(count, rows.size())); ++k) {
        texts.push_back({rows[k]});
    }
    return texts;
}

void expect_equal(const std::vector<Match>& some, const std::vector<Match>& others, unsigned seed) {
    ASSERT_EQ(some.size(), others.size()) << "seed " << seed;
    for (std::size_t k = 0; k < some.size(); ++k) {
        ASSERT_EQ(some[k].of, others[k].of) << "row " << k << ", seed " << seed;
        ASSERT_EQ(some[k].in_sources, others[k].in_sources) << "row " << k << ", seed " << seed;
        ASSERT_EQ(some[k].jaccard, others[k].jaccard) << "row " << k << ", seed " << seed;
        ASSERT_EQ(some[k].spans, others[k].spans) << "row " << k << ", seed " << seed;
    }
}

}  // namespace

TEST(text_index, finds_what_comparing_all_pairs_finds) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    int pairs = 0;
    int missed = 0;
    for (int corpus = 0; corpus < 8; ++corpus) {
        const Shingling shingling{.unit = corpus % 2 ? Unit::words : Unit::characters, .width = corpus % 2 ? 2 : 5};
        const double threshold = 0.5 + 0.1 * (corpus % 5);
        TextIndex index({.shingling = shingling, .threshold = threshold, .recall = 0.99, .seed = random()});
        const std::vector<std::string> rows = random_rows(random, 300);
        RunControl control;
        const std::vector<Match> matches = index.add(offered(rows), nullptr, 2, control);
        ASSERT_EQ(matches.size(), rows.size());
        std::vector<std::set<std::u32string>> sets;
        for (const std::string& row : rows) {
            sets.push_back(plain_shingles(row, shingling));
        }
        std::vector<std::size_t> kept;  // by the index's own decisions
        for (std::size_t k = 0; k < rows.size(); ++k) {
            const bool has_pair = std::any_of(kept.begin(), kept.end(), [&](std::size_t other) {
                return plain_jaccard(sets[k], sets[other]) >= threshold;
            });
            if (matches[k].of >= 0) {
                const auto of = static_cast<std::size_t>(matches[k].of);
                ASSERT_TRUE(std::find(kept.begin(), kept.end(), of) != kept.end()) << "seed " << seed;
                ASSERT_EQ(matches[k].jaccard, plain_jaccard(sets[k], sets[of])) << "seed " << seed;
                ASSERT_GE(matches[k].jaccard, threshold) << "seed " << seed;
            } else {
                kept.push_back(k);
            }
            pairs += has_pair ? 1 : 0;
            missed += has_pair && matches[k].of < 0 ? 1 : 0;
        }
        ASSERT_EQ(index.kept_count(), std::ssize(kept));
    }
    ASSERT_GT(pairs, 200);
    // At the threshold itself one in a hundred is missed, and most are above it.
    EXPECT_LE(missed, 2 + pairs / 50) << "of " << pairs << ", seed " << seed;
}

TEST(text_index, decisions_depend_on_neither_threads_nor_chunks) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    const std::vector<std::string> rows = random_rows(random, 5000);
    const std::vector<std::string_view> sources{rows[11], rows[444], rows[4999]};
    RunControl control;
    const SourceIndex guard(sources, {}, control);
    TextIndex whole{IndexOptions{}};
    const std::vector<Match> expected = whole.add(offered(rows), &guard, 1, control);
    for (const int threads : {2, 5}) {
        TextIndex pieces{IndexOptions{}};
        std::vector<Match> matches;
        for (std::size_t first = 0; first < rows.size();) {
            const std::size_t count = 1 + random() % 900;
            for (Match& match : pieces.add(offered(rows, first, count), &guard, threads, control)) {
                matches.push_back(std::move(match));
            }
            first += count;
        }
        expect_equal(matches, expected, seed);
    }
}

TEST(text_index, clusters_do_not_chain) {
    // Each row is similar to the one before it, and the last no longer to the first.
    std::mt19937 random(5);
    std::vector<std::string> rows{random_sentence(random, 60)};
    for (int k = 0; k < 30; ++k) {
        std::string next = rows.back();
        next.replace(static_cast<std::size_t>(k) * 8, 4, "#" + std::to_string(100 + k));
        rows.push_back(next);
    }
    TextIndex index(IndexOptions{.shingling = {}, .threshold = 0.8});
    RunControl control;
    const std::vector<Match> matches = index.add(offered(rows), nullptr, 2, control);
    EXPECT_GT(index.kept_count(), 2);
    for (const Match& match : matches) {
        EXPECT_TRUE(match.of < 0 || matches[static_cast<std::size_t>(match.of)].of < 0);
    }
}

TEST(text_index, query_says_what_add_would_and_changes_nothing) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    const std::vector<std::string> rows = random_rows(random, 500);
    TextIndex index{IndexOptions{}};
    RunControl control;
    index.add(offered(rows), nullptr, 2, control);
    std::vector<std::string> asked;
    for (int k = 0; k < 200; ++k) {
        asked.push_back(damaged(rows[random() % rows.size()], random));
    }
    const std::vector<Match> answers =
        index.query(std::vector<std::string_view>(asked.begin(), asked.end()), 2, control);
    EXPECT_EQ(index.rows_seen(), 500);
    for (std::size_t k = 0; k < asked.size(); ++k) {
        TextIndex fresh{IndexOptions{}};
        fresh.add(offered(rows), nullptr, 2, control);
        const std::vector<Match> added = fresh.add(offered(asked, k, 1), nullptr, 1, control);
        ASSERT_EQ(added.front().of, answers[k].of) << "seed " << seed;
        if (k >= 10) {
            break;
        }
    }
}

TEST(text_index, a_restored_index_goes_on_like_the_old_one) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    const std::vector<std::string> rows = random_rows(random, 3000);
    TextIndex old{IndexOptions{}};
    RunControl control;
    old.add(offered(rows, 0, 2000), nullptr, 2, control);
    std::vector<std::pair<Index, std::string_view>> kept;
    for (Index k = 0; k < old.kept_count(); ++k) {
        kept.emplace_back(old.kept_number(k), old.kept_text(k));
    }
    TextIndex fresh{IndexOptions{}};
    fresh.restore(std::span(kept).first(100), 2, control);
    fresh.restore(std::span(kept).subspan(100), 2, control);
    fresh.restore_rows_seen(old.rows_seen());
    expect_equal(fresh.add(offered(rows, 2000), nullptr, 2, control), old.add(offered(rows, 2000), nullptr, 2, control),
                 seed);
    EXPECT_THROW(fresh.restore(std::span(kept).first(1), 1, control), InvalidArgument);
    EXPECT_THROW(fresh.restore_rows_seen(10), InvalidArgument);
}

TEST(text_index, a_stop_ends_within_one_long_row_and_leaves_whole_decisions) {
    std::mt19937 random(7);
    std::vector<std::string> rows = random_rows(random, 100);
    rows.insert(rows.end(), 3000, random_sentence(random, 20000));
    TextIndex index{IndexOptions{}};
    RunControl control;
    control.tick = [&] { control.stop_requested = true; };  // at the first look, 10 ms after the start
    const std::vector<Match> matches = index.add(offered(rows), nullptr, 2, control);
    EXPECT_LT(matches.size(), rows.size());
    EXPECT_EQ(index.rows_seen(), std::ssize(matches));
    control.tick = nullptr;
    control.stop_requested = false;
    EXPECT_EQ(index.add(offered(rows, 0, 50), nullptr, 2, control).size(), 50u);
}

TEST(source_index, finds_what_comparing_with_every_source_finds) {
    const unsigned seed = drawn_seed();
    std::mt19937 random(seed);
    for (int corpus = 0; corpus < 6; ++corpus) {
        const Shingling shingling{.unit = corpus % 2 ? Unit::words : Unit::characters, .width = corpus % 2 ? 2 : 5};
        const std::vector<std::string> sources = random_rows(random, 80);
        RunControl control;
        StopCheck stop(control);
        const SourceOptions options{.shingling = shingling, .threshold = 0.7, .containment = 0.6 + 0.1 * (corpus % 3)};
        const SourceIndex index(std::vector<std::string_view>(sources.begin(), sources.end()), options, control);
        std::vector<std::string> rows;
        for (int k = 0; k < 200; ++k) {
            const std::string& source = sources[random() % sources.size()];
            rows.push_back(k % 3 == 0   ? random_sentence(random, 40)
                           : k % 3 == 1 ? damaged(source, random)
                                        : random_sentence(random, 30) + " " + damaged(source, random) + " " +
                                              random_sentence(random, 30));
        }
        const auto matches = index.query(std::vector<std::string_view>(rows.begin(), rows.end()), 2, control);
        Comparison comparison;
        int found = 0;
        for (std::size_t k = 0; k < rows.size(); ++k) {
            Match best;
            comparison.set_row(rows[k], shingling, stop);
            for (std::size_t number = 0; number < sources.size(); ++number) {
                const std::size_t size = plain_shingles(sources[number], shingling).size();
                const Overlap& overlap = comparison.with(sources[number], stop);
                const double jaccard = overlap.jaccard();
                const double containment = overlap.containment(stop);
                const bool is_copy = size > 0 && (jaccard >= 0.7 || (size >= 32 && containment >= options.containment));
                if (is_copy &&
                    (best.of < 0 || std::pair(containment, jaccard) > std::pair(best.containment, best.jaccard))) {
                    best.of = static_cast<Index>(number);
                    best.jaccard = jaccard;
                    best.containment = containment;
                }
            }
            ASSERT_EQ(matches[k].of, best.of) << "seed " << seed << ": " << rows[k];
            ASSERT_EQ(matches[k].jaccard, best.jaccard) << "seed " << seed;
            found += best.of >= 0 ? 1 : 0;
        }
        EXPECT_GT(found, 10) << "seed " << seed;
    }
}

TEST(source_index, refuses_options_out_of_range) {
    RunControl control;
    EXPECT_THROW(SourceIndex({}, {.threshold = 0.1}, control), InvalidArgument);
    EXPECT_THROW(SourceIndex({}, {.containment = 0.1}, control), InvalidArgument);
    EXPECT_THROW(SourceIndex({}, {.shingling = {.width = 0}}, control), InvalidArgument);
    EXPECT_THROW(TextIndex({.shingling = {.width = 33}}), InvalidArgument);
}
