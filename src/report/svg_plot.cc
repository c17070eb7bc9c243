#include "report/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>

#include "report/table.h"

namespace frugal::report {
namespace {

// In the drawing's units. Text is 12 high; its width is guessed, generously.
constexpr double kLetter = 6.7, kLine = 15, kMark = 4, kTop = 34, kBottom = 46, kRight = 14;
constexpr std::size_t kDotsFrom = 400;  // so many marks are drawn as one path of dots

double label_width(const std::string& label) {
  return kLetter * static_cast<double>(text_width(label));
}

struct Box {
  double left, top, right, bottom;
  double overlap(const Box& other) const {
    return std::max(0.0, std::min(right, other.right) - std::max(left, other.left)) *
           std::max(0.0, std::min(bottom, other.bottom) - std::max(top, other.top));
  }
};

struct Axis {
  double low = 0, high = 1;   // data
  double start = 0, end = 1;  // drawing
  bool log = false;
  double at(double value) const {
    const double share =
        log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return start + share * (end - start);
  }
};

struct Tick {
  double value;
  std::string label;
};

std::vector<Tick> labelled(const std::vector<double>& values) {
  double step = 1;
  if (values.size() > 1) step = values[1] - values[0];
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  std::vector<Tick> ticks;
  for (double value : values)
    ticks.push_back({value, fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals)});
  return ticks;
}

// 1, 2, 5, 10 ...; powers of ten alone when there are many of them.
std::vector<Tick> log_ticks(double low, double high) {
  std::vector<Tick> ticks;
  const bool many = high / low > 1e3;
  for (int power = -12; power <= 12; ++power)
    for (double digit : {1.0, 2.0, 5.0})
      if (const double value = digit * std::pow(10, power);
          value >= low * 0.999 && value <= high * 1.001 && (!many || digit == 1))
        ticks.push_back({value, fmt::format("{:g}", value)});
  return ticks;
}

// The plot with what cannot be drawn left out, and shares as per cent.
Plot drawable(Plot plot) {
  const double scale = plot.percent_y ? 100 : 1;
  for (Series& series : plot.series) {
    std::erase_if(series.points, [&](const PlotPoint& p) {
      return !std::isfinite(p.x) || !std::isfinite(p.y) || (plot.log_x && p.x <= 0);
    });
    for (PlotPoint& p : series.points) {
      p.y *= scale;
      p.low *= scale;
      p.high *= scale;
    }
  }
  std::erase_if(plot.series, [](const Series& series) { return series.points.empty(); });
  return plot;
}

class Drawing {
 public:
  explicit Drawing(const Plot& plot) : plot_(plot) {
    fit_axes();
    place_end_labels();
    draw_axes();
    for (const Series& series : plot_.series) draw_band(series);
    for (const Series& series : plot_.series) draw_line(series);
    for (const Series& series : plot_.series) draw_marks(series);
    if (!plot_.labels_at_end) draw_labels_beside();
    svg_ += labels_;
  }

  std::string svg() const {
    return fmt::format(
        "<svg class=plot viewBox=\"0 0 {:g} {:g}\" role=img aria-labelledby=\"{}-t {}-d\">"
        "<title id=\"{}-t\">{}</title><desc id=\"{}-d\">{}</desc>\n{}</svg>\n",
        plot_.width, plot_.height, plot_.id, plot_.id, plot_.id, escape_html(plot_.title), plot_.id,
        escape_html(plot_.description), svg_);
  }

 private:
  void fit_axes() {
    double x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;
    for (const Series& series : plot_.series)
      for (const PlotPoint& p : series.points) {
        x_low = std::min(x_low, p.x);
        x_high = std::max(x_high, p.x);
        for (double y : {p.y, p.low, p.high})
          if (std::isfinite(y)) {
            y_low = std::min(y_low, y);
            y_high = std::max(y_high, y);
          }
      }
    x_.log = plot_.log_x;
    if (x_.log) {
      x_.low = x_low / 1.3;
      x_.high = x_high * 1.3;
    } else {
      x_.low = std::min(0.0, x_low);
      x_.high = x_high > x_.low ? x_high + (x_high - x_.low) * (plot_.labels_at_end ? 0 : 0.08)
                                : x_.low + 1;
    }
    const double least = plot_.percent_y ? 2 : 1e-3 * std::max(1.0, std::abs(y_high));
    const double padding = std::max(0.06 * (y_high - y_low), (least - (y_high - y_low)) / 2);
    y_.low = y_low - padding;
    y_.high = y_high + padding;
    if (plot_.percent_y) {
      y_.low = std::max(0.0, y_.low);
      y_.high = std::min(100.0, y_.high);
    }
    y_ticks_ = labelled(nice_ticks(y_.low, y_.high, 5));
    double widest = 0;
    for (const Tick& tick : y_ticks_) widest = std::max(widest, label_width(tick.label));
    x_.start = widest + 10;
    x_.end = plot_.width - kRight;
    y_.start = plot_.height - kBottom;
    y_.end = kTop;
  }

  // Labels to the right of the axes, each on its own line, tied to its series' last point.
  void place_end_labels() {
    if (!plot_.labels_at_end) return;
    std::vector<const Series*> named;
    double widest = 0;
    for (const Series& series : plot_.series)
      if (!series.label.empty()) {
        named.push_back(&series);
        widest = std::max(widest, label_width(series.label));
      }
    if (named.empty()) return;
    x_.end -= widest + 10;
    const auto last_y = [&](const Series* series) { return y_.at(series->points.back().y); };
    std::stable_sort(named.begin(), named.end(),
                     [&](const Series* a, const Series* b) { return last_y(a) < last_y(b); });
    std::vector<double> wanted(named.size());
    std::transform(named.begin(), named.end(), wanted.begin(), last_y);
    const std::vector<double> placed = spread_labels(wanted, kLine, y_.end, y_.start - 8);
    for (std::size_t i = 0; i < named.size(); ++i) {
      const double from = x_.at(named[i]->points.back().x);
      labels_ += fmt::format("<path class=\"leader c{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>",
                             named[i]->colour, from, wanted[i], x_.end + 10, placed[i]);
      draw_label(*named[i], x_.end + 13, placed[i] + 4);
    }
  }

  void draw_label(const Series& series, double x, double baseline) {
    labels_ += fmt::format("<text class=\"label c{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                           series.colour, x, baseline, escape_html(series.label));
  }

  void draw_axes() {
    for (const Tick& tick : y_ticks_) {
      const double y = y_.at(tick.value);
      svg_ += fmt::format(
          "<path class=grid d=\"M{:.1f} {:.1f}H{:.1f}\"/>"
          "<text class=tick x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=end>{}</text>\n",
          x_.start, y, x_.end, x_.start - 7, y + 4, tick.label);
    }
    const auto ticks =
        x_.log ? log_ticks(x_.low, x_.high) : labelled(nice_ticks(x_.low, x_.high, 7));
    for (const Tick& tick : ticks)
      svg_ += fmt::format(
          "<path class=axis d=\"M{:.1f} {:.1f}v5\"/>"
          "<text class=tick x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=middle>{}</text>\n",
          x_.at(tick.value), y_.start, x_.at(tick.value), y_.start + 18, tick.label);
    svg_ += fmt::format(
        "<path class=axis d=\"M{:.1f} {:.1f}H{:.1f}\"/>"
        "<text class=name x=\"0\" y=\"14\">{}</text>"
        "<text class=name x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=end>{}</text>\n",
        x_.start, y_.start, x_.end, escape_html(plot_.y_label), x_.end, plot_.height - 8,
        escape_html(plot_.x_label));
  }

  double x(const PlotPoint& p) const { return x_.at(p.x); }
  double y(double value) const { return y_.at(value); }
  static bool has_interval(const PlotPoint& p) {
    return std::isfinite(p.low) && std::isfinite(p.high);
  }

  void draw_band(const Series& series) {
    if (series.interval != Series::Interval::kBand) return;
    std::string there, back;
    for (const PlotPoint& p : series.points) {
      if (!has_interval(p)) return;
      there += fmt::format("{}{:.1f} {:.1f}", there.empty() ? "M" : "L", x(p), y(p.high));
      back = fmt::format("L{:.1f} {:.1f}", x(p), y(p.low)) + back;
    }
    svg_ += fmt::format("<path class=\"band c{}\" d=\"{}{}Z\"/>\n", series.colour, there, back);
  }

  void draw_line(const Series& series) {
    if (series.join == Series::Join::kNone) return;
    std::string path;
    for (const PlotPoint& p : series.points) {
      if (path.empty())
        path = fmt::format("M{:.1f} {:.1f}", x(p), y(p.y));
      else if (series.join == Series::Join::kSteps)
        path += fmt::format("H{:.1f}V{:.1f}", x(p), y(p.y));
      else
        path += fmt::format("L{:.1f} {:.1f}", x(p), y(p.y));
    }
    svg_ += fmt::format("<path class=\"line c{}{}{}\" d=\"{}\"/>\n", series.colour,
                        series.dashed ? " dashed" : "", series.faint ? " faint" : "", path);
  }

  void draw_marks(const Series& series) {
    const char* faint = series.faint ? " faint" : series.hollow ? " hollow" : "";
    if (series.marks && series.points.size() >= kDotsFrom) {
      std::string path;
      for (const PlotPoint& p : series.points)
        path += fmt::format("M{:.1f} {:.1f}h0", x(p), y(p.y));
      svg_ += fmt::format("<path class=\"dots c{}{}\" d=\"{}\"/>\n", series.colour, faint, path);
      return;
    }
    for (const PlotPoint& p : series.points) {
      if (series.interval == Series::Interval::kWhiskers && has_interval(p))
        svg_ += fmt::format("<path class=\"whisker c{}\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>",
                            series.colour, x(p), y(p.low), y(p.high));
      if (series.marks)
        svg_ += fmt::format(
            "<path class=\"mark c{}{}\" d=\"M{:.1f} {:.1f}{}\"{}", series.colour, faint, x(p),
            y(p.y), shape(series),
            p.title.empty() ? "/>" : "><title>" + escape_html(p.title) + "</title></path>");
    }
    svg_ += "\n";
  }

  // Circle, square, triangle, diamond, ... around the current point.
  static std::string shape(const Series& series) {
    static constexpr std::array kShapes = {"m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
                                           "m-3.6-3.6h7.2v7.2h-7.2z",
                                           "m0-4.6l4.6 8h-9.2z",
                                           "m0-5l5 5l-5 5l-5-5z",
                                           "m0 4.6l4.6-8h-9.2z",
                                           "m-2-4.5h4v9h-4z"};
    static constexpr std::array kSmall = {"m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z",
                                          "m-2.2-2.2h4.4v4.4h-4.4z",
                                          "m0-2.9l2.9 5h-5.8z",
                                          "m0-3l3 3l-3 3l-3-3z",
                                          "m0 2.9l2.9-5h-5.8z",
                                          "m-1.3-3h2.6v6h-2.6z"};
    return (series.faint ? kSmall : kShapes)[series.colour % kShapes.size()];
  }

  // Beside each series' last point: the first of several places that covers nothing else.
  void draw_labels_beside() {
    std::vector<Box> taken;
    for (const Series& series : plot_.series)
      for (const PlotPoint& p : series.points) {
        taken.push_back({x(p) - kMark, y(p.y) - kMark, x(p) + kMark, y(p.y) + kMark});
        if (has_interval(p)) taken.push_back({x(p) - 2, y(p.high), x(p) + 2, y(p.low)});
      }
    for (const Series& series : plot_.series) {
      if (series.label.empty()) continue;
      const PlotPoint& p = series.points.back();
      const double width = label_width(series.label);
      Box best{};
      double least = INFINITY;
      for (const Box& place : places(x(p), y(p.y), width)) {
        double covered = 0;
        for (const Box& other : taken) covered += place.overlap(other);
        const Box inside = {x_.start, 0, plot_.width, y_.start};
        covered += width * kLine - place.overlap(inside);
        if (covered < least - 1e-6) {
          least = covered;
          best = place;
        }
      }
      taken.push_back(best);
      draw_label(series, best.left, best.bottom - 4);
    }
  }

  static std::vector<Box> places(double x, double y, double width) {
    std::vector<Box> places;
    for (double dy : {0.0, -kLine, kLine, -2 * kLine, 2 * kLine})
      for (double left : {x + 9, x - 9 - width})
        places.push_back({left, y + dy - kLine / 2, left + width, y + dy + kLine / 2});
    return places;
  }

  const Plot& plot_;
  Axis x_, y_;
  std::vector<Tick> y_ticks_;
  std::string svg_, labels_;
};

}  // namespace

std::string to_svg(const Plot& plot) {
  const Plot shown = drawable(plot);
  return shown.series.empty() ? "" : Drawing(shown).svg();
}

std::vector<double> nice_ticks(double low, double high, std::size_t count) {
  if (!(high > low) || count == 0) return {low};
  const double rough = (high - low) / static_cast<double>(count);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double fraction = rough / power;
  const double step = power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10);
  std::vector<double> ticks;
  const auto last = static_cast<std::int64_t>(std::floor(high / step + 1e-9));
  for (auto i = static_cast<std::int64_t>(std::ceil(low / step - 1e-9)); i <= last; ++i)
    ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::vector<double> spread_labels(const std::vector<double>& wanted, double gap, double low,
                                  double high) {
  const auto n = static_cast<double>(wanted.size());
  if (wanted.empty()) return {};
  if (n > 1) gap = std::min(gap, (high - low) / (n - 1));
  // With i × gap taken off each, the order is all that is left to keep.
  struct Pool {
    double sum;
    std::size_t size;
    double mean() const { return sum / static_cast<double>(size); }
  };
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    pools.push_back({wanted[i] - gap * static_cast<double>(i), 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
      const Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().size += last.size;
    }
  }
  std::vector<double> placed;
  for (const Pool& pool : pools)
    for (std::size_t k = 0; k < pool.size; ++k)
      placed.push_back(std::clamp(pool.mean(), low, std::max(low, high - gap * (n - 1))) +
                       gap * static_cast<double>(placed.size()));
  return placed;
}

}  // namespace frugal::report
