// Kernels of the target that is active while a node is prepared.
#pragma once

/// Pointer to the exported function `f` for the current target, to be kept by what is prepared.
#define INTSIM_KERNEL(f) (&HWY_DYNAMIC_DISPATCH(f))
