// Words of a simulated SDRAM part, which Python fills and reads in bulk through ctypes.

#include <svdpi.h>

#include <cstdint>
#include <vector>

namespace {

constexpr uint32_t WORDS = 1 << 24;

std::vector<uint16_t> words;
std::vector<uint16_t> written;  // in order

}  // namespace

extern "C" {

// Called from HDL.

int tickless_sdram_access(int address, svBit write, int data) {
    const uint16_t before = words[address];
    if (write) {
        words[address] = static_cast<uint16_t>(data);
        written.push_back(static_cast<uint16_t>(data));
    }
    return before;
}

// Called from Python, first of all.

uint16_t* tickless_sdram_words() {
    words.resize(WORDS);
    return words.data();
}

// All words written by the design so far, in order.
const uint16_t* tickless_sdram_written(uint64_t* length) {
    *length = written.size();
    return written.data();
}

}  // extern "C"
