// Grad-CAM (Selvaraju et al. 2017) of a network's last convolution. The networks here end in the
// mean over positions and a linear head, for which the gradient of a class's logit in every
// activation of channel k is the head's weight w_k / (height × width): the map is, up to a constant
// factor, relu(Σ_k w_k A_k), the class activation map of Zhou et al. (2016). So it is computed in
// closed form, without a backward pass. Of a head that reads several layers, the last one's part.
#pragma once

#include <optional>
#include <vector>

#include "vision/augment/geometry.h"
#include "vision/explain/subject.h"

namespace frugal::explain {

// Evidence for a class, position by position, row by row; never below 0.
struct ActivationMap {
  std::size_t height = 0, width = 0;
  std::vector<float> values;
};

struct MapRequest {
  std::size_t photograph = 0;  // of the gallery
  std::size_t class_index = 0;
};

// Positions of a map of what the subject is judged by.
data::Size map_size(Subject& subject);

// One map a request, in fp32, of the photographs as they are (not of their mirror images).
std::vector<ActivationMap> class_activations(Subject& subject, const Gallery& gallery,
                                             const std::vector<MapRequest>& requests,
                                             ProgressSink& progress);

// The map at the size of the view, bilinear between the centres of its positions.
ActivationMap enlarged(const ActivationMap& map, data::Size view);

// The share of an enlarged map's mass inside the window; nullopt for a map without mass.
std::optional<double> mass_inside(const ActivationMap& map, const augment::Window& window);

// The picture, darkened where the enlarged map is small, its outline at half of the largest value.
data::Image overlaid(const data::Image& picture, const ActivationMap& map);

}  // namespace frugal::explain
