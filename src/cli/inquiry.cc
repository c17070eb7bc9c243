#include "cli/inquiry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "base/file.h"
#include "report/numbers.h"
#include "vision/data/boxes.h"
#include "vision/explain/layer_similarity.h"
#include "vision/explain/robustness.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kMostMaps = 1000;  // photographs whose evidence is located
constexpr std::size_t kMistakes = 6, kPairs = 4;
constexpr std::size_t kPictureHeight = 128;  // pixels
constexpr int kPictureQuality = 75;
constexpr double kCropped = 0.9;  // of the picture: boxes that large say nothing

RunFolder required_run(const std::string& path) {
  RunFolder folder(path);
  folder.require_run();
  return folder;
}

augment::Window middle_of(data::Size view) {
  return {view.height / 4, view.width / 4, std::max<std::size_t>(view.height / 2, 1),
          std::max<std::size_t>(view.width / 2, 1)};
}

double area_share(const augment::Window& window, data::Size view) {
  return static_cast<double>(window.height * window.width) /
         static_cast<double>(view.height * view.width);
}

std::optional<augment::Window> window_of(const data::Box& box) {
  const auto top = static_cast<std::size_t>(std::lround(box.top));
  const auto left = static_cast<std::size_t>(std::lround(box.left));
  const auto bottom = static_cast<std::size_t>(std::lround(box.bottom));
  const auto right = static_cast<std::size_t>(std::lround(box.right));
  if (bottom <= top || right <= left) return {};
  return augment::Window{top, left, bottom - top, right - left};
}

}  // namespace

std::vector<report::Copies> copies_judged(explain::Subject& subject,
                                          const explain::Gallery& gallery, Console& console) {
  std::vector<report::Copies> copies;
  for (const auto& judged : explain::judge_altered(subject, gallery, console)) {
    report::Copies each{judged.name, judged.meaning, {}};
    for (std::size_t i = 0; i < judged.evaluation.labels.size(); ++i)
      each.correct.push_back(judged.evaluation.labels[i] == judged.evaluation.predictions[i]);
    copies.push_back(std::move(each));
  }
  return copies;
}

Inquiry::Inquiry(const ExplainOptions& options, double budget_seconds, Console& console)
    : options_(options),
      console_(console),
      folder_(required_run(options.run)),
      threads_(threads_of(options.threads)),
      budget_seconds_(budget_seconds),
      run_(folder_.load_data()),
      environment_{"", folder_.cache(), threads_},
      subject_(explain::Subject::open(folder_.model(), environment_)) {
  if (!options.data.data.empty()) other_ = read_other_data(options.data, run_, threads_, console);
}

report::Finding Inquiry::answer(const std::string& question) {
  using Method = report::Finding (Inquiry::*)();
  static const std::vector<std::pair<std::string, Method>> kMethods = {
      {"robustness", &Inquiry::robustness},
      {"attention", &Inquiry::attention},
      {"test-photographs", &Inquiry::test_photographs},
      {"training-photographs", &Inquiry::training_photographs},
      {"layers", &Inquiry::layers},
      {"policy", &Inquiry::policy},
      {"parameters", &Inquiry::parameters},
      {"looks", &Inquiry::looks},
      {"transfer", &Inquiry::transfer}};
  is_unfinished_ = false;
  for (const auto& [name, method] : kMethods)
    if (name == question) return (this->*method)();
  FRUGAL_CHECK(false, question);
}

std::string Inquiry::identity(const std::string& question) const {
  constexpr int kVersion = 2;  // of what the answers are and look like
  std::string judged;
  const train::HeldOutPhotographs photographs = judges();
  for (const std::size_t i : photographs.indices())
    judged += photographs.dataset().photographs[i].content_hash;
  Json json = {{"version", kVersion},
               {"question", question},
               {"model", sha256(read_file(folder_.model() / "model.json"))},
               {"judges", sha256(judged)}};
  if (question == "training-photographs" && is_fine_tuned())
    json["budget"] = budget_of_question().seconds();
  if (question == "policy") json["budget"] = budget_of_question().seconds();
  if (question == "transfer") {
    json["budget"] = budget_of_question().seconds();
    json["onto"] = options_.onto.empty() ? "" : sha256(read_file(options_.onto));
  }
  if ((question == "parameters" || question == "looks") &&
      std::filesystem::exists(folder_.result()))
    json["result"] = sha256(read_file(folder_.result()));
  return json.dump();
}

train::HeldOutPhotographs Inquiry::judges() const {
  return other_ ? train::HeldOutPhotographs::all(other_->dataset)
                : train::HeldOutPhotographs::test(run_.dataset, run_.split);
}

std::string Inquiry::photographs_text() const {
  return fmt::format("{} {}", report::plural(judges().indices().size(), "photograph"),
                     other_ ? "of " + options_.data.data : std::string("of the test part"));
}

const explain::Gallery& Inquiry::gallery() {
  if (!gallery_) gallery_.emplace(subject_, judges(), environment_, console_);
  return *gallery_;
}

const std::vector<explain::ModelAnswer>& Inquiry::answers() {
  if (answers_.empty()) answers_ = explain::answers_of(subject_, gallery(), console_);
  return answers_;
}

std::vector<bool> Inquiry::correct() {
  std::vector<bool> right;
  for (const explain::ModelAnswer& each : answers()) right.push_back(each.is_right());
  return right;
}

report::Picture Inquiry::picture_of(const data::Image& image, const std::string& alt,
                                    const std::string& caption) const {
  const auto width = static_cast<std::size_t>(std::lround(
      static_cast<double>(kPictureHeight * image.width) / static_cast<double>(image.height)));
  const data::Image shown = data::resize(image, {kPictureHeight, std::max<std::size_t>(width, 1)});
  return {alt, caption, base64(data::encode_jpeg(shown, kPictureQuality)), shown.width,
          shown.height};
}

report::PictureRow Inquiry::pictured_copies() {
  report::PictureRow row{"One photograph and its copies", {}};
  const std::string name = name_of(gallery().labels()[0]);
  row.pictures.push_back(
      picture_of(gallery().picture(0), "A photograph of " + name + ", unaltered", "unaltered"));
  for (const explain::Alteration& alteration : explain::alterations())
    row.pictures.push_back(picture_of(explain::altered(gallery(), 0, alteration),
                                      fmt::format("The same, {}", alteration.name),
                                      alteration.name));
  return row;
}

report::Finding Inquiry::robustness() {
  report::Finding finding =
      report::robustness_finding(copies_judged(subject_, gallery(), console_));
  finding.pictures.push_back(pictured_copies());
  return finding;
}

// Of each photograph that has one, in the view; empty when the data set has none.
std::vector<std::optional<augment::Window>> Inquiry::boxes() const {
  const train::HeldOutPhotographs photographs = judges();
  const auto boxes = data::read_boxes(photographs.dataset());
  std::vector<std::optional<augment::Window>> windows;
  if (boxes.empty()) return windows;
  for (const std::size_t i : photographs.indices()) {
    const std::string& path = photographs.dataset().photographs[i].path;
    const auto box = boxes.find(path);
    windows.emplace_back();
    if (box == boxes.end()) continue;
    const data::Size size = data::image_size(data::read_photograph(path), path);
    windows.back() =
        window_of(data::box_in_view(box->second, size, gallery_->canvas(), gallery_->view()));
  }
  return windows;
}

// Where the object stands: its boxes, or where they say nothing the middle.
report::Region Inquiry::region() {
  const std::size_t n = std::min(gallery().size(), kMostMaps);
  auto windows = boxes();
  std::vector<double> areas;
  for (const auto& window : windows)
    if (window) areas.push_back(area_share(*window, gallery().view()));
  std::string name = "the object’s box";
  if (!areas.empty()) {
    std::nth_element(areas.begin(), areas.begin() + static_cast<std::ptrdiff_t>(areas.size() / 2),
                     areas.end());
    if (areas[areas.size() / 2] >= kCropped) areas.clear();
  }
  if (areas.empty()) {
    name = windows.empty() ? "the middle half of each side (there are no boxes)"
                           : "the middle half of each side (the boxes cover the whole pictures)";
    windows.assign(gallery().size(), middle_of(gallery().view()));
  }
  std::vector<explain::MapRequest> requests;
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = k * gallery().size() / n;  // evenly, whatever their order
    if (windows[i]) requests.push_back({i, answers()[i].prediction});
  }
  const auto maps = explain::class_activations(subject_, gallery(), requests, console_);
  report::Region region{name, {}};
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::size_t i = requests[r].photograph;
    region.masses.push_back(
        {explain::mass_inside(explain::enlarged(maps[r], gallery().view()), *windows[i]),
         area_share(*windows[i], gallery().view()), answers()[i].is_right()});
  }
  return region;
}

report::Picture Inquiry::pictured(std::size_t photograph, std::size_t class_index,
                                  const std::string& caption) {
  const auto map =
      explain::class_activations(subject_, gallery(), {{photograph, class_index}}, console_)[0];
  const data::Image image =
      explain::overlaid(gallery().picture(photograph), explain::enlarged(map, gallery().view()));
  return picture_of(image,
                    fmt::format("A photograph of {}; lit is what speaks for {}",
                                name_of(gallery().labels()[photograph]), name_of(class_index)),
                    caption);
}

std::vector<report::PictureRow> Inquiry::pictured_mistakes() {
  std::vector<report::PictureRow> rows;
  report::PictureRow worst{
      "The surest mistakes: what speaks for the wrong class, and for the right", {}};
  for (const std::size_t i : explain::worst_mistakes(answers(), kMistakes)) {
    const explain::ModelAnswer& each = answers()[i];
    worst.pictures.push_back(
        pictured(i, each.prediction,
                 fmt::format("taken for {}, {}\u00a0%", name_of(each.prediction),
                             report::percent_text(each.confidence))));
    worst.pictures.push_back(pictured(i, each.label, fmt::format("it is {}", name_of(each.label))));
  }
  if (!worst.pictures.empty()) rows.push_back(std::move(worst));
  for (const explain::ConfusedPair& pair : explain::confused_pairs(answers(), kPairs)) {
    report::PictureRow row{fmt::format("{} taken for {}, {} times", name_of(pair.label),
                                       name_of(pair.prediction), pair.photographs.size()),
                           {}};
    for (std::size_t k = 0; k < std::min<std::size_t>(pair.photographs.size(), 2); ++k)
      row.pictures.push_back(pictured(pair.photographs[k], pair.prediction,
                                      fmt::format("{}; lit: what speaks for {}",
                                                  name_of(pair.label), name_of(pair.prediction))));
    if (const auto typical = explain::typical_of(answers(), pair.prediction))
      row.pictures.push_back(pictured(*typical, pair.prediction,
                                      fmt::format("{}, recognized", name_of(pair.prediction))));
    rows.push_back(std::move(row));
  }
  return rows;
}

report::Finding Inquiry::attention() {
  const report::Region found = region();
  const data::Size map = explain::map_size(subject_);
  report::Finding finding =
      report::attention_finding(found, fmt::format("{} × {}", map.height, map.width));
  if (finding.why_not.empty()) finding.pictures = pictured_mistakes();
  return finding;
}

report::Finding Inquiry::test_photographs() {
  return report::test_size_finding(correct());
}

report::Finding Inquiry::layers() {
  if (!is_fine_tuned())
    return report::unanswered("layers",
                              "the network was frozen, so training changed its head alone");
  const auto weights = pretrained_weights();
  if (!weights)
    return report::unanswered(
        "layers", "the weights that the run began from are no longer where its options say");
  std::vector<report::LayerAlignment> layers;
  for (const auto& layer :
       explain::layer_similarities(subject_, folder_.model(), *weights, gallery(), console_))
    layers.push_back({layer.layer, layer.before.cka, layer.before.low, layer.before.high,
                      layer.fresh.cka, layer.fresh.low, layer.fresh.high});
  return report::layers_finding(layers, std::min(gallery().size(), explain::kMostForSimilarity));
}

}  // namespace frugal::cli
