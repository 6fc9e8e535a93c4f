#include "synqc/pipeline/native_lane.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "synqc/base/errors.h"
#include "synqc/pipeline/native_function.h"

namespace synqc::pipeline {
namespace {

double halve(double x) {
    return x / 2;
}

double root(double x) {
    return std::sqrt(x);
}

int twice(const char* in, std::size_t size, char* out, std::size_t* out_size) {
    const std::size_t room = *out_size;
    *out_size = 2 * size;
    if (size == 3) {
        return 7;
    }
    if (room >= 2 * size) {
        std::memcpy(out, in, size);
        std::memcpy(out + size, in, size);
    }
    return 0;
}

std::vector<std::unique_ptr<Token>> numbers(int count) {
    std::vector<std::unique_ptr<Token>> tokens;
    for (int i = 0; i < count; ++i) {
        tokens.push_back(std::make_unique<Token>());
        tokens.back()->sequence = static_cast<std::uint64_t>(i);
        tokens.back()->native.number = i;
        tokens.back()->queued_at = monotonic_now();
    }
    return tokens;
}

TEST(native_lane, every_token_comes_back_once_with_its_number_through_all_functions) {
    constexpr int count = 20'000;
    const std::vector<NativeFunction> functions = {{NativeFunction::Kind::number, reinterpret_cast<void*>(&root)},
                                                   {NativeFunction::Kind::number, reinterpret_cast<void*>(&halve)},
                                                   {NativeFunction::Kind::number, reinterpret_cast<void*>(&halve)}};
    std::atomic<bool> stop{false};
    auto outbox = std::make_shared<Outbox>();
    NativeLane lane(
        4, [&](const std::vector<Token*>& tokens) { run_in_turn(functions, 0, tokens, stop); }, outbox);
    const auto tokens = numbers(count);
    for (const auto& token : tokens) {
        lane.feed(token.get());
    }
    std::vector<Token*> back;
    while (back.size() < count) {
        lane.send();
        outbox->drain(back);
        if (back.size() < count) {
            outbox->wait(monotonic_now() + 1'000'000);
        }
    }
    std::ranges::sort(back, {}, &Token::sequence);
    for (int i = 0; i < count; ++i) {
        ASSERT_EQ(back[static_cast<std::size_t>(i)]->sequence, static_cast<std::uint64_t>(i));
        ASSERT_EQ(back[static_cast<std::size_t>(i)]->native.number, std::sqrt(i) / 4);
        ASSERT_EQ(back[static_cast<std::size_t>(i)]->outcome, Outcome::ok);
    }
}

TEST(native_lane, what_was_not_begun_comes_back_when_asked_for) {
    auto outbox = std::make_shared<Outbox>();
    NativeLane lane(
        1, [](const std::vector<Token*>&) {}, outbox);
    const auto tokens = numbers(3);
    for (const auto& token : tokens) {
        lane.feed(token.get());
    }
    EXPECT_EQ(lane.take_back().size(), 3u);
    EXPECT_TRUE(lane.take_back().empty());
}

TEST(native_function, bytes_get_the_room_they_ask_for_and_a_failure_stops_its_token_alone) {
    const std::vector<NativeFunction> functions(3, {NativeFunction::Kind::bytes, reinterpret_cast<void*>(&twice)});
    std::atomic<bool> stop{false};
    auto tokens = numbers(2);
    const std::string long_text(1000, 'x');
    tokens[0]->native.text_in = long_text.data();
    tokens[0]->native.text_size = long_text.size();
    tokens[1]->native.text_in = "abc";
    tokens[1]->native.text_size = 3;
    run_in_turn(functions, 0, {tokens[0].get(), tokens[1].get()}, stop);
    EXPECT_EQ(tokens[0]->outcome, Outcome::ok);
    EXPECT_EQ(tokens[0]->native.text, std::string(8000, 'x'));
    EXPECT_EQ(tokens[1]->outcome, Outcome::error);
    EXPECT_EQ(tokens[1]->native_code, 7);
    EXPECT_EQ(tokens[1]->stage, 0u);
}

TEST(native_function, a_stop_cancels_what_has_not_begun) {
    const std::vector<NativeFunction> functions = {{NativeFunction::Kind::number, reinterpret_cast<void*>(&halve)}};
    std::atomic<bool> stop{true};
    auto tokens = numbers(1);
    run_in_turn(functions, 0, {tokens[0].get()}, stop);
    EXPECT_EQ(tokens[0]->outcome, Outcome::cancelled);
}

TEST(native_function, an_unknown_kind_is_refused) {
    EXPECT_THROW(native_kind("text"), InvalidArgument);
}

TEST(exchange, threads_that_wait_share_what_is_put_and_leave_when_it_closes) {
    Inbox inbox;
    Outbox outbox;
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&] {
            while (Token* token = inbox.wait_and_take()) {
                token->end(Outcome::ok, monotonic_now());
                outbox.put(token, false);
            }
        });
    }
    auto tokens = numbers(5000);
    for (std::size_t at = 0; at < tokens.size(); at += 100) {
        std::vector<Token*> some;
        for (std::size_t i = at; i < at + 100; ++i) {
            some.push_back(tokens[i].get());
        }
        inbox.put(some);
    }
    std::vector<Token*> back;
    while (back.size() < tokens.size()) {
        outbox.wait(monotonic_now() + 1'000'000);
        outbox.drain(back);
    }
    inbox.close();
    workers.clear();
    std::ranges::sort(back);
    EXPECT_EQ(std::ranges::adjacent_find(back), back.end());
    EXPECT_EQ(back.front()->attempts, 1u);
}

TEST(exchange, a_loop_is_woken_by_the_pipe) {
    auto pipe = std::make_shared<WakePipe>();
    Inbox inbox(pipe);
    EXPECT_EQ(inbox.take(), nullptr);
    auto tokens = numbers(1);
    inbox.put({tokens[0].get()});
    EXPECT_EQ(inbox.take(), tokens[0].get());
    pipe->clear();
}

}  // namespace
}  // namespace synqc::pipeline
