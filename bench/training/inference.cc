// Photographs a second through frozen networks, engine by engine and precision by precision, beside
// the machine's arithmetic peak: oneDNN's product of two matrices of 4096 × 4096, in the same
// rounds, so that other work on the machine slows both alike. And what precision costs on real
// photographs: cosines with LibTorch's features in fp32, and the accuracy of a ridge head.
#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/random.h"
#include "measure.h"
#include "product.h"
#include "vision/augment/policy.h"
#include "vision/data/image.h"
#include "vision/engine/agreement.h"
#include "vision/engine/engine.h"
#include "vision/engine/onednn_engine.h"
#include "vision/train/evaluation.h"
#include "vision/train/ridge.h"

namespace frugal::bench {
namespace {

using engine::Kind;
using engine::Precision;

struct Variant {
  Kind kind;
  Precision precision;
  std::string name() const { return to_string(kind) + " " + to_string(precision); }
};

// Those that this processor has the instructions for. The first is the reference.
std::vector<Variant> variants() {
  std::vector<Variant> result;
  for (const Kind kind : {Kind::kLibTorch, Kind::kOneDnn})
    for (const Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kInt8})
      if (engine::onednn_obstacle(precision).empty() &&
          (kind == Kind::kOneDnn || precision != Precision::kInt8))
        result.push_back({kind, precision});
  return result;
}

struct Options {
  std::vector<std::string> networks = {"resnet18", "resnet50"};
  std::vector<std::string> sizes = {"224x224", "112x112", "64x80"};
  std::string only;
  std::size_t batch = 32, repeats = 5;
  unsigned threads = 2;
  double seconds = 0.3;
  std::string data, weights, size = "112x144";
  std::size_t count = 1200;
};

struct Run {
  std::string network;
  data::Size view;
  Variant variant;
  std::unique_ptr<model::Network> weights;
  std::unique_ptr<engine::InferenceEngine> engine;
  double made_in_seconds = 0;
  double peak_megabytes = 0;  // of making it and of its first batch
  Series series;
};

std::vector<std::uint8_t> noise(std::size_t bytes) {
  RandomStream random(1);
  std::vector<std::uint8_t> pixels(bytes);
  for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(random.bits());
  return pixels;
}

void run_speed(const Options& options) {
  const auto pixels = noise(options.batch * 224 * 224 * 3);
  omp_set_num_threads(static_cast<int>(options.threads));
  std::vector<Run> runs;
  for (const std::string& network : options.networks)
    for (const std::string& size : options.sizes)
      for (const Variant& variant : variants()) {
        if (variant.name().find(options.only) == std::string::npos) continue;
        Run run{network, size_named(size), variant, {}, {}};
        run.weights = model::make_network(model::network_named(network), 10, 1);
        if (variant.kind == Kind::kLibTorch) run.weights->to_channels_last();
        const std::size_t each = run.view.height * run.view.width * 3;
        forget_peak_memory();
        const double before = memory_megabytes("VmRSS:"), start = wall_seconds();
        run.engine =
            engine::make_engine(*run.weights, {.kind = variant.kind,
                                               .precision = variant.precision,
                                               .view = run.view,
                                               .batch = options.batch,
                                               .threads = options.threads,
                                               .calibration = std::span(pixels).first(4 * each)});
        run.made_in_seconds = wall_seconds() - start;
        std::vector<float> features(options.batch * run.engine->feature_count());
        run.engine->compute(std::span(pixels).first(options.batch * each), features);
        run.peak_megabytes = memory_megabytes("VmHWM:") - before;
        runs.push_back(std::move(run));
      }
  std::vector<Precision> precisions;
  for (const Variant& variant : variants())
    if (variant.kind == Kind::kOneDnn) precisions.push_back(variant.precision);
  std::vector<Product> products(precisions.begin(), precisions.end());
  std::vector<Series> peaks(precisions.size());
  for (Product& product : products) product.run();  // what comes first is slower
  for (std::size_t round = 0; round < options.repeats; ++round) {
    for (std::size_t i = 0; i < products.size(); ++i)
      peaks[i].add(rate_of(Product::kGflop, options.seconds, [&] { products[i].run(); }));
    for (Run& run : runs) {
      const std::size_t each = run.view.height * run.view.width * 3;
      std::vector<float> features(options.batch * run.engine->feature_count());
      run.series.add(rate_of(double(options.batch), options.seconds, [&] {
        run.engine->compute(std::span(pixels).first(options.batch * each), features);
      }));
    }
  }

  std::cout << "| peak | GFLOP/s | lowest to highest | a core second |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i < precisions.size(); ++i)
    std::cout << fmt::format("| {} | {:.0f} | {:.0f} to {:.0f} | {:.0f} |\n",
                             to_string(precisions[i]), median(peaks[i].by_wall),
                             lowest(peaks[i].by_wall), highest(peaks[i].by_wall),
                             median(peaks[i].by_cpu));
  std::cout << "\n| network | size | engine | img/s | lowest to highest | of the peak | img a core "
               "second | of the peak | made in ms | kept MB | peak MB |\n"
               "|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Run& run : runs) {
    const double gflop = run.weights->spec().forward_gflop_at_224 *
                         double(run.view.height * run.view.width) / (224.0 * 224.0);
    const auto row = std::find(precisions.begin(), precisions.end(), run.variant.precision);
    const Series& peak = peaks[static_cast<std::size_t>(row - precisions.begin())];
    const Series& series = run.series;
    std::cout << fmt::format(
        "| {} | {} x {} | {} | {:.1f} | {:.1f} to {:.1f} | {:.0f} % | {:.1f} | {:.0f} % | {:.0f} | "
        "{} | {:.0f} |\n",
        run.network, run.view.height, run.view.width, run.variant.name(), median(series.by_wall),
        lowest(series.by_wall), highest(series.by_wall),
        100 * gflop * median(series.by_wall) / median(peak.by_wall), median(series.by_cpu),
        100 * gflop * median(series.by_cpu) / median(peak.by_cpu), 1e3 * run.made_in_seconds,
        run.engine->memory_bytes() >> 20, run.peak_megabytes);
  }
}

// Every k-th photograph, so that all classes are there.
data::Dataset sample_of(const data::Dataset& dataset, std::size_t count) {
  data::Dataset result = dataset;
  result.photographs.clear();
  const std::size_t step = std::max<std::size_t>(dataset.photographs.size() / count, 1);
  for (std::size_t i = 0; i < dataset.photographs.size() && result.photographs.size() < count;
       i += step)
    result.photographs.push_back(dataset.photographs[i]);
  return result;
}

void run_loss(const Options& options) {
  const data::Dataset dataset = sample_of(data::read_dataset(options.data), options.count);
  const data::Size view = size_named(options.size), canvas = augment::canvas_for(view);
  const std::size_t each = view.height * view.width * 3, n = dataset.photographs.size();
  std::vector<std::uint8_t> pixels(n * each);
  std::vector<std::size_t> labels;
  for (std::size_t i = 0; i < n; ++i) {
    const data::Image image =
        data::resize_and_center_crop(data::read_image(dataset.photographs[i].path), canvas);
    augment::center(image.pixels, canvas, view, std::span(pixels).subspan(i * each, each));
    labels.push_back(dataset.photographs[i].label);
  }
  const model::StateDict state = model::read_weights(options.weights);
  const auto network = model::make_network(model::recognize_network(state, options.weights), 10, 1);
  network->load(state, options.weights, /*keep_head=*/false);
  network->to_channels_last();
  const std::size_t feature_count = network->spec().feature_count;
  std::vector<float> reference;
  std::cout << fmt::format(
      "{}, {} photographs at {} x {}; head: ridge, judged on each photograph "
      "without it\n\n| engine | mean cosine | lowest cosine | accuracy |\n"
      "|---|---|---|---|\n",
      network->spec().name, n, view.height, view.width);
  for (const Variant& variant : variants()) {
    if (!reference.empty() && variant.name().find(options.only) == std::string::npos) continue;
    const auto made = engine::make_engine(
        *network, {.kind = variant.kind,
                   .precision = variant.precision,
                   .view = view,
                   .batch = n,
                   .threads = options.threads,
                   .calibration = std::span(pixels).first(std::min<std::size_t>(n, 200) * each)});
    std::vector<float> features(n * feature_count);
    made->compute(pixels, features);
    if (reference.empty()) reference = features;
    const engine::Agreement found = engine::agreement(features, reference, feature_count);
    train::FeatureRows rows{{}, feature_count};
    for (std::size_t i = 0; i < n; ++i) rows.rows.push_back(features.data() + i * feature_count);
    const double accuracy =
        train::fit_ridge(rows, labels, dataset.classes.size()).left_out_accuracy;
    std::cout << fmt::format("| {} | {:.6f} | {:.6f} | {:.1f} % |\n", variant.name(),
                             found.mean_cosine, found.lowest_cosine, 100 * accuracy);
  }
}

int run(int argc, char** argv) {
  CLI::App app("Frozen networks: how fast, and what precision costs", "bench_inference");
  Options options;
  app.require_subcommand(1);
  CLI::App* speed = app.add_subcommand("speed", "photographs a second beside the arithmetic peak");
  speed->add_option("--networks", options.networks);
  speed->add_option("--sizes", options.sizes, "HEIGHTxWIDTH, 224x224 at most");
  speed->add_option("--batch", options.batch);
  speed->add_option("--repeats", options.repeats);
  speed->add_option("--seconds", options.seconds, "of each measurement in a round");
  CLI::App* loss = app.add_subcommand("loss", "what precision costs on real photographs");
  loss->add_option("--data", options.data)->required();
  loss->add_option("--weights", options.weights)->required();
  loss->add_option("--size", options.size);
  loss->add_option("--count", options.count);
  for (CLI::App* command : {speed, loss}) {
    command->add_option("--threads", options.threads);
    command->add_option("--only", options.only, "variants with this in their name: \"onednn\"");
  }
  CLI11_PARSE(app, argc, argv);
  *speed ? run_speed(options) : run_loss(options);
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
