#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/base/errors.h"
#include "synqc/base/numbers.h"

namespace synqc {

/// A place in a parsed document that knows its path. Reads are typed; what does not fit throws UnreadableDocument:
/// "Field `t1_us` must be a number, but is a string (at $.qubit.t1_us)". Borrows from its Document.
class Node {
  public:
    const std::string& path() const { return path_; }

    bool is_null() const;
    bool is_number() const;
    bool is_object() const;
    bool is_text() const;
    /// Finite number.
    Real number() const;
    /// Whole number.
    Index integer() const;
    /// Whole number from 0 to 2^64 - 1, exactly.
    Seed seed() const;
    bool boolean() const;
    std::string text() const;
    std::vector<Node> items() const;
    std::vector<Real> numbers() const;
    std::vector<std::string> texts() const;

    /// Keys of an object, in order of appearance.
    std::vector<std::string> keys() const;
    /// Member of an object, if it is there.
    std::optional<Node> find(std::string_view key) const;
    /// Member of an object; refuses its absence.
    Node at(std::string_view key) const;
    /// Refuses members whose key is not among the known ones, which the message lists, and repeated keys.
    void refuse_other_keys_than(std::span<const std::string_view> known) const;

    /// Throws UnreadableDocument: "Field `name` must be `must_be`, but is `was` (at path)".
    [[noreturn]] void refuse(std::string_view must_be, std::string_view was) const;
    /// Throws UnreadableDocument with a sentence that was written elsewhere; its final period is dropped.
    [[noreturn]] void refuse_sentence(std::string sentence) const;

    /// Runs `check`; what it refuses is thrown on as UnreadableDocument at this place.
    template <typename Check>
    void checked(Check&& check) const {
        try {
            check();
        } catch (const UnreadableDocument&) {
            throw;
        } catch (const InvalidArgument& error) {
            refuse_sentence(error.what());
        }
    }

  private:
    friend class Document;
    struct Place;
    explicit Node(std::shared_ptr<const Place> place, std::string path);
    [[noreturn]] void refuse_kind(std::string_view must_be) const;

    std::shared_ptr<const Place> place_;
    std::string path_;
};

/// What to do with NaN, Infinity and -Infinity, which are no JSON but which other programs write.
enum class NotANumber { refuse, read_as_null };

/// A parsed document; owns what its nodes point to.
class Document {
  public:
    /// Throws UnreadableDocument (at $) unless `text` is one JSON document in UTF-8, at most 1024 levels deep.
    explicit Document(std::string_view text, NotANumber not_a_number = NotANumber::refuse);
    ~Document();
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    Node root() const;

  private:
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
};

}  // namespace synqc
