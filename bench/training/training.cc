// Photographs a second of training, for each network and size: our steps (fine-tuning in fp32 and
// bf16, with the loader and its augmentation at work beside them; the frozen network's pass of
// "features"), beside plain_loop.py, a plain PyTorch loop, and beside the machine's arithmetic
// peak. Every measurement is a process of its own, so that its peak memory is its own, and the
// rounds are interleaved, so that other work on the machine slows all alike.
#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/progress.h"
#include "measure.h"
#include "product.h"
#include "vision/augment/policy.h"
#include "vision/data/check.h"
#include "vision/data/manifest.h"
#include "vision/draw/dataset.h"
#include "vision/engine/onednn_engine.h"
#include "vision/train/batch_loader.h"
#include "vision/train/compute.h"
#include "vision/train/data_parallel.h"

namespace frugal::bench {
namespace {

constexpr std::size_t kClasses = 196;  // of the head

struct Options {
  std::vector<std::string> networks = {"resnet18", "resnet50"};
  std::vector<std::string> sizes = {"224x224", "112x112"};
  std::vector<std::string> modes = {"plain", "fp32", "bf16", "features"};
  std::size_t batch = 32, rounds = 3;
  unsigned threads = 2;
  double seconds = 4;
  std::string python = "/usr/bin/python3", script = FRUGAL_PLAIN_LOOP;
  std::string folder;  // of drawn photographs
};

struct Measured {
  Sample rate;
  double peak_megabytes = 0;
  double waited_share = 0;  // of the steps' clock: until the loader had the batch
  double data_share = 0;    // of the steps' processor time: what making the batches takes
};

Json to_json(const Measured& m) {
  return {{"by_wall", m.rate.by_wall},
          {"by_cpu", m.rate.by_cpu},
          {"peak_megabytes", m.peak_megabytes},
          {"waited_share", m.waited_share},
          {"data_share", m.data_share}};
}

Measured measured_from_json(const Json& json) {
  return {{json.at("by_wall"), json.at("by_cpu")},
          json.at("peak_megabytes"),
          json.value("waited_share", 0.0),
          json.value("data_share", 0.0)};
}

// --- one measurement, in a process of its own ---

// As the fine-tuner takes its steps.
Measured fine_tune(const Options& options, const train::Recipe& recipe) {
  const train::Compute compute = train::compute_for(recipe.precision, "auto");
  const data::Size view{recipe.height, recipe.width};
  const std::filesystem::path folder = options.folder;
  const std::string manifest = folder / "dataset.json";
  const data::Dataset dataset =
      data::dataset_from_json(parse_json(read_file(manifest), manifest), manifest);
  SilentProgress silence;
  const auto photographs = data::PhotographCache::open_or_build(
      dataset, augment::canvas_for(view), {(folder / "cache").string()}, options.threads, silence);
  train::BatchSource source{
      .photographs = &photographs, .policy = augment::policy_named("crop-flip"), .view = view};
  for (std::size_t i = 0; i < dataset.photographs.size(); ++i) {
    source.indices.push_back(i);
    source.labels.push_back(static_cast<std::int64_t>(dataset.photographs[i].label));
  }
  train::BatchPlan plan(dataset.photographs.size(), recipe.batch(), 0);

  const auto network = train::make_pretrained(recipe, "", kClasses);
  std::vector<at::Tensor> parameters = network->backbone_parameters();
  for (const at::Tensor& parameter : network->head_parameters()) parameters.push_back(parameter);
  train::Sgd sgd(std::move(parameters));
  train::DataParallel parallel(*network, recipe, compute, options.threads);
  train::BatchLoader loader(source, plan, 0);
  double waited = 0;
  const auto step = [&] {
    const double before = wall_seconds();
    const train::Batch batch = loader.next();
    waited += wall_seconds() - before;
    parallel.pass(sgd, train::normalized(batch.pixels, view, compute),
                  at::tensor(at::ArrayRef<std::int64_t>(batch.labels)),
                  {.rate = 0.001, .momentum = 0.9, .weight_decay = 1e-4}, {});
  };
  step();  // what comes first is slower
  waited = 0;
  const double began = wall_seconds();
  Measured measured{.rate = rate_of(double(recipe.batch()), options.seconds, step)};
  measured.waited_share = waited / (wall_seconds() - began);
  measured.peak_megabytes = memory_megabytes("VmHWM:");

  // The batches alone, on this thread: with the loader's own waiting they hide in the steps above.
  const double cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  constexpr std::size_t kBatches = 5;
  for (std::size_t i = 0; i < kBatches; ++i) train::make_batch(source, plan, i);
  const double each = (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu) / kBatches;
  measured.data_share = each * measured.rate.by_cpu / double(recipe.batch());
  return measured;
}

// The pass that "features" makes once over all photographs.
Measured features(const Options& options, const train::Recipe& recipe) {
  const train::Compute compute = train::compute_for("bf16", "auto");
  const auto network = train::make_pretrained(recipe, "", kClasses);
  const std::size_t batch = 64, each = recipe.height * recipe.width * 3;
  const std::vector<std::uint8_t> pixels(batch * each, 127);
  const auto engine = engine::make_engine(*network, {.kind = compute.engine,
                                                     .precision = compute.features,
                                                     .view = {recipe.height, recipe.width},
                                                     .batch = batch,
                                                     .threads = options.threads});
  std::vector<float> rows(batch * engine->feature_count());
  engine->compute(pixels, rows);
  Measured measured{
      .rate = rate_of(double(batch), options.seconds, [&] { engine->compute(pixels, rows); })};
  measured.peak_megabytes = memory_megabytes("VmHWM:");
  return measured;
}

void run_one(const Options& options) {
  train::use_threads(options.threads);
  train::Recipe recipe = train::default_recipe(train::Strategy::kFineTune);
  recipe.network = options.networks.at(0);
  const data::Size size = size_named(options.sizes.at(0));
  recipe.height = size.height;
  recipe.width = size.width;
  for (recipe.batch_exponent = 0; recipe.batch() < options.batch;) ++recipe.batch_exponent;
  const std::string& mode = options.modes.at(0);
  recipe.precision = mode == "fp32" ? "fp32" : "bf16";
  const Measured measured =
      mode == "features" ? features(options, recipe) : fine_tune(options, recipe);
  std::cout << to_json(measured).dump() << "\n";
}

// --- all of them ---

Json output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw SystemError("cannot run " + command, errno);
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  if (::pclose(pipe) != 0) throw InputError("failed: " + command);
  return parse_json(text, command);
}

struct Run {
  std::string network, size, mode;
  Series series;
  std::vector<double> peaks, waits, data;
};

std::string command_of(const Options& options, const Run& run) {
  const data::Size size = size_named(run.size);
  if (run.mode == "plain")
    return fmt::format(
        "{} '{}' --network {} --height {} --width {} --batch {} --classes {} --threads {} "
        "--seconds {}",
        options.python, options.script, run.network, size.height, size.width, options.batch,
        kClasses, options.threads, options.seconds);
  return fmt::format(
      "'{}' one --networks {} --sizes {} --modes {} --batch {} --threads {} --seconds {} "
      "--folder '{}'",
      std::filesystem::read_symlink("/proc/self/exe").string(), run.network, run.size, run.mode,
      options.batch, options.threads, options.seconds, options.folder);
}

// Draws photographs, larger than any view, and hashes them once.
void draw(const Options& options) {
  const std::filesystem::path folder = options.folder;
  if (std::filesystem::exists(folder / "dataset.json")) return;
  SilentProgress silence;
  draw::draw_dataset({.classes = 8, .per_class = 32, .size = 288, .threads = options.threads},
                     folder / "photographs", silence);
  const auto checked = data::check(data::read_dataset(folder / "photographs"),
                                   {.threads = options.threads}, silence);
  write_file(folder / "dataset.json", data::to_json(checked.dataset).dump());
}

void print(const Options& options, const std::vector<Run>& runs,
           const std::map<std::string, Series>& peaks) {
  std::cout << "| peak | GFLOP/s | lowest to highest | a core second |\n|---|---|---|---|\n";
  for (const auto& [name, series] : peaks)
    std::cout << fmt::format("| {} | {:.0f} | {:.0f} to {:.0f} | {:.0f} |\n", name,
                             median(series.by_wall), lowest(series.by_wall),
                             highest(series.by_wall), median(series.by_cpu));
  std::cout << fmt::format(
      "\n{} threads, batch {}\n\n| network | size | mode | img/s | lowest to highest | img a core "
      "second | lowest to highest | times plain, by the clock | by the core | of the peak | waits "
      "for data | making data | peak MB |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      options.threads, options.batch);
  std::map<std::string, const Run*> plain;
  for (const Run& run : runs)
    if (run.mode == "plain") plain[run.network + run.size] = &run;
  for (const Run& run : runs) {
    const data::Size size = size_named(run.size);
    const bool trains = run.mode != "features";
    // Backward takes two products for each of forward's.
    const double gflop = model::network_named(run.network).forward_gflop_at_224 *
                         double(size.height * size.width) / (224.0 * 224.0) * (trains ? 3 : 1);
    const auto peak = peaks.find(run.mode == "plain" || run.mode == "fp32" ? "fp32" : "bf16");
    const auto base = plain.find(run.network + run.size);
    const bool compared = trains && run.mode != "plain" && base != plain.end();
    const bool loads = trains && run.mode != "plain";
    const auto ratio = [&](const std::vector<double> Series::*by) {
      return compared
                 ? fmt::format("{:.2f}", median(run.series.*by) / median(base->second->series.*by))
                 : "–";
    };
    std::cout << fmt::format(
        "| {} | {} | {} | {:.1f} | {:.1f} to {:.1f} | {:.1f} | {:.1f} to {:.1f} | {} | {} | {} | "
        "{} | {} | {:.0f} |\n",
        run.network, run.size, run.mode, median(run.series.by_wall), lowest(run.series.by_wall),
        highest(run.series.by_wall), median(run.series.by_cpu), lowest(run.series.by_cpu),
        highest(run.series.by_cpu), ratio(&Series::by_wall), ratio(&Series::by_cpu),
        peak == peaks.end() ? "–"
                            : fmt::format("{:.0f} %", 100 * gflop * median(run.series.by_cpu) /
                                                          median(peak->second.by_cpu)),
        loads ? fmt::format("{:.1f} %", 100 * median(run.waits)) : "–",
        loads ? fmt::format("{:.1f} %", 100 * median(run.data)) : "–", median(run.peaks));
  }
}

void run_all(Options options) {
  if (options.folder.empty())
    options.folder = std::filesystem::temp_directory_path() / "frugal-bench-training";
  draw(options);
  omp_set_num_threads(static_cast<int>(options.threads));
  std::vector<Run> runs;
  for (const std::string& network : options.networks)
    for (const std::string& size : options.sizes)
      for (const std::string& mode : options.modes)
        runs.push_back({network, size, mode, {}, {}, {}, {}});
  std::map<std::string, Series> peaks;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
      if (!engine::onednn_obstacle(precision).empty()) continue;
      Product product(precision);
      product.run();
      peaks[to_string(precision)].add(
          rate_of(Product::kGflop, std::min(options.seconds, 2.0), [&] { product.run(); }));
    }
    for (Run& run : runs) {
      std::cerr << fmt::format("round {}: {} {} {}\n", round + 1, run.network, run.size, run.mode);
      const Measured measured = measured_from_json(output_of(command_of(options, run)));
      run.series.add(measured.rate);
      run.peaks.push_back(measured.peak_megabytes);
      run.waits.push_back(measured.waited_share);
      run.data.push_back(measured.data_share);
    }
  }
  print(options, runs, peaks);
}

int run(int argc, char** argv) {
  CLI::App app("Training: photographs a second beside a plain PyTorch loop", "bench_training");
  Options options;
  app.require_subcommand(1);
  CLI::App* all = app.add_subcommand("all", "every network, size and mode, in interleaved rounds");
  CLI::App* one = app.add_subcommand("one", "one of each, as JSON: what `all` starts");
  all->add_option("--rounds", options.rounds)->check(CLI::Range(1, 100));
  all->add_option("--python", options.python, "one that has torch and torchvision");
  all->add_option("--script", options.script);
  for (CLI::App* command : {all, one}) {
    command->add_option("--networks", options.networks);
    command->add_option("--sizes", options.sizes, "HEIGHTxWIDTH");
    command->add_option("--modes", options.modes)
        ->check(CLI::IsMember({"plain", "fp32", "bf16", "features"}));
    command->add_option("--batch", options.batch, "a power of two")->check(CLI::Range(2, 256));
    command->add_option("--threads", options.threads)->check(CLI::Range(1, 1024));
    command->add_option("--seconds", options.seconds, "of each measurement in a round");
    command->add_option("--folder", options.folder, "of the drawn photographs and their cache");
  }
  CLI11_PARSE(app, argc, argv);
  *all ? run_all(options) : run_one(options);
  return 0;
}

}  // namespace
}  // namespace frugal::bench

int main(int argc, char** argv) try {
  return frugal::bench::run(argc, argv);
} catch (const frugal::Error& error) {
  std::cerr << error.what() << "\n";
  return 2;
}
