#include "hvx.h"
s32 program(void) { return kDone; }
