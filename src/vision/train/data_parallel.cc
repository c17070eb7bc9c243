#include "vision/train/data_parallel.h"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "vision/train/trained_parameters.h"

namespace frugal::train {
namespace {

constexpr std::size_t kFewestTogether = 16;  // for batch norm's statistics

std::size_t parts_of(const Recipe& recipe, const Compute& compute, unsigned threads) {
  if (!compute.device.is_cpu()) return 1;
  return std::clamp<std::size_t>(recipe.batch() / kFewestTogether, 1, std::max(threads, 1u));
}

// Batch norm's running means and variances.
std::vector<at::Tensor> statistics_of(const model::Network& network) {
  std::vector<at::Tensor> statistics;
  for (const auto& [name, tensor] : network.state())
    if (name.ends_with("running_mean") || name.ends_with("running_var"))
      statistics.push_back(tensor);
  return statistics;
}

}  // namespace

DataParallel::DataParallel(model::Network& network, const Recipe& recipe, const Compute& compute,
                           unsigned threads)
    : network_(network),
      recipe_(recipe),
      compute_(compute),
      parameters_(trained_parameters(network, recipe)),
      statistics_(statistics_of(network)) {
  const std::size_t count = parts_of(recipe, compute, threads);
  if (count == 1) return;
  for (std::size_t i = 0; i < count; ++i) {
    Part& part = parts_.emplace_back();
    part.network = network.twin();
    part.parameters = trained_parameters(*part.network, recipe);
    part.statistics = statistics_of(*part.network);
  }
  begin_ = std::make_unique<std::barrier<>>(static_cast<std::ptrdiff_t>(count + 1));
  end_ = std::make_unique<std::barrier<>>(static_cast<std::ptrdiff_t>(count + 1));
  for (Part& part : parts_)
    threads_.emplace_back([&, each = threads / static_cast<unsigned>(count)] { work(part, each); });
}

DataParallel::~DataParallel() {
  stop_ = true;
  if (begin_) begin_->arrive_and_wait();
}

void DataParallel::work(Part& part, unsigned threads) {
  use_threads(threads);
  while (true) {
    begin_->arrive_and_wait();
    if (stop_) return;
    try {
      const double share = static_cast<double>(part.images.size(0)) / static_cast<double>(batch_);
      part.loss =
          accumulate_gradients(*part.network, part.images, part.labels, share, compute_, options_);
    } catch (...) {  // handed to the thread that waits for all parts
      part.failure = std::current_exception();
    }
    end_->arrive_and_wait();
  }
}

double DataParallel::pass(Sgd& sgd, const at::Tensor& images, const at::Tensor& labels,
                          const SgdOptions& sgd_options, const PassOptions& options) try {
  const bool whole =
      parts_.empty() || images.size(0) < 2 * static_cast<std::int64_t>(parts_.size());
  const double loss = whole ? accumulate_gradients(network_, images, labels, 1, compute_, options)
                            : side_by_side(images, labels, options);
  sgd.step(sgd_options);
  return loss;
} catch (...) {
  drop_gradients();
  throw;
}

// Leaves the network with the sum of the parts' gradients and the mean of their statistics.
double DataParallel::side_by_side(const at::Tensor& images, const at::Tensor& labels,
                                  const PassOptions& options) {
  const auto n = images.size(0), count = static_cast<std::int64_t>(parts_.size());
  batch_ = static_cast<std::size_t>(n);
  options_ = options;
  for (std::int64_t i = 0; i < count; ++i) {
    Part& part = parts_[static_cast<std::size_t>(i)];
    part.images = images.slice(0, n * i / count, n * (i + 1) / count);
    part.labels = labels.slice(0, n * i / count, n * (i + 1) / count);
    part.failure = nullptr;
    const at::NoGradGuard no_grad;
    for (std::size_t j = 0; j < statistics_.size(); ++j) part.statistics[j].copy_(statistics_[j]);
  }
  begin_->arrive_and_wait();
  end_->arrive_and_wait();
  double loss = 0;
  for (const Part& part : parts_) {
    if (part.failure) std::rethrow_exception(part.failure);
    loss += part.loss;
  }
  gather();
  return loss;
}

void DataParallel::gather() {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor sum = parts_.front().parameters[i].grad();
    for (std::size_t p = 1; p < parts_.size(); ++p) sum.add_(parts_[p].parameters[i].grad());
    parameters_[i].mutable_grad() = sum;
    for (Part& part : parts_) part.parameters[i].mutable_grad().reset();
  }
  for (std::size_t i = 0; i < statistics_.size(); ++i) {
    statistics_[i].copy_(parts_.front().statistics[i]);
    for (std::size_t p = 1; p < parts_.size(); ++p) statistics_[i].add_(parts_[p].statistics[i]);
    statistics_[i].div_(static_cast<double>(parts_.size()));
  }
}

void DataParallel::drop_gradients() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
  for (Part& part : parts_)
    for (at::Tensor& parameter : part.parameters) parameter.mutable_grad().reset();
}

}  // namespace frugal::train
