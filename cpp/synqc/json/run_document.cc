#include "synqc/json/run_document.h"

#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <vector>

#include "synqc/experiment/result_fields.h"
#include "synqc/json/compact_text.h"

namespace synqc {

namespace {

template <typename Part>
concept HasFields = requires(const Part& part) {
    for_each_field(part, [](const auto&, const auto&) {});
};

constexpr std::size_t room(Real) {
    return number_room;
}

constexpr std::size_t room(bool) {
    return 5;  // false
}

constexpr std::size_t room(const std::string& text) {
    return quoted_room(text);
}

constexpr std::size_t room(std::integral auto) {
    return whole_room;
}

constexpr std::size_t room(const Estimate&) {
    return 3 * number_room + 4;
}

std::size_t room(const LatencyTerm& term) {
    return quoted_room(term.name) + 1 + number_room;
}

template <HasFields Part>
std::size_t room(const Part& part);

template <typename Value>
std::size_t room(const std::vector<Value>& values) {
    std::size_t sum = 2;
    for (const Value& value : values) {
        sum += room(value) + 1;
    }
    return sum;
}

template <HasFields Part>
std::size_t room(const Part& part) {
    std::size_t sum = 2;
    for_each_field(part, [&](const auto& name, const auto& value) { sum += name_room(sizeof name - 1) + room(value); });
    return sum;
}

constexpr std::size_t most_settings = sizeof(ControlSettings) / sizeof(Real);  // each shown is a Real of its own

/// Writes values of any kind a run has, one behind the other.
class RunWriter {
  public:
    explicit RunWriter(char* to) : at_(to) {}

    char* at() const { return at_; }

    void write(Real value) { at_ = write_number(value, at_); }

    void write(bool value) {
        std::memcpy(at_, value ? "true" : "false", 5);
        at_ += value ? 4 : 5;
    }

    void write(const std::string& value) { at_ = write_quoted(value, at_); }

    void write(std::integral auto value) { at_ = write_whole(value, at_); }

    void write(const Estimate& estimate) {
        *at_++ = '[';
        write(estimate.value);
        *at_++ = ',';
        write(estimate.standard_error);
        *at_++ = ',';
        write(estimate.skewness);
        *at_++ = ']';
    }

    void write(const std::vector<LatencyTerm>& terms) {
        *at_++ = '{';
        for (const LatencyTerm& term : terms) {
            write(term.name);
            *at_++ = ':';
            write(term.value);
            *at_++ = ',';
        }
        close('}', terms.empty());
    }

    template <typename Value>
    void write(const std::vector<Value>& values) {
        *at_++ = '[';
        for (const Value& value : values) {
            write(value);
            *at_++ = ',';
        }
        close(']', values.empty());
    }

    template <HasFields Part>
    void write(const Part& part) {
        char before = '{';
        for_each_field(part, [&](const auto& name, const auto& value) {
            at_ = write_name(before, name, at_);
            write(value);
            before = ',';
        });
        *at_++ = '}';
    }

    /// Most qubits run with the settings of the one before, but perhaps for the first figures: the letters of those
    /// that are the same to the end are copied.
    void write(const ControlSettings& settings) {
        std::array<std::uint64_t, most_settings> figures;
        std::size_t count = 0;
        for_each_field(settings, [&](const auto&, std::same_as<Real> auto value) {
            figures.at(count++) = std::bit_cast<std::uint64_t>(value);
        });
        std::size_t same_from = count;
        while (same_from > 0 && known_.end != nullptr && figures[same_from - 1] == known_.figures[same_from - 1]) {
            --same_from;
        }
        char before = '{';
        std::size_t at_field = 0;
        for_each_field(settings, [&](const auto& name, std::same_as<Real> auto value) {
            if (at_field < same_from) {
                known_.places[at_field] = at_;
                at_ = write_name(before, name, at_);
                write(value);
            }
            before = ',';
            ++at_field;
        });
        if (same_from == count) {
            *at_++ = '}';
        } else {
            const char* const from = known_.places[same_from];
            const auto size = static_cast<std::size_t>(known_.end - from);
            std::memcpy(at_, from, size);
            for (std::size_t field = same_from; field < count; ++field) {
                known_.places[field] = at_ + (known_.places[field] - from);
            }
            at_ += size;
        }
        known_.figures = figures;
        known_.end = at_;
    }

  private:
    /// Puts a bracket in place of the last comma.
    void close(char bracket, bool is_empty) {
        at_ -= is_empty ? 0 : 1;
        *at_++ = bracket;
    }

    /// The settings written last, and where each stands, from what separates it from the one before.
    struct KnownSettings {
        std::array<std::uint64_t, most_settings> figures;
        std::array<const char*, most_settings> places;
        const char* end = nullptr;  // none yet
    };

    char* at_;
    KnownSettings known_;
};

}  // namespace

std::size_t run_document_room(const RunResult& run) {
    return room(run) + compact_text_slack;
}

char* write_run_document(const RunResult& run, char* to) {
    RunWriter writer(to);
    writer.write(run);
    return writer.at();
}

}  // namespace synqc
