#pragma once

#include <functional>
#include <string_view>

#include "synqc/device/device.h"
#include "synqc/experiment/request.h"

namespace synqc {

/// Finds a device by the name users know. Throws UnknownName.
using FindDevice = std::function<Device(std::string_view name)>;

/// Experiment from the document that `synqc.Experiment.to_dict` describes, in public units; every member is optional
/// and null means its default.
///
/// A rule that is a function of the user's, {"function": name}, cannot be held by a document: the request has rule
/// "none". Throws UnreadableDocument with the path to the offending place, e.g. $.drift[1].sigma_khz; unknown keys are
/// refused.
ExperimentRequest read_experiment(std::string_view text, const FindDevice& find_device);

}  // namespace synqc
