// Source files of the page, embedded by the build.
#pragma once

#include <string_view>

namespace intsim {

extern const std::string_view kPageTemplate;  ///< report.html
extern const std::string_view kPageStyle;     ///< report.css
extern const std::string_view kPageScript;    ///< report.js, then report_tables.js

}  // namespace intsim
