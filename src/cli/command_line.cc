#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/options_compare.h"
#include "cli/options_explain.h"
#include "cli/options_launch.h"
#include "cli/signals.h"

namespace frugal::cli {
namespace {

constexpr const char* kVersion = "0.1.0";
constexpr int kDefect = 1;
constexpr int kCannot = 2;
constexpr int kStopped = 3;
constexpr const char* kPolicyHelp =
    "none, crop-flip, trivial, study, wide, ..., a list of transforms (frugal augment --list) or "
    "FILE.yml";

// A command that has been described and can be run once its options are parsed.
struct Command {
  CLI::App* app = nullptr;
  VoiceOptions* voice = nullptr;
  std::function<int(Console&)> run;
};

class CommandLine {
 public:
  CommandLine();
  int run(std::vector<std::string> arguments);

 private:
  template <typename Options>
  Options& add(const std::string& name, const std::string& summary,
               int (*function)(const Options&, Console&), const std::string& footer = "");

  void add_tune();
  void add_train();
  void add_compare();
  void add_advise();
  void add_evaluate();
  void add_predict();
  void add_augment();
  void add_check();
  void add_explain();
  void add_report();
  void add_export();
  void add_optimize();
  void add_serve();
  void add_token();
  void add_worker();
  void add_cluster();
  void add_demo();

  CLI::App* current() { return commands_.back().app; }
  void data_options(DataOptions& data, bool required);
  void recipe_option(std::string& recipe);
  void split_options(SplitShares& shares);
  void price_options(PriceOptions& price);
  std::vector<std::string> with_config(const std::vector<std::string>& arguments);
  std::string unknown_words(const std::vector<std::string>& arguments) const;
  int execute(const Command& command);

  CLI::App app_{"Frugal finds the best image classifier that a budget can buy."};
  std::vector<Command> commands_;
  std::string config_;
  std::vector<std::string>* program_words_ = nullptr;  // of optimize: what stands behind "--"
};

template <typename Options>
Options& CommandLine::add(const std::string& name, const std::string& summary,
                          int (*function)(const Options&, Console&), const std::string& footer) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app_.add_subcommand(name, summary);
  command->option_defaults()->always_capture_default();
  command->get_formatter()->column_width(36);
  if (!footer.empty()) command->footer(footer);
  command->add_flag("--quiet", options->voice.quiet, "say nothing but errors and the result");
  command->add_flag("--json", options->voice.json, "JSON lines, the last one the result");
  command->add_flag("--verbose", options->voice.verbose, "say more of what happens on the way");
  command->add_option("--config", config_, "YAML file of options; a flag overrules it")
      ->type_name("FILE");
  commands_.push_back({command, &options->voice, [options, function](Console& console) {
                         return function(*options, console);
                       }});
  return *options;
}

void CommandLine::data_options(DataOptions& data, bool required) {
  auto* option = current()
                     ->add_option("--data", data.data, "image folder, CSV or Stanford Cars layout")
                     ->type_name("PATH");
  if (required) option->required();
  current()
      ->add_option("--reader", data.reader,
                   "folder, csv or stanford-cars; default: what is recognized")
      ->type_name("NAME");
  current()->add_flag("--strict", data.strict, "any broken photograph is an error");
}

void CommandLine::split_options(SplitShares& shares) {
  current()
      ->add_option("--validation-share", shares.validation,
                   "of the photographs, for the tuning to see; default: 0.15, less of more than "
                   "4000, at least 0.1")
      ->check(CLI::Range(0.01, 0.8));
  current()
      ->add_option("--test-share", shares.test,
                   "of the photographs, opened once for the answer; default: likewise")
      ->check(CLI::Range(0.01, 0.8));
}

void CommandLine::recipe_option(std::string& recipe) {
  current()
      ->add_option("--recipe", recipe,
                   "what to begin from: default, study (the 2020 study's plain SGD) or a YAML or "
                   "JSON file; flags overrule it")
      ->type_name("NAME|FILE");
}

void CommandLine::price_options(PriceOptions& price) {
  current()
      ->add_option("--machine", price.machine,
                   "what this machine is in the list of prices: c7a.large, ...")
      ->type_name("NAME");
  current()->add_flag("--spot", price.spot, "at its spot price");
  current()
      ->add_option("--prices", price.prices,
                   "list of prices, YAML; default: prices.yml beside the program")
      ->type_name("FILE");
  current()
      ->add_option("--price-per-hour", price.per_hour,
                   "dollars for this machine; overrules the list")
      ->check(CLI::NonNegativeNumber);
}

void CommandLine::add_tune() {
  auto& o = add<TuneOptions>(
      "tune", "photographs, weights and a budget in; a model, an answer and a report out",
      &run_tune,
      "Example:\n  frugal tune --data photos/ --weights resnet18.pth --budget 20m\n\n"
      "Run again with the same --output, it goes on where it was.");
  data_options(o.data, true);
  auto* c = current();
  c->add_option("--weights", o.weights,
                "pretrained weights: .pth or .safetensors with torchvision's names")
      ->type_name("FILE")
      ->required();
  c->add_option("--network", o.network,
                "resnet18, 34, 50, 101, mobilenet_v2; default: read off the weights")
      ->type_name("NAME");
  c->add_option("--strategy", o.strategy,
                "fine-tune, features (frozen network, head alone) or auto (both)")
      ->check(CLI::IsMember({"fine-tune", "features", "auto"}));
  c->add_option("--budget", o.budget,
                "20m, 2h, 5usd, 40runs; several by comma: the first that is spent")
      ->required();
  recipe_option(o.recipe);
  c->add_option("--augment", o.augment, kPolicyHelp)->type_name("POLICY");
  c->add_option("--resolution", o.resolution, "short side in pixels; 0: what the budget allows");
  c->add_option("--epochs", o.epochs, "of a full run; 0: what the budget allows");
  c->add_option("--task-by", o.task_by,
                "how the cheap tasks, whose runs inform the full ones, are cheaper")
      ->check(CLI::IsMember({"epochs", "resolution", "depth"}));
  c->add_option("--seeds", o.seeds, "fresh seeds on which the winner is run again, at most")
      ->check(CLI::Range(1u, 20u));
  c->add_option("--suggester", o.suggester, "multitask, random, sobol, ...");
  add_launch_options(*c, o.launch);
  c->add_option("--workers", o.machine.workers,
                "side by side; 0: as --threads allows, or what is measured fastest");
  c->add_option("--threads", o.machine.threads, "of a worker; 0: cores / workers");
  price_options(o.price);
  c->add_option("--seed", o.seed, "of the split, the search and the runs");
  split_options(o.shares);
  c->add_option("--output", o.output, "the run's folder: store, split, model, report")
      ->type_name("DIR");
  c->add_flag("--refit,!--no-refit", o.refit,
              "train the winner once more on training and validation photographs together, and "
              "keep that model (the default)");
  c->add_flag("--dry-run", o.dry_run, "print the plan and spend nothing");
}

void CommandLine::add_train() {
  auto& o =
      add<TrainOptions>("train", "one recipe, no tuning", &run_train,
                        "Example:\n  frugal train --data photos/ --weights resnet18.pth --epochs 5 "
                        "--set learning_rate=0.03");
  data_options(o.data, true);
  auto* c = current();
  recipe_option(o.recipe);
  c->add_option("--set", o.set, "KEY=VALUE of the recipe, as often as needed")
      ->type_name("KEY=VALUE");
  c->add_option("--weights", o.weights, "pretrained weights; none: from nothing")
      ->type_name("FILE");
  c->add_option("--network", o.network,
                "resnet18, 34, 50, 101, mobilenet_v2; default: read off the weights")
      ->type_name("NAME");
  c->add_option("--strategy", o.strategy, "fine-tune or features")
      ->check(CLI::IsMember({"fine-tune", "features"}));
  c->add_option("--augment", o.augment, kPolicyHelp)->type_name("POLICY");
  c->add_flag("--reproduce-leak", o.reproduce_leak,
              "train again with altered copies that leak into the judges, and price the leak");
  c->add_option("--resolution", o.resolution, "short side in pixels; 0: the recipe's");
  c->add_option("--epochs", o.epochs, "0: the recipe's");
  c->add_option("--budget", o.budget,
                "20m, 5usd: the size and the epochs of which one run takes so long");
  c->add_flag("--with-validation", o.with_validation,
              "learn from the validation photographs too: for a last run that decides nothing");
  price_options(o.price);
  c->add_option("--threads", o.threads, "0: every core");
  c->add_option("--seed", o.seed, "of the split and the run");
  split_options(o.shares);
  c->add_option("--output", o.output, "the run's folder: split, checkpoint, model")
      ->type_name("DIR");
  c->add_flag("--dry-run", o.dry_run, "print the recipe and train nothing");
}

void CommandLine::add_compare() {
  auto& o = add<CompareOptions>(
      "compare", "a declared study: arms at equal cost, over seeds", &run_compare,
      "Example:\n  frugal compare studies/stanford-cars-2020.yml --data cars/ --weights "
      "resnet18.pth --budget 20m\n\nWhat is given here overrules the file. Run again with the same "
      "--output, it goes on where it was.");
  describe_compare(*current(), o);
  price_options(o.price);
}

void CommandLine::add_advise() {
  auto& o = add<AdviseOptions>(
      "advise", "which strategy for this data, machine and budget, before it is spent", &run_advise,
      "Example:\n  frugal advise --data photos/ --weights resnet18.pth --budget 20m");
  describe_advise(*current(), o);
  price_options(o.price);
}

void CommandLine::add_evaluate() {
  auto& o = add<EvaluateOptions>("evaluate", "accuracy and the rest on a data set, with intervals",
                                 &run_evaluate, "Without --data, on the run's own test part.");
  auto* c = current();
  c->add_option("run", o.run, "folder that tune or train left")->type_name("RUN")->required();
  data_options(o.data, false);
  c->add_option("--threads", o.threads, "0: every core");
}

void CommandLine::add_predict() {
  auto& o = add<PredictOptions>("predict", "the likeliest classes of photographs", &run_predict);
  auto* c = current();
  c->add_option("run", o.run, "folder that tune or train left")->type_name("RUN")->required();
  c->add_option("images", o.images, "files and folders; - for a list of files on standard input")
      ->type_name("IMAGE")
      ->required();
  c->add_option("--top", o.top, "how many classes")->check(CLI::Range(1u, 1000u));
  c->add_option("--threads", o.threads, "0: every core");
}

void CommandLine::add_augment() {
  auto& o = add<AugmentOptions>(
      "augment", "preview a policy, export an augmented training set", &run_augment,
      "Example:\n"
      "  frugal augment --data photos/ --augment trivial\n"
      "  frugal augment --data photos/ --augment random_crop,hue:range=0.1,blur:probability=0.2 "
      "\\\n"
      "    --multiplier 4 --output augmented/\n\n"
      "Altered copies stay with their source in every split of ours: augmented.json beside them\n"
      "says which they are.");
  data_options(o.data, false);
  auto* c = current();
  c->add_option("--augment", o.augment, kPolicyHelp)->type_name("POLICY");
  c->add_option("--output", o.output, "folder for contact-sheet.png, measures.json, photographs/")
      ->type_name("DIR");
  c->add_option("--count", o.count, "photographs on the sheet")->check(CLI::Range(1u, 100u));
  c->add_option("--variants", o.variants, "of each photograph")->check(CLI::Range(1u, 100u));
  c->add_option("--resolution", o.resolution, "short side of what is shown, in pixels")
      ->check(CLI::Range(16u, 2048u));
  c->add_option("--multiplier", o.multiplier,
                "export the data with so many altered copies of each training photograph; 0: none")
      ->check(CLI::Range(0u, 1000u));
  c->add_option("--export-resolution", o.export_resolution,
                "short side of the copies, before a policy crops; 0: the photograph's own")
      ->check(CLI::Range(0u, 4096u));
  c->add_option("--seed", o.seed, "of the choice of photographs and of the variants");
  c->add_flag("--list", o.list, "print the named policies and every transform, with its ranges");
}

void CommandLine::add_check() {
  auto& o = add<CheckOptions>("check", "what is wrong with the data", &run_check);
  current()
      ->add_option("data", o.data.data, "image folder, CSV or Stanford Cars layout")
      ->type_name("DATA")
      ->required();
  current()
      ->add_option("--reader", o.data.reader, "folder, csv or stanford-cars")
      ->type_name("NAME");
  current()->add_flag("--strict", o.data.strict, "any broken photograph is an error");
}

void CommandLine::add_explain() {
  auto& o = add<ExplainOptions>("explain", "why: what a run's model relies on, by measurement",
                                &run_explain,
                                "Run again, it answers what is open and keeps what is answered.");
  data_options(o.data, false);
  describe(*current(), o);
}

void CommandLine::add_report() {
  auto& o =
      add<ReportOptions>("report", "what a run found, as HTML, JSON, Markdown or CSV", &run_report);
  auto* c = current();
  c->add_option("run", o.run,
                "folder that tune or compare left; one still running gives a report so far")
      ->type_name("RUN")
      ->required();
  c->add_option("--format", o.format, "html, json, md, csv")
      ->check(CLI::IsMember({"html", "json", "md", "csv"}));
  c->add_option("--output", o.output, "file; default: report.html in the run, else standard output")
      ->type_name("FILE");
}

void CommandLine::add_export() {
  auto& o = add<ExportOptions>("export", "the model's weights for other programs", &run_export);
  auto* c = current();
  c->add_option("run", o.run, "folder that tune or train left")->type_name("RUN")->required();
  c->add_option("--format", o.format, "pth or safetensors, with torchvision's names")
      ->check(CLI::IsMember({"pth", "safetensors"}));
  c->add_option("--output", o.output, "file; default: model.FORMAT here")->type_name("FILE");
}

void CommandLine::add_optimize() {
  auto& o = add<OptimizeOptions>(
      "optimize", "tunes any program: optimize -f EXPERIMENT.yml -- PROGRAM ...", &run_optimize,
      "Example:\n"
      "  frugal optimize --example > experiment.yml\n"
      "  frugal optimize -f experiment.yml -- python3 train.py --lr={lr} --layers {layers}\n\n"
      "The program finds its assignments in its words ({NAME}), in its environment\n"
      "(FRUGAL_PARAM_NAME) or in the JSON file {assignments_file}; {task}, {task_cost}, {trial},\n"
      "{seed}, {trial_folder} and {checkpoint_folder} are there too. It prints its metric on its\n"
      "last line: a number, or JSON such as {\"loss\": 0.25}.\n"
      "Run again with the same --output, it goes on where it was.");
  auto* c = current();
  c->add_option("-f,--file", o.file, "the experiment: parameters, metrics, tasks; YAML or JSON")
      ->type_name("FILE");
  c->add_option("--budget", o.budget,
                "40runs, 20m, 2h, 5usd; several: the first that is spent; default: the file's "
                "observation_budget");
  c->add_option("--workers", o.workers,
                "programs side by side; 0: the file's parallel_bandwidth, else 1")
      ->check(CLI::Range(0u, 1024u));
  add_launch_options(*c, o.launch);
  c->add_option("--metric-file", o.metric_file,
                "where the program writes its metric, may use {trial_folder}; default: its "
                "standard output")
      ->type_name("FILE");
  c->add_option("--metric-regex", o.metric_regex,
                "its first group is the metric; default: the last JSON line or number")
      ->type_name("REGEX");
  c->add_option("--timeout", o.timeout, "90s, 10m, 2h: a trial that takes longer has failed")
      ->type_name("TIME");
  c->add_option("--suggester", o.suggester, "multitask, random, sobol, ...; default: the file's");
  c->add_option("--seed", o.seed, "of the search; default: the file's");
  price_options(o.price);
  c->add_option("--output", o.output,
                "the run's folder: store, logs, trials; default: frugal-runs/ and the file's name")
      ->type_name("DIR");
  c->add_flag("--dry-run", o.dry_run, "print the plan and the first trials, and run nothing");
  c->add_flag("--example", o.example, "print an experiment file to begin with");
  program_words_ = &o.command;
}

void CommandLine::add_serve() {
  auto& o =
      add<ServeOptions>("serve", "the coordinator alone: the HTTP API for any program", &run_serve);
  auto* c = current();
  c->add_option("--port", o.port, "0: any free one")->check(CLI::Range(0, 65535));
  c->add_option("--host", o.host, "address to listen on");
  c->add_option("--token", o.token,
                "what clients must show; default: made and kept beside the store");
  c->add_option("--store", o.store, "SQLite file, or postgresql://USER@HOST:PORT/DATABASE")
      ->type_name("FILE|ADDRESS");
  c->add_option("--tls-certificate", o.tls_certificate, "PEM file: answer over TLS")
      ->type_name("FILE");
  c->add_option("--tls-key", o.tls_key, "PEM file of the certificate's key")->type_name("FILE");
  c->add_option("--allow-host", o.allow_host,
                "a name by which clients call this machine, as often as needed; addresses, "
                "localhost and the machine's own name are always allowed")
      ->type_name("NAME");
  c->add_option("--access-log", o.access_log,
                "a line of JSON for each request, to this file; - for standard error")
      ->type_name("FILE");
  c->add_option("--abandoned-after", o.abandoned_after,
                "suggestions and training runs that were not heard of for so long are given up; "
                "never: they are kept")
      ->type_name("TIME");
  c->add_option("--rate", o.rate, "requests a second of one token; 0: without a limit")
      ->check(CLI::NonNegativeNumber);
  c->add_option("--most-connections", o.most_connections,
                "beyond, the one that idled longest is closed")
      ->check(CLI::Range(1u, 1'000'000u));
}

void CommandLine::add_token() {
  auto& o =
      add<TokenOptions>("token", "makes, lists and revokes tokens of a server's store", &run_token,
                        "Example:\n  frugal token --read-only --experiment 3 --name dashboard\n\n"
                        "The token is told once and never kept. Works while the server runs, too.");
  auto* c = current();
  c->add_option("--store", o.store, "of frugal serve: SQLite file or postgresql://...")
      ->type_name("FILE|ADDRESS");
  c->add_flag("--read-only", o.read_only, "the token can only read");
  c->add_option("--experiment", o.experiment, "the only one that it sees; default: all")
      ->type_name("ID");
  c->add_option("--name", o.name, "what it is for");
  c->add_option("--expires-after", o.expires_after, "30d, 12h; default: never")->type_name("TIME");
  c->add_flag("--list", o.list, "list the tokens, without what they are");
  c->add_option("--revoke", o.revoke, "the token of this id is refused from now on")
      ->type_name("ID");
}

void CommandLine::add_worker() {
  auto& o =
      add<WorkerOptions>("worker", "works for a coordinator (the launchers start it)", &run_worker);
  auto* c = current();
  c->add_option("--coordinator", o.coordinator, "http://host:port")->type_name("URL")->required();
  c->add_option("--token-file", o.token_file, "file that holds the token")
      ->type_name("FILE")
      ->required();
  c->add_option("--experiment", o.experiment, "whose trials to take; default: any")
      ->type_name("ID");
  c->add_option("--name", o.name, "how the worker calls itself; default: host and process");
  c->add_option("--threads", o.threads, "of one trial")->check(CLI::Range(1u, 1024u));
  c->add_flag("--programs", o.programs,
              "run the programs that experiments name: whoever has the token can run any here");
  c->add_option("--leave-after", o.leave_after_seconds,
                "end after so many seconds without a trial; 0: stay")
      ->check(CLI::NonNegativeNumber);
  c->add_option("--parent", o.parent, "end when this process ends; 0: stay")->type_name("PID");
}

void CommandLine::add_cluster() {
  auto& o =
      add<ClusterOptions>("cluster", "where a run's workers are, and what they do", &run_cluster,
                          "Example:\n  frugal cluster status frugal-runs/tune\n"
                          "  frugal cluster logs frugal-runs/tune --trial 7");
  auto* c = current();
  c->add_option("what", o.what, "status or logs")
      ->type_name("WHAT")
      ->required()
      ->check(CLI::IsMember({"status", "logs"}));
  c->add_option("run", o.run, "folder of tune or optimize")->type_name("RUN")->required();
  c->add_option("--trial", o.trial, "of logs: what the worker wrote that had this trial last")
      ->type_name("ID");
}

void CommandLine::add_demo() {
  auto& o = add<DemoOptions>("demo", "draws its own photographs, then does the main job on them",
                             &run_demo);
  auto* c = current();
  c->add_option("--output", o.output, "folder for photographs, weights and the run")
      ->type_name("DIR");
  c->add_option("--budget", o.budget, "for the tuning");
  c->add_option("--seed", o.seed, "of everything that is drawn");
}

CommandLine::CommandLine() {
  app_.name("frugal");
  app_.require_subcommand(0, 1);
  app_.set_version_flag("--version", std::string("frugal ") + kVersion);
  app_.footer(
      "Start here:\n"
      "  frugal demo                                           two minutes on drawn photographs\n"
      "  frugal tune --data DIR --weights FILE --budget 20m    the real thing\n"
      "  frugal optimize -f FILE -- PROGRAM ...                any program of yours\n"
      "  frugal COMMAND --help                                 every option of a command");
  add_tune();
  add_train();
  add_compare();
  add_advise();
  add_evaluate();
  add_predict();
  add_augment();
  add_check();
  add_explain();
  add_report();
  add_export();
  add_optimize();
  add_serve();
  add_token();
  add_worker();
  add_cluster();
  add_demo();
}

// Puts the options of --config before the user's own.
std::vector<std::string> CommandLine::with_config(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return arguments;
  std::string path;
  std::vector<std::string> given;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("--")) continue;
    const std::size_t equals = arguments[i].find('=');
    given.push_back(arguments[i].substr(2, equals - 2));
    if (given.back() != "config") continue;
    if (equals != std::string::npos)
      path = arguments[i].substr(equals + 1);
    else if (i + 1 < arguments.size())
      path = arguments[i + 1];
  }
  if (path.empty()) return arguments;
  for (const auto& command : commands_) {
    if (command.app->get_name() != arguments[0]) continue;
    std::vector<KnownOption> known;
    for (const CLI::Option* option : command.app->get_options())
      if (!option->get_lnames().empty() && option->get_lnames()[0] != "help" &&
          option->get_lnames()[0] != "config")
        known.push_back({option->get_lnames()[0], option->get_expected_max() == 0});
    auto expanded = arguments_from_config(path, known, given);
    expanded.insert(expanded.begin(), arguments[0]);
    expanded.insert(expanded.end(), arguments.begin() + 1, arguments.end());
    return expanded;
  }
  return arguments;
}

// "unknown option --buget; did you mean --budget?" for what CLI11 could not place.
std::string CommandLine::unknown_words(const std::vector<std::string>& arguments) const {
  std::vector<std::string> known;
  if (!arguments.empty() && !arguments[0].starts_with("-")) {
    for (const auto& command : commands_) {
      known.push_back(command.app->get_name());
      if (command.app->get_name() != arguments[0]) continue;
      known.clear();
      for (const CLI::Option* option : command.app->get_options())
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
      break;
    }
  }
  for (const auto& argument : arguments) {
    const std::string word = argument.substr(0, argument.find('='));
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    if (!word.starts_with("--") && (known.empty() || known[0].starts_with("--"))) continue;
    const std::string near = nearest(word, known);
    const bool no_program = arguments[0] == "optimize" && program_words_->empty();
    return fmt::format(
        "unknown {} {}{}; {}", word.starts_with("-") ? "option" : "command", word,
        near.empty() ? "" : fmt::format("; did you mean {}?", near),
        no_program ? "the program and its options stand behind --" : "frugal --help lists them");
  }
  return "";
}

int CommandLine::execute(const Command& command) {
  try {
    Console console(*command.voice);
    return command.run(console);
  } catch (const Stopped& stopped) {
    print_error(*command.voice, stopped.what());
    return stop_signal() != 0 ? 128 + stop_signal() : kStopped;
  } catch (const Error& error) {
    print_error(*command.voice, error.what());
    return kCannot;
  } catch (const std::exception& defect) {
    print_error(*command.voice,
                fmt::format("a defect of ours, please report it: {}", defect.what()));
    return kDefect;
  }
}

int CommandLine::run(std::vector<std::string> arguments) {
  if (!arguments.empty() && arguments[0] == "optimize") {
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    if (dashes != arguments.end()) program_words_->assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }
  VoiceOptions voice;
  voice.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  try {
    arguments = with_config(arguments);
    auto reversed = arguments;
    std::reverse(reversed.begin(), reversed.end());
    app_.parse(reversed);
  } catch (const CLI::CallForHelp& help) {
    return app_.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app_.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app_.exit(version);
  } catch (const CLI::ExtrasError& error) {
    const std::string words = unknown_words(arguments);
    print_error(voice, words.empty() ? error.what() : words);
    return kCannot;
  } catch (const CLI::ParseError& error) {
    const std::string words = unknown_words(arguments);
    print_error(voice, !words.empty()
                           ? words
                           : fmt::format("{}; frugal {} --help lists the options", error.what(),
                                         arguments.empty() ? "" : arguments[0]));
    return kCannot;
  } catch (const Error& error) {
    print_error(voice, error.what());
    return kCannot;
  }
  for (const auto& command : commands_)
    if (command.app->parsed()) return execute(command);
  std::fputs(app_.help().c_str(), stdout);
  return 0;
}

}  // namespace

int run(int argc, const char* const* argv) {
  catch_stop_signals();
  return CommandLine().run(std::vector<std::string>(argv + 1, argv + argc));
}

}  // namespace frugal::cli
