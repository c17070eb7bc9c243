// One function a command, each in the file of its name. They throw what went wrong; run()
// turns it into words and an exit code.
#pragma once

#include "cli/console.h"
#include "cli/options.h"

namespace frugal::cli {

int run_tune(const TuneOptions& options, Console& console);
int run_train(const TrainOptions& options, Console& console);
int run_compare(const CompareOptions& options, Console& console);
int run_advise(const AdviseOptions& options, Console& console);
int run_evaluate(const EvaluateOptions& options, Console& console);
int run_predict(const PredictOptions& options, Console& console);
int run_augment(const AugmentOptions& options, Console& console);
int run_check(const CheckOptions& options, Console& console);
int run_explain(const ExplainOptions& options, Console& console);
int run_report(const ReportOptions& options, Console& console);
int run_export(const ExportOptions& options, Console& console);
int run_optimize(const OptimizeOptions& options, Console& console);
int run_serve(const ServeOptions& options, Console& console);
int run_token(const TokenOptions& options, Console& console);
int run_worker(const WorkerOptions& options, Console& console);
int run_cluster(const ClusterOptions& options, Console& console);
int run_demo(const DemoOptions& options, Console& console);

}  // namespace frugal::cli
