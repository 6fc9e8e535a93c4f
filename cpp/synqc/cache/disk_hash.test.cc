#include "synqc/cache/disk_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace synqc {
namespace {

TEST(page_hash, changes_with_every_bit_of_a_page_and_with_its_place) {
    std::string page(8184, '\0');
    for (std::size_t k = 0; k < page.size(); ++k) {
        page[k] = static_cast<char>(k * k);
    }
    const auto hash = page_hash(page, 7);
    ASSERT_NE(page_hash(page, 8), hash);
    ASSERT_NE(page_hash({page.data(), page.size() - 8}, 7), hash);
    for (std::size_t bit = 0; bit < 8 * page.size(); ++bit) {
        page[bit / 8] ^= static_cast<char>(1 << bit % 8);
        ASSERT_NE(page_hash(page, 7), hash) << "bit " << bit;
        page[bit / 8] ^= static_cast<char>(1 << bit % 8);
    }
}

TEST(page_hash, tells_empty_pages_apart_by_length_and_place) {
    const std::string zeros(8184, '\0');
    ASSERT_NE(page_hash(zeros, 1), page_hash(zeros, 2));
    ASSERT_NE(page_hash(zeros, 1), page_hash({zeros.data(), 4088}, 1));
}

TEST(page_hash, is_the_same_on_every_machine_because_it_lies_in_files) {
    ASSERT_EQ(page_hash(std::string(64, 'a') + std::string(16, 'b'), 3), 7816783235895564348u);
}

}  // namespace
}  // namespace synqc
