#include "optimizer/polytope.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace frugal::optimizer {
namespace {

constexpr double kTolerance = 1e-9;
constexpr double kInsideTolerance = 1e-10;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double largest_of(const std::vector<double>& a) {
  double largest = 0;
  for (double entry : a) largest = std::max(largest, std::abs(entry));
  return largest;
}

// Without overflow.
double length_of(const std::vector<double>& a) {
  const double largest = largest_of(a);
  double sum = 0;
  for (double entry : a) sum += largest > 0 ? (entry / largest) * (entry / largest) : 0;
  return largest * std::sqrt(sum);
}

// Maximizes the last variable subject to rows · z <= right, z >= 0, where right >= 0, so that
// the origin is a vertex to start from. Returns z.
std::vector<double> maximize_last(std::vector<std::vector<double>> rows,
                                  std::vector<double> right) {
  const std::size_t m = rows.size(), n = rows[0].size();
  std::vector<double> cost(n, 0.0);  // reduced costs of the non-basic variables
  cost[n - 1] = 1;
  std::vector<std::size_t> basic(m), free(n);  // variable numbers; slacks are n, n + 1, ...
  for (std::size_t j = 0; j < n; ++j) free[j] = j;
  for (std::size_t i = 0; i < m; ++i) basic[i] = n + i;
  for (std::size_t iteration = 0; iteration < 50 * (m + n); ++iteration) {
    std::size_t enter = n;
    for (std::size_t j = 0; j < n; ++j)
      if (cost[j] > kTolerance && (enter == n || free[j] < free[enter])) enter = j;
    if (enter == n) break;
    std::size_t leave = m;
    for (std::size_t i = 0; i < m; ++i) {
      if (rows[i][enter] <= kTolerance) continue;
      if (leave == m) {
        leave = i;
        continue;
      }
      const double difference = right[i] / rows[i][enter] - right[leave] / rows[leave][enter];
      if (difference < 0 || (difference == 0 && basic[i] < basic[leave])) leave = i;
    }
    if (leave == m) break;  // unbounded: cannot happen inside a cube
    const double pivot = rows[leave][enter];
    for (double& entry : rows[leave]) entry /= pivot;
    right[leave] /= pivot;
    rows[leave][enter] = 1 / pivot;
    for (std::size_t i = 0; i < m; ++i) {
      if (i == leave) continue;
      const double factor = rows[i][enter];
      if (factor == 0) continue;
      for (std::size_t j = 0; j < n; ++j) rows[i][j] -= factor * rows[leave][j];
      rows[i][enter] = -factor / pivot;
      right[i] = std::max(0.0, right[i] - factor * right[leave]);
    }
    const double factor = cost[enter];
    for (std::size_t j = 0; j < n; ++j) cost[j] -= factor * rows[leave][j];
    cost[enter] = -factor / pivot;
    std::swap(basic[leave], free[enter]);
  }
  std::vector<double> z(n, 0.0);
  for (std::size_t i = 0; i < m; ++i)
    if (basic[i] < n) z[basic[i]] = right[i];
  return z;
}

}  // namespace

std::optional<std::vector<double>> inner_point(const std::vector<HalfSpace>& half_spaces,
                                               std::size_t dimension) {
  // Variables x_1 .. x_d, s with the distance r = s - shift, so that the origin is feasible.
  double shift = 1;
  for (const HalfSpace& h : half_spaces) {
    const double length = length_of(h.normal);
    if (length > 0) shift = std::max(shift, 1 - h.bound / length);
  }
  std::vector<std::vector<double>> rows;
  std::vector<double> right;
  for (const HalfSpace& h : half_spaces) {
    const double length = length_of(h.normal);
    if (length == 0) {
      if (h.bound < -kTolerance) return std::nullopt;
      continue;
    }
    std::vector<double> row(h.normal);
    for (double& weight : row) weight /= length;
    row.push_back(1);
    rows.push_back(row);
    right.push_back(h.bound / length + shift);
  }
  for (std::size_t j = 0; j < dimension; ++j) {
    std::vector<double> upper(dimension + 1, 0.0), lower(dimension + 1, 0.0);
    upper[j] = 1, upper[dimension] = 1;
    lower[j] = -1, lower[dimension] = 1;
    rows.push_back(upper), right.push_back(1 + shift);
    rows.push_back(lower), right.push_back(shift);
    // Where the half-spaces contradict each other the distance is negative: stay in the cube.
    std::vector<double> face(dimension + 1, 0.0);
    face[j] = 1;
    rows.push_back(face), right.push_back(1);
  }
  std::vector<double> z = maximize_last(rows, right);
  if (z[dimension] - shift < -kTolerance) return std::nullopt;
  z.resize(dimension);
  return z;
}

Segment feasible_steps(const std::vector<HalfSpace>& half_spaces, const std::vector<double>& x,
                       const std::vector<double>& direction) {
  Segment steps{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  const auto limit = [&](double slope, double slack) {  // slope · t <= slack
    if (slope > 0) steps.high = std::min(steps.high, slack / slope);
    if (slope < 0) steps.low = std::max(steps.low, slack / slope);
  };
  for (const HalfSpace& h : half_spaces) {
    double slope = 0, magnitude = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      slope += h.normal[j] * direction[j];
      magnitude += std::abs(h.normal[j] * direction[j]);
    }
    // Along a face the slope is rounding alone, and must not cut the segment.
    if (std::abs(slope) > 1e-12 * magnitude) limit(slope, h.bound - dot(h.normal, x));
  }
  for (std::size_t j = 0; j < x.size(); ++j) {
    limit(direction[j], 1 - x[j]);
    limit(-direction[j], x[j]);
  }
  if (!std::isfinite(steps.low) || !std::isfinite(steps.high)) return {};
  return {std::min(steps.low, 0.0), std::max(steps.high, 0.0)};
}

bool is_inside(const std::vector<HalfSpace>& half_spaces, const std::vector<double>& x) {
  for (const HalfSpace& h : half_spaces)
    if (dot(h.normal, x) > h.bound + kInsideTolerance * (largest_of(h.normal) + std::abs(h.bound)))
      return false;
  return true;
}

}  // namespace frugal::optimizer
