// Network of a simulated board: bytes from and to the design through DPI, frames from and to Python
// through ctypes.

#include <svdpi.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

namespace {

const int GAP = 12;  // clocks of silence behind a frame
const int VALID = 1 << 8;

using Frame = std::vector<uint8_t>;

struct Network {
    uint32_t flip = 0;  // probability of a wrong bit, in units of 2^-32
    uint64_t random = 0x9E3779B97F4A7C15;
    uint64_t quiet = 0;  // clocks since anything went on

    std::deque<Frame> to_design;
    size_t sent = 0;  // bytes of the first of them
    int gap = 0;

    std::deque<Frame> from_design;
    Frame receiving;

    uint8_t noise() {
        uint8_t bits = 0;
        for (int bit = 0; flip && bit < 8; bit++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bits |= (static_cast<uint32_t>(random >> 32) < flip) << bit;
        }
        return bits;
    }

    int send() {
        if (gap > 0) {
            gap--;
            return 0;
        }
        if (to_design.empty()) return 0;
        const int byte = to_design.front()[sent++] ^ noise();
        if (sent == to_design.front().size()) {
            to_design.pop_front();
            sent = 0;
            gap = GAP;
        }
        return VALID | byte;
    }

    void receive(uint8_t byte, bool valid) {
        if (valid) {
            receiving.push_back(byte ^ noise());
        } else if (!receiving.empty()) {
            from_design.push_back(std::move(receiving));
            receiving.clear();
        }
    }
} network;

}  // namespace

extern "C" {

// Called from HDL, once a clock: a byte towards the design, and above it whether there is one.
int tickless_gmii(int tx_data, svBit tx_valid, svBit busy) {
    network.receive(tx_data, tx_valid);
    const int rx = network.send();
    network.quiet = busy || tx_valid || rx ? 0 : network.quiet + 1;
    return rx;
}

// Called from Python.

void tickless_gmii_setup(uint32_t flip) {
    network = Network();
    network.flip = flip;
}

// A frame, its preamble included.
void tickless_gmii_put(const uint8_t* bytes, uint32_t count) {
    network.to_design.emplace_back(bytes, bytes + count);
}

uint32_t tickless_gmii_waiting() { return network.to_design.size(); }

// The next frame, its preamble included; 0 if there is none.
uint32_t tickless_gmii_take(uint8_t* bytes, uint32_t most) {
    if (network.from_design.empty()) return 0;
    const Frame& frame = network.from_design.front();
    const uint32_t count = std::min<size_t>(most, frame.size());
    std::copy_n(frame.begin(), count, bytes);
    network.from_design.pop_front();
    return count;
}

uint64_t tickless_gmii_quiet() { return network.quiet; }

}  // extern "C"
