// ensmallen's optimisers on a linear model over rows in memory:
//
//     ensmallen METHOD float64|float32 ridge|logistic FEATURES LABELS ROWS COLUMNS L2 BATCH STEP SECONDS TRACE
//
// METHOD is bbs-armijo, bbs-bb or lbfgs. FEATURES and LABELS are raw 64-bit floats, row after row. TRACE receives, after
// every step, the seconds so far and the parameters, as raw 64-bit floats.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ensmallen.hpp>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

/// The sum over rows of loss + (l2/2)|w|^2, in the form ensmallen's optimisers ask for. Rows are in random order already.
template <class Real>
class LinearModel {
 public:
  using Matrix = arma::Mat<Real>;

  LinearModel(const arma::mat& features, const arma::vec& labels, double l2, bool ridge)
      : features(arma::conv_to<Matrix>::from(features)), labels(arma::conv_to<arma::Col<Real>>::from(labels)),
        l2(l2), ridge(ridge) {}

  size_t NumFunctions() const { return labels.n_elem; }
  void Shuffle() {}

  Real Evaluate(const Matrix& w, size_t begin, size_t count) {
    const arma::Col<Real> margins = Margins(w, begin, count);
    double sum = 0;
    for (size_t i = 0; i < count; ++i) sum += Loss(margins[i], labels[begin + i]);
    return sum + count * l2 / 2 * arma::dot(w, w);
  }

  void Gradient(const Matrix& w, size_t begin, Matrix& gradient, size_t count) {
    if (count == 1) {
      const auto row = features.unsafe_col(begin);
      gradient = Derivative(arma::dot(row, w), labels[begin]) * row + Real(l2) * w;
      return;
    }
    arma::Col<Real> margins = Margins(w, begin, count);
    for (size_t i = 0; i < count; ++i) margins[i] = Derivative(margins[i], labels[begin + i]);
    gradient = features.cols(begin, begin + count - 1) * margins + Real(count * l2) * w;
  }

  Real EvaluateWithGradient(const Matrix& w, size_t begin, Matrix& gradient, size_t count) {
    arma::Col<Real> margins = Margins(w, begin, count);
    double sum = 0;
    for (size_t i = 0; i < count; ++i) {
      sum += Loss(margins[i], labels[begin + i]);
      margins[i] = Derivative(margins[i], labels[begin + i]);
    }
    gradient = features.cols(begin, begin + count - 1) * margins + Real(count * l2) * w;
    return sum + count * l2 / 2 * arma::dot(w, w);
  }

  Real EvaluateWithGradient(const Matrix& w, Matrix& gradient) {
    const Real sum = EvaluateWithGradient(w, 0, gradient, NumFunctions());
    gradient /= NumFunctions();
    return sum / NumFunctions();
  }

 private:
  arma::Col<Real> Margins(const Matrix& w, size_t begin, size_t count) const {
    if (begin == 0 && count == features.n_cols) return features.t() * w;
    return features.cols(begin, begin + count - 1).t() * w;
  }

  double Loss(Real margin, Real label) const {
    if (ridge) return (margin - label) * (margin - label) / 2;
    const double m = label * margin;
    return m > 0 ? std::log1p(std::exp(-m)) : std::log1p(std::exp(m)) - m;
  }

  Real Derivative(Real margin, Real label) const {
    return ridge ? margin - label : -label / (1 + std::exp(label * margin));
  }

  Matrix features;
  arma::Col<Real> labels;
  double l2;
  bool ridge;
};

/// Keeps the parameters after every step and ends the run when its time is up; its own work is not timed.
struct Trace {
  double limit;
  Clock::time_point start = Clock::now();
  Clock::duration excluded{};
  std::vector<double> values;

  template <class Optimizer, class Function, class Matrix>
  bool StepTaken(Optimizer&, Function&, Matrix& w) {
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - start - excluded).count();
    values.push_back(seconds);
    values.insert(values.end(), w.begin(), w.end());
    excluded += Clock::now() - now;
    return seconds > limit || !w.is_finite();
  }
};

template <class Real>
void Run(const std::string& method, LinearModel<Real> model, size_t columns, size_t batch, double step, Trace& trace) {
  arma::Mat<Real> w(columns, 1, arma::fill::zeros);
  trace.start = Clock::now();
  // No limit on passes, no tolerance: the trace decides.
  if (method == "lbfgs") {
    ens::L_BFGS optimizer;
    optimizer.MaxIterations() = 100000;
    optimizer.MinGradientNorm() = 0;
    optimizer.Optimize(model, w, trace);
  } else if (method == "bbs-bb") {
    ens::BigBatchSGD<ens::AdaptiveStepsize> optimizer(batch, step, 0.1, 0, -1, false);
    optimizer.Optimize(model, w, trace);
  } else {
    ens::BigBatchSGD<ens::BacktrackingLineSearch> optimizer(batch, step, 0.1, 0, -1, false);
    optimizer.Optimize(model, w, trace);
  }
}

int main(int count, char** words) {
  if (count != 13) {
    std::fprintf(stderr, "ensmallen: see the head of ensmallen.cpp for its 12 arguments\n");
    return 64;
  }
  const std::string method = words[1], type = words[2], kind = words[3];
  const size_t rows = std::stoul(words[6]), columns = std::stoul(words[7]);
  arma::mat features(columns, rows);
  arma::vec labels(rows);
  auto read = [](const char* path, double* target, size_t size) {
    std::FILE* file = std::fopen(path, "rb");
    if (!file || std::fread(target, sizeof(double), size, file) != size) {
      std::fprintf(stderr, "ensmallen: cannot read %s\n", path);
      std::exit(1);
    }
    std::fclose(file);
  };
  read(words[4], features.memptr(), rows * columns);
  read(words[5], labels.memptr(), rows);
  const double l2 = std::stod(words[8]), step = std::stod(words[10]);
  const size_t batch = std::stoul(words[9]);
  Trace trace{std::stod(words[11])};
  if (type == "float32") {
    Run(method, LinearModel<float>(features, labels, l2, kind == "ridge"), columns, batch, step, trace);
  } else {
    Run(method, LinearModel<double>(features, labels, l2, kind == "ridge"), columns, batch, step, trace);
  }
  std::FILE* file = std::fopen(words[12], "wb");
  if (!file || std::fwrite(trace.values.data(), sizeof(double), trace.values.size(), file) != trace.values.size()) {
    std::fprintf(stderr, "ensmallen: cannot write %s\n", words[12]);
    return 1;
  }
  return std::fclose(file) == 0 ? 0 : 1;
}
