#include "synqc/json/document.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "synqc/base/checks.h"
#include "synqc/base/errors.h"

namespace synqc {

namespace dom = simdjson::dom;

struct Node::Place {
    dom::element element;
};

struct Document::Parsed {
    dom::parser parser;
    dom::element root;
};

namespace {

std::string_view kind_of(const dom::element& element) {
    switch (element.type()) {
        case dom::element_type::ARRAY:
            return "a list";
        case dom::element_type::OBJECT:
            return "an object";
        case dom::element_type::INT64:
        case dom::element_type::UINT64:
        case dom::element_type::DOUBLE:
            return "a number";
        case dom::element_type::STRING:
            return "a string";
        case dom::element_type::BOOL:
            return "true or false";
        case dom::element_type::NULL_VALUE:
            return "null";
        default:
            return "something else";
    }
}

/// Last step of a path: "t1_us" of "$.qubit.t1_us", "drift[2]" of "$.drift[2]", "$" of the root.
std::string_view last_step(std::string_view path) {
    auto dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

/// Replaces the words outside strings by nulls of the same length, so that nothing else moves.
std::string with_nulls_for_not_a_number(std::string text) {
    constexpr std::array<std::string_view, 3> words = {"-Infinity", "Infinity", "NaN"};
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (in_string && text[at] == '\\') {
            ++at;
            continue;
        }
        if (in_string) {
            in_string = text[at] != '"';
            continue;
        }
        in_string = text[at] == '"';
        for (std::string_view word : words) {
            if (text.compare(at, word.size(), word) == 0) {
                text.replace(at, word.size(), word.size() < 4 ? "null" : "null     ",
                             word.size() < 4 ? 4 : word.size());
                break;
            }
        }
    }
    return text;
}

}  // namespace

Node::Node(std::shared_ptr<const Place> place, std::string path) : place_(std::move(place)), path_(std::move(path)) {}

void Node::refuse(std::string_view must_be, std::string_view was) const {
    std::string sentence = "Field `";
    sentence.append(last_step(path_)).append("` must be ").append(must_be).append(", but is ").append(was);
    throw UnreadableDocument(path_, sentence);
}

void Node::refuse_sentence(std::string sentence) const {
    if (sentence.ends_with('.')) {
        sentence.pop_back();
    }
    throw UnreadableDocument(path_, sentence);
}

void Node::refuse_kind(std::string_view must_be) const {
    refuse(must_be, kind_of(place_->element));
}

bool Node::is_null() const {
    return place_->element.is_null();
}

bool Node::is_number() const {
    return place_->element.is_number();
}

bool Node::is_object() const {
    return place_->element.is_object();
}

bool Node::is_text() const {
    return place_->element.is_string();
}

Real Node::number() const {
    double value = 0;
    if (!is_number() || place_->element.get_double().get(value) != simdjson::SUCCESS) {
        refuse_kind("a number");
    }
    return value;
}

Index Node::integer() const {
    std::int64_t value = 0;
    if (place_->element.get_int64().get(value) == simdjson::SUCCESS) {
        return value;
    }
    if (!is_number()) {
        refuse_kind("a whole number");
    }
    Real real = number();
    if (real != std::floor(real) || std::abs(real) > 0x1p53) {
        refuse("a whole number", text_of(real));
    }
    return static_cast<Index>(real);
}

Seed Node::seed() const {
    std::uint64_t value = 0;
    if (place_->element.get_uint64().get(value) == simdjson::SUCCESS) {
        return value;
    }
    const Index signed_value = integer();
    if (signed_value < 0) {
        refuse("a whole number from 0 to 2^64 - 1", std::to_string(signed_value));
    }
    return static_cast<Seed>(signed_value);
}

bool Node::boolean() const {
    bool value = false;
    if (place_->element.get_bool().get(value) != simdjson::SUCCESS) {
        refuse_kind("true or false");
    }
    return value;
}

std::string Node::text() const {
    std::string_view value;
    if (place_->element.get_string().get(value) != simdjson::SUCCESS) {
        refuse_kind("a string");
    }
    return std::string(value);
}

std::vector<Node> Node::items() const {
    dom::array array;
    if (place_->element.get_array().get(array) != simdjson::SUCCESS) {
        refuse_kind("a list");
    }
    std::vector<Node> nodes;
    for (dom::element element : array) {
        std::string path = path_ + "[" + std::to_string(nodes.size()) + "]";
        nodes.push_back(Node(std::make_shared<Place>(Place{element}), std::move(path)));
    }
    return nodes;
}

std::vector<Real> Node::numbers() const {
    std::vector<Real> values;
    for (const Node& item : items()) {
        values.push_back(item.number());
    }
    return values;
}

std::vector<std::string> Node::texts() const {
    std::vector<std::string> values;
    for (const Node& item : items()) {
        values.push_back(item.text());
    }
    return values;
}

std::vector<std::string> Node::keys() const {
    dom::object object;
    if (place_->element.get_object().get(object) != simdjson::SUCCESS) {
        refuse_kind("an object");
    }
    std::vector<std::string> names;
    for (auto [key, value] : object) {
        names.emplace_back(key);
    }
    return names;
}

std::optional<Node> Node::find(std::string_view key) const {
    dom::object object;
    if (place_->element.get_object().get(object) != simdjson::SUCCESS) {
        refuse_kind("an object");
    }
    dom::element element;
    if (object.at_key(key).get(element) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    std::string path = path_;
    path.append(".").append(key);
    return Node(std::make_shared<Place>(Place{element}), std::move(path));
}

Node Node::at(std::string_view key) const {
    std::optional<Node> member = find(key);
    if (!member) {
        std::string path = path_;
        path.append(".").append(key);
        throw UnreadableDocument(path, "Field `" + std::string(key) + "` must be there, but is missing");
    }
    return *std::move(member);
}

void Node::refuse_other_keys_than(std::span<const std::string_view> known) const {
    std::vector<std::string> seen = keys();
    for (std::size_t at = 0; at < seen.size(); ++at) {
        if (std::find(known.begin(), known.end(), seen[at]) == known.end()) {
            std::string list;
            for (std::string_view name : known) {
                list.append(list.empty() ? "`" : ", `").append(name).append("`");
            }
            throw UnreadableDocument(path_ + "." + seen[at],
                                     "Field `" + seen[at] + "` must be one of " + list + ", but is none of them");
        }
        if (std::find(seen.begin(), seen.begin() + static_cast<Index>(at), seen[at]) !=
            seen.begin() + static_cast<Index>(at)) {
            throw UnreadableDocument(path_ + "." + seen[at],
                                     "Field `" + seen[at] + "` must be there once, but is repeated");
        }
    }
}

Document::Document(std::string_view text, NotANumber not_a_number) : parsed_(std::make_unique<Parsed>()) {
    std::string own(text);
    if (not_a_number == NotANumber::read_as_null) {
        own = with_nulls_for_not_a_number(std::move(own));
    }
    auto error = parsed_->parser.parse(own).get(parsed_->root);
    if (error != simdjson::SUCCESS) {
        throw UnreadableDocument(
            "$", std::string("Document must be one JSON document, but: ") + simdjson::error_message(error));
    }
}

Document::~Document() = default;

Node Document::root() const {
    return Node(std::make_shared<Node::Place>(Node::Place{parsed_->root}), "$");
}

}  // namespace synqc
