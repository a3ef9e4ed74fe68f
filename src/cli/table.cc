// intsim table: results side by side.
#include "evaluate/table.h"

#include <iostream>
#include <sstream>

#include "cli/command_line.h"
#include "io/text.h"

namespace intsim::cli {

int run_table(const Arguments& arguments) {
  std::vector<std::string> files;
  std::string format = "text";
  TableOptions options;
  CLI::App app("Sets results side by side as the model card does.", "intsim table");
  app.add_option("files", files, "results written by `intsim evaluate --json`")->required();
  app.add_option("--format", format, "text or markdown")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "markdown"}));
  app.add_flag("--reference", options.published, "add the model card's published figures");
  app.footer(
      "A column is headed by its configuration, and by its target where one configuration has several.\n"
      "\nExamples:\n"
      "  intsim table fp32.json w8a8.json w4a8.json\n"
      "  intsim table --format markdown --reference w8a8.json");
  if (!parse(app, arguments)) return 0;
  options.format = format == "markdown" ? TableFormat::markdown : TableFormat::text;
  std::vector<EvaluationResult> results;
  for (const std::string& file : files) results.push_back(read_result(file));
  std::ostringstream text;
  print_table(text, results, options);
  std::cout << printable_lines(text.str());
  return 0;
}

}  // namespace intsim::cli
