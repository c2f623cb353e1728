// What every part of a simulator includes, compiled once for all simulators: each would spend most
// of its time with it otherwise.

#include "verilated.h"
#include "verilated_dpi.h"
#include "verilated_vpi.h"
