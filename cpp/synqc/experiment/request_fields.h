#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "synqc/experiment/request.h"

/// The one list of an experiment's arguments under their public names and in public units (twin of result_fields.h):
/// Python's arguments, documents, the command line and the range checks of a request all come from here.
namespace synqc {

/// Where an argument is held; its type says how it is read.
using RequestMember =
    std::variant<Real ExperimentRequest::*, Index ExperimentRequest::*, Seed ExperimentRequest::*,
                 bool ExperimentRequest::*, std::string ExperimentRequest::*, EnvelopeShape ExperimentRequest::*,
                 std::optional<ProbeMapping> ExperimentRequest::*, std::vector<Complex> ExperimentRequest::*>;

/// An argument that the request itself holds.
struct RequestField {
    std::string_view name;
    RequestMember member;
    std::string_view meaning;
    Real unit = 1;   // of the public name, in internal units
    Real least = 0;  // of a number, in public units; equal to `most` where only finite numbers are asked for
    Real most = 0;

    bool is_bounded() const { return least < most; }
};

std::span<const RequestField> request_fields();

/// Throws InvalidArgument unless every number of the request is within its bounds.
void check_bounds(const ExperimentRequest& request);

/// Sets a member from its public form, which `value` converts to the member's own type: value.template as<T>() for Real
/// (in public units), Index, Seed, bool, std::string and std::vector<Complex>.
template <typename Value>
void write(const RequestField& field, ExperimentRequest& request, const Value& value);

/// "rate", "pulse"; "auto" is the target's own. Throws InvalidArgument.
std::optional<ProbeMapping> probe_mapping_from_name(std::string_view name);

/// What an argument of `Experiment` is made of.
enum class ArgumentKind { number, whole, flag, text, samples, preset, rule, drift };
std::string_view name_of(ArgumentKind kind);

/// Whom an argument describes.
enum class ArgumentOwner {
    request,  // the experiment itself
    device,   // replaces a figure of the device; left out: the device's own
    target,   // where it runs
};
std::string_view name_of(ArgumentOwner owner);

/// One argument of `Experiment` as users see it.
struct ExperimentArgument {
    std::string_view name;
    ArgumentKind kind;
    ArgumentOwner owner;
    std::string_view meaning;
    std::vector<std::string> choices = {};  // of text, where only these are known
    Real least = 0;                         // of numbers, where `most` is greater
    Real most = 0;
};

/// All of them: device and target, the request's own, and figures of the device that may be replaced.
const std::vector<ExperimentArgument>& experiment_arguments();

template <typename Value>
void write(const RequestField& field, ExperimentRequest& request, const Value& value) {
    std::visit(
        [&](auto member) {
            auto& held = request.*member;
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, Real>) {
                held = value.template as<Real>() * field.unit;
            } else if constexpr (std::is_same_v<Held, EnvelopeShape>) {
                held = envelope_from_name(value.template as<std::string>());
            } else if constexpr (std::is_same_v<Held, std::optional<ProbeMapping>>) {
                held = probe_mapping_from_name(value.template as<std::string>());
            } else {
                held = value.template as<Held>();
            }
        },
        field.member);
}

}  // namespace synqc
