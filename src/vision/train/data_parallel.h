// Data parallelism in one process: the parts of a batch go through the network side by side, each
// on threads of its own. Two threads that share each small convolution wait for one another at
// every one of them; two that have half a batch each meet once a step (bench/training).
#pragma once

#include <barrier>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "vision/train/compute.h"

namespace frugal::train {

class DataParallel {
 public:
  // network: kept; its tensors keep their memory while this lives. On a processor a batch has as
  // many parts as there are threads, of 16 photographs at least, on other devices one. Batch norm
  // sees one part at a time (Hoffer et al. 2017), and its running statistics are the parts' means.
  DataParallel(model::Network& network, const Recipe& recipe, const Compute& compute,
               unsigned threads);
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  // As training_pass(). What a part throws is thrown here, and no gradient is left then.
  double pass(Sgd& sgd, const at::Tensor& images, const at::Tensor& labels,
              const SgdOptions& sgd_options, const PassOptions& options);

 private:
  struct Part {
    std::unique_ptr<model::Network> network;  // shares the memory of the parameters
    std::vector<at::Tensor> parameters, statistics;
    at::Tensor images, labels;
    double loss = 0;
    std::exception_ptr failure;
  };
  void work(Part& part, unsigned threads);
  double side_by_side(const at::Tensor& images, const at::Tensor& labels,
                      const PassOptions& options);
  void gather();
  void drop_gradients();

  model::Network& network_;
  const Recipe recipe_;
  const Compute compute_;
  std::vector<at::Tensor> parameters_, statistics_;  // of network_
  std::vector<Part> parts_;                          // none: network_ itself takes the whole batch
  std::size_t batch_ = 0;
  PassOptions options_;
  bool stop_ = false;
  std::unique_ptr<std::barrier<>> begin_, end_;
  std::vector<std::jthread> threads_;
};

}  // namespace frugal::train
