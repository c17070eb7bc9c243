#include "report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/numbers.h"
#include "report/svg_plot.h"

namespace frugal::report {
namespace {

constexpr std::size_t kCurves = 6;

bool is_done(const Trial& trial) {
  return trial.state == "done" && trial.value.has_value();
}

// One colour for each strategy, in the order in which they appear.
class Colours {
 public:
  explicit Colours(const Answer& answer) {
    for (const Arm& arm : answer.arms) add(arm.strategy);
    for (const Trial& trial : answer.trials) add(trial.strategy);
  }
  std::size_t of(const std::string& strategy) const { return colours_.at(strategy); }
  const std::map<std::string, std::size_t>& all() const { return colours_; }

 private:
  void add(const std::string& strategy) { colours_.emplace(strategy, colours_.size() % kColours); }
  std::map<std::string, std::size_t> colours_;
};

double minutes_at_end(const Trial& trial) {
  return (trial.started_seconds + trial.seconds) / 60;
}

// The trials of one strategy on the judged task, in the order in which they ended.
std::vector<const Trial*> judged_trials(const Answer& answer, const std::string& strategy) {
  const std::string task = judged_task(answer);
  std::vector<const Trial*> trials;
  for (const Trial& trial : answer.trials)
    if (is_done(trial) && trial.strategy == strategy && trial.task == task)
      trials.push_back(&trial);
  std::stable_sort(trials.begin(), trials.end(), [](const Trial* a, const Trial* b) {
    return minutes_at_end(*a) < minutes_at_end(*b);
  });
  return trials;
}

// Leaves out single trials that would press the lines into a corner.
void leave_out_low_marks(Plot& plot) {
  double low = INFINITY, high = -INFINITY;
  for (const Series& series : plot.series)
    for (const PlotPoint& p : series.points)
      if (!series.marks) {
        low = std::min(low, p.y);
        high = std::max(high, p.y);
      }
  const double floor = low - std::max(0.05, high - low);
  for (Series& series : plot.series)
    if (series.marks) std::erase_if(series.points, [&](const PlotPoint& p) { return p.y < floor; });
}

void add_search(Plot& plot, const Answer& answer, const std::string& strategy, std::size_t colour,
                double end_minutes) {
  Series each{.label = "",
              .points = {},
              .colour = colour,
              .join = Series::Join::kNone,
              .marks = true,
              .faint = true};
  Series best{.label = strategy, .points = {}, .colour = colour, .join = Series::Join::kSteps};
  for (const Trial* trial : judged_trials(answer, strategy)) {
    const double minutes = minutes_at_end(*trial);
    each.points.push_back({.x = minutes,
                           .y = *trial->value,
                           .title = fmt::format("trial {}, {}: {} %", trial->id, strategy,
                                                percent_text(*trial->value))});
    const double so_far = best.points.empty() ? 0 : best.points.back().y;
    if (best.points.empty() || *trial->value > so_far)
      best.points.push_back({.x = minutes, .y = *trial->value, .title = ""});
  }
  if (best.points.empty()) return;
  best.points.push_back({.x = end_minutes, .y = best.points.back().y, .title = ""});
  plot.description +=
      fmt::format("{}: {} % after {} on this task. ", strategy, percent_text(best.points.back().y),
                  plural(each.points.size(), "trial"));
  plot.series.push_back(std::move(each));
  plot.series.push_back(std::move(best));
}

Plot curves_plot(const char* id, const char* title, const char* y_label) {
  return {.id = id,
          .title = title,
          .description = "",
          .x_label = "Epochs",
          .y_label = y_label,
          .width = 440,
          .height = 300,
          .series = {}};
}

}  // namespace

std::string judged_task(const Answer& answer) {
  const Trial* best = nullptr;
  for (const Trial& trial : answer.trials)
    if (is_done(trial) && (best == nullptr || trial.cost > best->cost)) best = &trial;
  return best == nullptr ? "" : best->task;
}

std::string search_figure(const Answer& answer, const Summary& summary) {
  if (judged_task(answer).empty()) return "";
  Plot plot{.id = "plot-search",
            .title = "Best validation accuracy so far",
            .description = "",
            .x_label = "Minutes since the start",
            .y_label = "Validation accuracy, %",
            .percent_y = true,
            .series = {}};
  double end_minutes = 0;
  for (const Trial& trial : answer.trials)
    if (is_done(trial)) end_minutes = std::max(end_minutes, minutes_at_end(trial));
  const Colours colours(answer);
  for (const Row& row : summary.rows) {
    const Arm& arm = answer.arms[row.arm];
    if (arm.tuned || !row.validation) continue;
    const double y = row.validation->value;
    plot.series.push_back(
        {.label = arm.strategy + ", untuned",
         .points = {{.x = 0, .y = y, .title = ""}, {.x = end_minutes, .y = y, .title = ""}},
         .colour = colours.of(arm.strategy),
         .dashed = true});
    plot.description += fmt::format("{}: {} %. ", row.name, percent_text(y));
  }
  for (const auto& [strategy, colour] : colours.all())
    add_search(plot, answer, strategy, colour, end_minutes);
  leave_out_low_marks(plot);
  return to_svg(plot);
}

std::string tradeoff_figure(const Answer& answer, const Summary& summary) {
  const bool priced = answer.price_per_hour > 0;
  Plot plot{.id = "plot-cost",
            .title = "Test accuracy against cost",
            .description = "",
            .x_label = priced ? "Dollars" : "Minutes of search and runs",
            .y_label = "Test accuracy, %",
            .percent_y = true,
            .labels_at_end = false,
            .series = {}};
  const Colours colours(answer);
  double least = INFINITY, most = 0;
  for (const Row& row : summary.rows) {
    const Arm& arm = answer.arms[row.arm];
    if (!row.test) continue;
    const double seconds = arm.search_seconds + arm.run_seconds * static_cast<double>(row.seeds);
    const double cost = priced ? arm.dollars : seconds / 60;
    least = std::min(least, cost);
    most = std::max(most, cost);
    const std::string title =
        fmt::format("{}: {} % ({} %) for {}", row.name, percent_text(row.test->value),
                    percent_text(*row.test->interval),
                    priced ? dollars_text(cost) + " dollars" : minutes_text(seconds) + " minutes");
    plot.series.push_back({.label = row.name,
                           .points = {{.x = cost,
                                       .y = row.test->value,
                                       .low = row.test->interval->low,
                                       .high = row.test->interval->high,
                                       .title = title}},
                           .colour = colours.of(arm.strategy),
                           .join = Series::Join::kNone,
                           .marks = true,
                           .hollow = !arm.tuned});
    plot.description += title + ". ";
  }
  plot.log_x = least > 0 && most / least > 20;
  return to_svg(plot);
}

std::string curves_figure(const Answer& answer) {
  std::vector<const Trial*> best;
  for (const Trial& trial : answer.trials)
    if (is_done(trial) && trial.history.size() > 1) best.push_back(&trial);
  std::stable_sort(best.begin(), best.end(),
                   [](const Trial* a, const Trial* b) { return *a->value > *b->value; });
  if (best.size() > kCurves) best.resize(kCurves);
  Plot accuracy = curves_plot("plot-curve-accuracy", "Validation accuracy while training",
                              "Validation accuracy, %");
  Plot loss = curves_plot("plot-curve-loss", "Training loss while training", "Training loss");
  accuracy.percent_y = true;
  const Colours colours(answer);
  for (std::size_t i = 0; i < best.size(); ++i) {
    const Series series{.label = fmt::format("trial {}", best[i]->id),
                        .points = {},
                        .colour = colours.of(best[i]->strategy),
                        .faint = i > 0};
    accuracy.series.push_back(series);
    loss.series.push_back(series);
    for (const Evaluation& evaluation : best[i]->history) {
      accuracy.series.back().points.push_back(
          {.x = evaluation.epochs, .y = evaluation.validation_accuracy, .title = ""});
      loss.series.back().points.push_back(
          {.x = evaluation.epochs, .y = evaluation.training_loss, .title = ""});
    }
    const Evaluation& last = best[i]->history.back();
    accuracy.description += fmt::format("Trial {} ends at {} % after {:.3g} epochs. ", best[i]->id,
                                        percent_text(last.validation_accuracy), last.epochs);
    loss.description += fmt::format("Trial {} ends at {:.3g}. ", best[i]->id, last.training_loss);
  }
  return to_svg(accuracy) + to_svg(loss);
}

}  // namespace frugal::report
