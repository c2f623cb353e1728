// Waveforms of some scopes and some clocks of a simulation, as Python asks for them.

#include <verilated.h>

#include <cstdint>

#if VM_TRACE

#if VM_TRACE_FST
#include <verilated_fst_c.h>
using Trace = VerilatedFstC;
#else
#include <verilated_vcd_c.h>
using Trace = VerilatedVcdC;
#endif

namespace {

Trace* trace = nullptr;

}  // namespace

extern "C" {

// Open a file for all signals inside these scopes, for all signals without any.
void tickless_waves_open(const char* path, const char* const* scopes, uint32_t count) {
    trace = new Trace;
    for (uint32_t index = 0; index < count; index++) trace->dumpvars(99, scopes[index]);
    Verilated::threadContextp()->trace(trace, 99);
    trace->open(path);
}

// Write the signals as they are at this time.
void tickless_waves_write(uint64_t time) { trace->dump(time); }

void tickless_waves_close() {
    if (trace != nullptr) trace->close();
    trace = nullptr;
}

}  // extern "C"

#endif
