// Everything a program needs: #include <intsim/intsim.h>
#pragma once

#include "intsim/dataset.h"
#include "intsim/error.h"
#include "intsim/label_map.h"
#include "intsim/metrics.h"
#include "intsim/range_image.h"
#include "intsim/scan.h"
#include "intsim/simulator.h"
#include "intsim/version.h"
