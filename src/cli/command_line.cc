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
#include "cli/describe.h"
#include "cli/signals.h"

namespace frugal::cli {
namespace {

constexpr const char* kVersion = "0.1.0";
constexpr int kDefect = 1;
constexpr int kCannot = 2;
constexpr int kStopped = 3;

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

  void add_commands();

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
  describe(*command, *options);
  commands_.push_back({command, &options->voice, [options, function](Console& console) {
                         return function(*options, console);
                       }});
  return *options;
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
  add_commands();
}

void CommandLine::add_commands() {
  add<TuneOptions>("tune",
                   "photographs, weights and a budget in; a model, an answer and a report out",
                   &run_tune,
                   "Example:\n  frugal tune --data photos/ --weights resnet18.pth --budget 20m\n\n"
                   "Run again with the same --output, it goes on where it was.");
  add<TrainOptions>("train", "one recipe, no tuning", &run_train,
                    "Example:\n  frugal train --data photos/ --weights resnet18.pth --epochs 5 "
                    "--set learning_rate=0.03");
  add<CompareOptions>(
      "compare", "a declared study: arms at equal cost, over seeds", &run_compare,
      "Example:\n  frugal compare studies/stanford-cars-2020.yml --data cars/ --weights "
      "resnet18.pth --budget 20m\n\nWhat is given here overrules the file. Run again with the same "
      "--output, it goes on where it was.");
  add<AdviseOptions>(
      "advise", "which strategy for this data, machine and budget, before it is spent", &run_advise,
      "Example:\n  frugal advise --data photos/ --weights resnet18.pth --budget 20m");
  add<EvaluateOptions>("evaluate", "accuracy and the rest on a data set, with intervals",
                       &run_evaluate, "Without --data, on the run's own test part.");
  add<PredictOptions>("predict", "the likeliest classes of photographs", &run_predict);
  add<AugmentOptions>(
      "augment", "preview a policy, export an augmented training set", &run_augment,
      "Example:\n"
      "  frugal augment --data photos/ --augment trivial\n"
      "  frugal augment --data photos/ --augment random_crop,hue:range=0.1,blur:probability=0.2 "
      "\\\n"
      "    --multiplier 4 --output augmented/\n\n"
      "Altered copies stay with their source in every split of ours: augmented.json beside them\n"
      "says which they are.");
  add<CheckOptions>("check", "what is wrong with the data", &run_check);
  add<ExplainOptions>("explain", "why: what a run's model relies on, by measurement", &run_explain,
                      "Run again, it answers what is open and keeps what is answered.");
  add<ReportOptions>("report", "what a run found, as HTML, JSON, Markdown or CSV", &run_report);
  add<ExportOptions>("export", "the model's weights for other programs", &run_export);
  program_words_ =
      &add<OptimizeOptions>(
           "optimize", "tunes any program: optimize -f EXPERIMENT.yml -- PROGRAM ...",
           &run_optimize,
           "Example:\n"
           "  frugal optimize --example > experiment.yml\n"
           "  frugal optimize -f experiment.yml -- python3 train.py --lr={lr} --layers {layers}\n\n"
           "The program finds its assignments in its words ({NAME}), in its environment\n"
           "(FRUGAL_PARAM_NAME) or in the JSON file {assignments_file}; {task}, {task_cost}, "
           "{trial},\n"
           "{seed}, {trial_folder} and {checkpoint_folder} are there too. It prints its metric on "
           "its\n"
           "last line: a number, or JSON such as {\"loss\": 0.25}.\n"
           "Run again with the same --output, it goes on where it was.")
           .command;
  add<ServeOptions>("serve", "the coordinator alone: the HTTP API for any program", &run_serve);
  add<TokenOptions>("token", "makes, lists and revokes tokens of a server's store", &run_token,
                    "Example:\n  frugal token --read-only --experiment 3 --name dashboard\n\n"
                    "The token is told once and never kept. Works while the server runs, too.");
  add<WorkerOptions>("worker", "works for a coordinator (the launchers start it)", &run_worker);
  add<ClusterOptions>("cluster", "where a run's workers are, and what they do", &run_cluster,
                      "Example:\n  frugal cluster status frugal-runs/tune\n"
                      "  frugal cluster logs frugal-runs/tune --trial 7");
  add<DemoOptions>("demo", "draws its own photographs, then does the main job on them", &run_demo);
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
