// What the options of each command are called, and what --help says of them. All but those of the
// voice and --config, which every command has.
#pragma once

#include "cli/options.h"

namespace CLI {
class App;
}

namespace frugal::cli {

void describe(CLI::App& command, TuneOptions& options);
void describe(CLI::App& command, TrainOptions& options);
void describe(CLI::App& command, CompareOptions& options);
void describe(CLI::App& command, AdviseOptions& options);
void describe(CLI::App& command, EvaluateOptions& options);
void describe(CLI::App& command, PredictOptions& options);
void describe(CLI::App& command, AugmentOptions& options);
void describe(CLI::App& command, CheckOptions& options);
void describe(CLI::App& command, ExplainOptions& options);
void describe(CLI::App& command, ReportOptions& options);
void describe(CLI::App& command, ExportOptions& options);
void describe(CLI::App& command, OptimizeOptions& options);
void describe(CLI::App& command, ServeOptions& options);
void describe(CLI::App& command, TokenOptions& options);
void describe(CLI::App& command, WorkerOptions& options);
void describe(CLI::App& command, ClusterOptions& options);
void describe(CLI::App& command, DemoOptions& options);

}  // namespace frugal::cli
