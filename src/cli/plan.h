// The plan: which resolution and how many epochs the full task gets, so that the budget holds
// enough full runs to tune with. Made from a few seconds of measuring, before anything is spent.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "vision/train/recipe.h"
#include "vision/train/train.h"

namespace frugal::cli {

// How a task is cheaper than the full one: by fewer epochs, by fewer pixels, or by layers that stay
// frozen, what they give being computed once. Where that is not enough, by fewer epochs too.
enum class TaskBy { kEpochs, kResolution, kDepth };
TaskBy task_by_named(const std::string& name);  // "epochs", "resolution", "depth"; or InputError

struct PlanRequest {
  train::Recipe recipe;  // what is to be tuned; its size and epochs are chosen
  std::size_t training_photographs = 0;
  std::size_t validation_photographs = 0;
  std::size_t all_photographs = 0;
  double aspect = 1;                    // the median photograph's width / height
  std::size_t short_side_pixels = 224;  // the median photograph's
  unsigned workers = 1;
  double budget_seconds = 0;  // wall-clock, for this strategy; infinite when there is no such bound
  double budget_runs = std::numeric_limits<double>::infinity();  // likewise, full-task costs
  unsigned resolution = 0;                                       // given by the user; 0: choose
  double epochs = 0;                                             // likewise
  unsigned seeds = 3;                                            // fresh ones, at most
  TaskBy task_by = TaskBy::kResolution;
  bool refit = true;   // set kLastShare aside
  bool judged = true;  // on the validation photographs, after each epoch
};

// A cheaper run that tells of the full one.
struct PlannedTask {
  std::string name;
  double cost = 1;                // of a full run, forecast
  Json changes = Json::object();  // of the recipe
};

struct Plan {
  train::Recipe recipe;
  std::vector<PlannedTask> tasks;  // the cheapest first, the full one last
  double preparation_seconds = 0;  // decoding, features
  double full_run_seconds = 0;     // of one worker
  double judged_per_second = 1;    // photographs of the test part, all cores together
  double full_runs = 0;            // that the budget holds, all workers together
  unsigned seeds = 1;              // fresh ones that winner and untuned recipe are run on
  bool search = true;              // else the budget holds a single run, by one worker on all cores
};

// workers × recipe -> speed of one worker while all work side by side.
using MeasureSpeed = std::function<train::Speed(const train::Recipe&)>;

// A budget is to hold this many full runs at least: the untuned one, the search, the winner's. Few
// long runs beat many short ones as long as a run has not converged; a budget that holds more of
// those that have spends the rest on the search.
inline constexpr double kFullRuns = 6;
// A search is worth it when each of them learns something: so many epochs at least, on views of so
// many pixels at least. Below that, one long run of the untuned recipe is worth more.
inline constexpr double kFewestEpochs = 4;
inline constexpr std::size_t kLowestSearched = 64;
// A run by itself rather has so many epochs than more pixels.
inline constexpr double kFewestEpochsAlone = 6;
// Of a budget for fine-tuning, for the winner's last and longest run.
inline constexpr double kLastShare = 0.45;

// Throws InputError when the budget does not hold a run of one epoch at the lowest resolution,
// saying what would. measure_alone: of one worker on all cores.
Plan make_plan(const PlanRequest& request, const MeasureSpeed& measure_speed,
               const MeasureSpeed& measure_alone);

// The size and the epochs of a run of so many seconds by one worker on all cores. request: its
// recipe is the run's, its photographs too. The run itself is to watch the clock
// (train::TrainOptions::allowed_seconds): its epochs are what is expected of it.
train::Recipe plan_last_run(const PlanRequest& request, double seconds,
                            const MeasureSpeed& measure_speed);

// Width in pixels of the view for that height: the photographs' own aspect (between 3:4 and
// 3:2), a multiple of 16.
std::size_t view_width(std::size_t height, double aspect);

Json to_json(const Plan& plan);
Plan plan_from_json(const Json& json);  // what to_json wrote

}  // namespace frugal::cli
