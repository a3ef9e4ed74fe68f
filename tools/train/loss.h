// Weighted cross-entropy plus Lovász-Softmax over labelled pixels, as SalsaNext trains but with softer class weights
// (the original takes 1/(share + 0.001)).
#pragma once

#include <torch/torch.h>

#include <vector>

namespace intsim::train {

/// Weight of each class in the cross-entropy from its share of the labelled pixels: 1/sqrt(share + 0.001), scaled so
/// that the mean over pixels is 1; 0 for class 0 and for classes without pixels.
std::vector<double> class_weights(const std::vector<double>& shares);

/// Lovász extension of the mean Jaccard loss over the classes present (Berman, Triki, Blaschko 2018). `probabilities`
/// is P×C, `classes` P with values 1..C−1. Its gradient is the piecewise constant one; 0 when P is 0. The order of
/// pixels with errors that agree in 16 bits is that of their indices.
torch::Tensor lovasz_softmax(const torch::Tensor& probabilities, const torch::Tensor& classes);

/// Both terms of one batch: `logits` N×C×H×W, `classes` N×H×W with 0 for ignored pixels.
struct Loss {
  torch::Tensor cross_entropy, lovasz;
  torch::Tensor prediction, truth;  ///< classes of the P labelled pixels
};
Loss segmentation_loss(const torch::Tensor& logits, const torch::Tensor& classes, const torch::Tensor& weights);

}  // namespace intsim::train
