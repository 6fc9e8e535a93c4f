#pragma once

#include <stdexcept>
#include <string>

/// Everything the core throws on purpose. `py/errors.cc` maps each class to its twin in `synqc.errors`.
namespace synqc {

/// The root: catching it catches everything thrown on purpose, and nothing else.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The caller can fix it: an argument is out of its range. The message names the argument, what it must be, what it
/// was.
class InvalidArgument : public Error {
  public:
    using Error::Error;
};

/// An array's shape does not fit.
class ShapeMismatch : public InvalidArgument {
  public:
    using InvalidArgument::InvalidArgument;
};

/// No preset, target, envelope, rule or objective of that name; the message lists the known ones.
class UnknownName : public InvalidArgument {
  public:
    using InvalidArgument::InvalidArgument;
};

/// A document could not be read. `path` leads to the offending place, e.g. `$.qubit.t1_us`.
class UnreadableDocument : public InvalidArgument {
  public:
    UnreadableDocument(std::string document_path, const std::string& what_was_wrong)
        : InvalidArgument(what_was_wrong + " (at " + document_path + ")"), path(std::move(document_path)) {}
    std::string path;
};

/// The input is legal, the method gave up.
class NumericalFailure : public Error {
  public:
    using Error::Error;
};

/// An adaptive integrator cannot meet its tolerance.
class StepTooSmall : public NumericalFailure {
  public:
    using NumericalFailure::NumericalFailure;
};

/// A scheme that does not preserve positivity left the set of states.
class NonPhysicalState : public NumericalFailure {
  public:
    using NumericalFailure::NumericalFailure;
};

}  // namespace synqc
