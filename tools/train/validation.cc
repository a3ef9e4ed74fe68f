#include "train/validation.h"

#include "intsim/label_map.h"

namespace intsim::train {

Confusion validate(const torch_tools::Network& network, const std::vector<LabelledImage>& images,
                   const std::function<bool()>& stop) {
  const torch::InferenceMode guard;
  Confusion confusion(kClasses);
  const Augmentation none{0, false, 0, 0};
  torch_tools::Forward how;
  how.until = "logits";
  for (const auto& image : images) {
    if (stop && stop()) break;
    const Crop whole = make_crop(image, image.width, none, test_model::Random(0));
    const auto logits = network.forward(whole.input.unsqueeze(0).contiguous(torch::MemoryFormat::ChannelsLast), how);
    const auto prediction = logits[0].argmax(0).to(torch::kUInt8).contiguous();
    const auto* first = prediction.data_ptr<std::uint8_t>();
    confusion.add({first, image.classes.size()}, image.classes);
  }
  return confusion;
}

}  // namespace intsim::train
