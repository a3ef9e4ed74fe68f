// The same work for many indices on several threads.
#pragma once

#include <functional>

namespace intsim::street {

/// Calls `part(0)` … `part(count − 1)`, each once, in any order, on at most min(threads, count) threads of which the
/// caller is one. After an exception no further part begins; the first one is thrown again once all threads have ended.
/// Throws Error (exit 4) where a thread cannot be started.
void for_each_part(unsigned threads, int count, const std::function<void(int)>& part);

}  // namespace intsim::street
