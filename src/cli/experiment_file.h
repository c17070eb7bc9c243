// An experiment for frugal optimize, as its user writes it: SigOpt's experiment (docs/http_api.md)
// in YAML or JSON, and beside it where a program's metric is found and how long it may take.
#pragma once

#include <string>

#include "experiment/experiment.h"
#include "worker/program_metric.h"

namespace frugal::cli {

struct ExperimentFile {
  experiment::Experiment experiment;
  worker::MetricRule metric;
  double timeout_seconds = 0;  // of one trial; 0: none
};

// Shorter than SigOpt's: bounds may be [min, max], categories numbers or true and false, the name
// may be left out (the file's). Throws InputError "experiment.yml:7: ...".
ExperimentFile read_experiment_file(const std::string& path);

// "90s", "10m", "2h", or seconds. Throws InputError.
double seconds_named(const std::string& text);

// What tells one experiment from another, in words ("parameter lr: bounds.max was 0.1, is 1");
// "" when results of one are results of the other. Budgets, bandwidths, timeouts and names may
// differ.
std::string difference(const experiment::Experiment& before, const experiment::Experiment& now);

// A file to begin with, and the program that it tunes, commented.
const char* example_experiment();

}  // namespace frugal::cli
