#include <CLI/CLI.hpp>

#include "cli/describe.h"
#include "cli/shared_options.h"

namespace frugal::cli {

void describe(CLI::App& c, TuneOptions& o) {
  add_data_options(c, o.data, true);
  c.add_option("--weights", o.weights,
               "pretrained weights: .pth or .safetensors with torchvision's names")
      ->type_name("FILE")
      ->required();
  c.add_option("--network", o.network,
               "resnet18, 34, 50, 101, mobilenet_v2; default: read off the weights")
      ->type_name("NAME");
  c.add_option("--strategy", o.strategy,
               "fine-tune, features (frozen network, head alone) or auto (both)")
      ->check(CLI::IsMember({"fine-tune", "features", "auto"}));
  c.add_option("--budget", o.budget,
               "20m, 2h, 5usd, 40runs; several by comma: the first that is spent")
      ->required();
  add_recipe_option(c, o.recipe);
  c.add_option("--augment", o.augment, kPolicyHelp)->type_name("POLICY");
  c.add_option("--resolution", o.resolution, "short side in pixels; 0: what the budget allows");
  c.add_option("--epochs", o.epochs, "of a full run of the search; 0: what the budget allows");
  c.add_option("--task-by", o.task_by,
               "how the cheap tasks, whose runs inform the full ones, are cheaper")
      ->check(CLI::IsMember({"epochs", "resolution", "depth"}));
  c.add_option("--seeds", o.seeds, "fresh seeds on which the winner is run again, at most")
      ->check(CLI::Range(1u, 20u));
  c.add_option("--suggester", o.suggester, "multitask, random, sobol, ...");
  c.add_option("--stop-risk", o.stop_risk,
               "runs are stopped whose learning curve says that they will not be the best, at this "
               "risk for each that it errs; 0: none is")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 0.5));
  add_launch_options(c, o.launch);
  c.add_option("--workers", o.machine.workers,
               "side by side; 0: as --threads allows, or what is measured fastest");
  c.add_option("--threads", o.machine.threads, "of a worker; 0: cores / workers");
  add_price_options(c, o.price);
  c.add_option("--seed", o.seed, "of the split, the search and the runs");
  add_split_options(c, o.shares);
  c.add_option("--output", o.output, "the run's folder: store, split, model, report")
      ->type_name("DIR");
  c.add_flag("--refit,!--no-refit", o.refit,
             "train the winner once more for the time that is left, on training and validation "
             "photographs together unless its schedule watches the latter, and keep that model "
             "(the default)");
  c.add_flag("--dry-run", o.dry_run, "print the plan and spend nothing");
}

void describe(CLI::App& c, TrainOptions& o) {
  add_data_options(c, o.data, true);
  add_recipe_option(c, o.recipe);
  c.add_option("--set", o.set, "KEY=VALUE of the recipe, as often as needed")
      ->type_name("KEY=VALUE");
  c.add_option("--weights", o.weights, "pretrained weights; none: from nothing")->type_name("FILE");
  c.add_option("--network", o.network,
               "resnet18, 34, 50, 101, mobilenet_v2; default: read off the weights")
      ->type_name("NAME");
  c.add_option("--strategy", o.strategy, "fine-tune or features")
      ->check(CLI::IsMember({"fine-tune", "features"}));
  c.add_option("--augment", o.augment, kPolicyHelp)->type_name("POLICY");
  c.add_flag("--reproduce-leak", o.reproduce_leak,
             "train again with altered copies that leak into the judges, and price the leak");
  c.add_option("--resolution", o.resolution, "short side in pixels; 0: the recipe's");
  c.add_option("--epochs", o.epochs, "0: the recipe's");
  c.add_option("--budget", o.budget,
               "20m, 5usd: the size and the epochs of which one run takes so long");
  c.add_flag("--with-validation", o.with_validation,
             "learn from the validation photographs too: for a last run that decides nothing");
  add_price_options(c, o.price);
  c.add_option("--threads", o.threads, "0: every core");
  c.add_option("--seed", o.seed, "of the split and the run");
  add_split_options(c, o.shares);
  c.add_option("--output", o.output, "the run's folder: split, checkpoint, model")
      ->type_name("DIR");
  c.add_flag("--dry-run", o.dry_run, "print the recipe and train nothing");
}

void describe(CLI::App& c, EvaluateOptions& o) {
  c.add_option("run", o.run, "folder that tune or train left")->type_name("RUN")->required();
  add_data_options(c, o.data, false);
  c.add_option("--threads", o.threads, "0: every core");
}

void describe(CLI::App& c, PredictOptions& o) {
  c.add_option("run", o.run, "folder that tune or train left")->type_name("RUN")->required();
  c.add_option("images", o.images, "files and folders; - for a list of files on standard input")
      ->type_name("IMAGE")
      ->required();
  c.add_option("--top", o.top, "how many classes")->check(CLI::Range(1u, 1000u));
  c.add_option("--threads", o.threads, "0: every core");
}

void describe(CLI::App& c, ExportOptions& o) {
  c.add_option("run", o.run, "folder that tune or train left")->type_name("RUN")->required();
  c.add_option("--format", o.format, "pth or safetensors, with torchvision's names")
      ->check(CLI::IsMember({"pth", "safetensors"}));
  c.add_option("--output", o.output, "file; default: model.FORMAT here")->type_name("FILE");
}

}  // namespace frugal::cli
